import Events
import SomaStreams
import StateStore

/// Repeats each message as one delta per word and counts the session's messages.
final class Splitter: Processor {
    static func definition(failure: FailurePolicy = FailurePolicy()) -> ProcessorDefinition {
        ProcessorDefinition(
            name: "splitter",
            inputs: ["conversation.events"],
            outputs: ["conversation.events", "out"],
            stores: ["counts"],
            failure: failure,
            punctuationInterval: .seconds(10)
        ) { _ in Splitter() }
    }

    var failuresLeft = 2

    func process(_ record: RecordView, _ context: ProcessorContext) throws {
        guard record.type == UserMessage.type else { return }
        let message = try record.decode(UserMessage.self)
        let session = message.sessionID ?? record.keyText
        let store = context.store("counts")
        let count = (store.get(session)?.first ?? 0) + 1
        store.put(session, [count])
        for (index, word) in message.content.split(separator: " ").enumerated() {
            context.forward(
                AssistantDelta(
                    requestID: record.envelope.correlationID,
                    sessionID: session,
                    index: Int64(index),
                    content: String(word)
                ),
                to: "out"
            )
        }
        switch message.content {
        case "flaky":
            failuresLeft -= 1
            if failuresLeft >= 0 { throw ProcessingError.transient("busy", "not now") }
        case "bad": throw ProcessingError.permanent("refused", "never")
        case "huge": context.forward(value: [UInt8](repeating: 32, count: 1 << 20), type: "x", to: "out", key: [1])
        case "undeclared": context.forward(value: [], type: "x", to: "elsewhere", key: nil)
        default: break
        }
    }

    func punctuate(_ context: ProcessorContext) {
        context.forward(value: Array("\(context.now)".utf8), type: "tick", to: "out", key: nil)
    }
}
