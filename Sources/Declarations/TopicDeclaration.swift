import YAML

/// A topic as a file declares it: a Strimzi `KafkaTopic`.
package struct TopicDeclaration: Sendable {
    package let metadata: Metadata
    /// `spec.topicName`, else the resource's name.
    package let name: String
    package let partitions: Int
    package let replicas: Int
    /// Kafka topic settings in the order of the file.
    package let config: [(key: String, value: String)]

    /// What it is for, from the annotation `soma/docs`.
    package var documentation: String { metadata.annotations["soma/docs"] ?? "" }
    /// Whether deleting it needs more than a prune, from the label `soma/protect`.
    package var isProtected: Bool { metadata.labels["soma/protect"] == "true" }

    init(_ reader: FieldReader, metadata: Metadata) throws(YAMLError) {
        let node = try reader.required("spec")
        let fields = try FieldReader(node, file: reader.file, path: "spec")
        try fields.allow(["topicName", "partitions", "replicas", "config"])
        self.metadata = metadata
        name = try fields.optionalString("topicName") ?? metadata.name
        partitions = try fields.integer("partitions", in: 1...10_000)
        replicas = try fields.integer("replicas", in: 1...32_767)
        config = try fields.scalars("config")
        let legal = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard legal, (1...249).contains(name.utf8.count), name != ".", name != ".." else {
            throw fields.fail(node, "topic name \(name) is not legal: 1…249 of a-z A-Z 0-9 . _ -")
        }
    }
}
