import RdKafka
package import SinkRuntime

/// The connector of this folder, ready to run.
package enum VectorConnector {
    package static let name = "vector-sink"

    /// Messages and answers into a memory index, which others search meanwhile.
    package static func definition(_ index: MemoryIndex) -> SinkDefinition {
        var definition = SinkDefinition(name: name, topics: ["conversation.events"]) { MemorySink(index) }
        definition.recordsMax = 1000
        definition.outOfRange = .beginning
        return definition
    }
}
