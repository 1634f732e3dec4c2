import YAML

/// A sink connector as a file declares it: a Strimzi `KafkaConnector`.
package struct ConnectorDeclaration: Sendable {
    package let metadata: Metadata
    /// Such as `soma.PostgresSink`.
    package let connectorClass: String
    package let tasksMax: Int
    /// `running`, `paused` or `stopped`.
    package let state: String
    package let config: [(key: String, value: String)]

    package var name: String { metadata.name }
    package var topics: [String] {
        let list = config.first { $0.key == "topics" }?.value ?? ""
        return list.split(separator: ",").map { String($0.filter { $0 != " " }) }
    }

    init(_ reader: FieldReader, metadata: Metadata) throws(YAMLError) {
        let node = try reader.required("spec")
        let fields = try FieldReader(node, file: reader.file, path: "spec")
        try fields.allow(["class", "tasksMax", "config", "state", "autoRestart", "version"])
        self.metadata = metadata
        connectorClass = try fields.string("class")
        tasksMax = try fields.optionalInteger("tasksMax", in: 1...1000) ?? 1
        state = try fields.optionalString("state") ?? "running"
        guard ["running", "paused", "stopped"].contains(state) else {
            throw fields.fail(node, "spec.state is \(state); known: running, paused, stopped")
        }
        config = try fields.scalars("config")
    }
}
