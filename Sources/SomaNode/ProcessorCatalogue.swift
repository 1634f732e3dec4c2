private import Billing
private import Conversation
package import Declarations
private import Inference
package import SomaStreams
package import VectorSink

/// The compiled processors, ready to run with what this process was told.
package struct ProcessorCatalogue: Sendable {
    package let definitions: [ProcessorDefinition]

    /// Makes the definitions.
    ///
    /// - Parameters:
    ///   - resources: Where the prices come from.
    ///   - environment: Settings of models and conversations.
    ///   - memory: What the local model may quote; nil where this process holds no index.
    package init(_ resources: DeclaredResources, environment: [String: String], memory: MemoryIndex?) {
        let inference = InferenceSettings(environment: environment)
        let worker =
            memory.map { InferenceProcessors.slmWorker(inference, memory: IndexMemory(index: $0)) }
            ?? InferenceProcessors.slmWorker(inference)
        definitions =
            ConversationProcessors.definitions(ConversationSettings(environment: environment)) + [worker]
            + BillingProcessors.definitions(PriceBooks(resources.priceBooks))
    }

    package subscript(name: String) -> ProcessorDefinition? { definitions.first { $0.name == name } }
}

/// The vector sink's index as the memory of the local model.
private struct IndexMemory: MemoryReader {
    let index: MemoryIndex

    func search(query: String, limit: Int, tenant: String, session: String?) -> [RememberedText] {
        index.search(tenant: tenant, query: query, k: limit, session: session).map {
            RememberedText(sessionID: $0.sessionID, role: $0.role, text: $0.text, score: $0.score)
        }
    }
}
