package import YAML

/// Everything that a set of files declares.
package struct DeclaredResources: Sendable {
    package private(set) var topics: [TopicDeclaration] = []
    package private(set) var priceBooks: [PriceBookDeclaration] = []
    package private(set) var processors: [ProcessorDeclaration] = []
    package private(set) var connectors: [ConnectorDeclaration] = []

    private static let kinds = ["KafkaTopic", "PriceBook", "Processor", "KafkaConnector"]

    package init() {}

    /// What is built into the binary: the files of `topics/`, `prices/`, `processors/` and `connectors/`.
    package static func builtin() throws(YAMLError) -> DeclaredResources {
        var resources = DeclaredResources()
        for file in BuiltinFiles.all { try resources.add(file.text, file: file.path) }
        return resources
    }

    /// Adds what one file declares; it may hold several documents.
    ///
    /// - Throws: `YAMLError` with file and line for a wrong form, an unknown key or kind, or a name declared twice.
    package mutating func add(_ text: String, file: String) throws(YAMLError) {
        for document in try YAMLParser.documents(text, file: file) where !document.isNull {
            let reader = try FieldReader(document, file: file, path: "the document")
            try reader.allow(["apiVersion", "kind", "metadata", "spec"])
            let kind = try reader.string("kind")
            let version = try reader.string("apiVersion")
            guard Self.kinds.contains(kind) else {
                let nearest = Spelling.nearest(to: kind, among: Self.kinds).map { "; did you mean \($0)?" } ?? ""
                throw reader.fail(document, "kind \(kind) is not known\(nearest)")
            }
            let expected = kind.hasPrefix("Kafka") ? "kafka.strimzi.io/v1" : "soma/v1alpha1"
            guard version == expected else {
                throw reader.fail(document, "apiVersion of \(kind) is \(version), must be \(expected)")
            }
            let metadata = try Metadata(reader)
            guard !names(of: kind).contains(metadata.name) else {
                throw reader.fail(document, "\(kind) \(metadata.name) is declared twice")
            }
            switch kind {
            case "KafkaTopic": topics.append(try TopicDeclaration(reader, metadata: metadata))
            case "PriceBook": priceBooks.append(try PriceBookDeclaration(reader, metadata: metadata))
            case "Processor": processors.append(try ProcessorDeclaration(reader, metadata: metadata))
            default: connectors.append(try ConnectorDeclaration(reader, metadata: metadata))
            }
        }
    }

    private func names(of kind: String) -> [String] {
        switch kind {
        case "KafkaTopic": topics.map(\.metadata.name)
        case "PriceBook": priceBooks.map(\.metadata.name)
        case "Processor": processors.map(\.name)
        default: connectors.map(\.name)
        }
    }
}
