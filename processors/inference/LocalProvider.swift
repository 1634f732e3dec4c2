import Events
import Retrieval

/// The model that is always there: `ExtractiveAnswerer` behind the provider's face.
package struct LocalProvider: ModelProvider {
    package static let fullModelName = ExtractiveAnswerer.modelName
    package static let alias = "local"

    package let name = "local"
    private let memory: any MemoryReader
    private static let memoryLimit = 8

    package init(memory: any MemoryReader) {
        self.memory = memory
    }

    package func answer(_ call: ModelCall, emit: (String) throws(ModelError) -> Void) async throws(ModelError)
        -> ModelEnd
    {
        let question = call.request.messages.last { $0.role == "user" }?.content ?? ""
        let remembered =
            question.isEmpty
            ? [] : memory.search(query: question, limit: Self.memoryLimit, tenant: call.tenant, session: nil)
        // The question itself is remembered too, by the time that it is answered.
        let others = remembered.filter { $0.text != question }
        var answer = ExtractiveAnswerer().answer(call.request.messages, memory: others)
        for stop in call.request.stop ?? [] where !stop.isEmpty {
            if let cut = answer.firstRange(of: stop) { answer = String(answer[..<cut.lowerBound]) }
        }
        var spent: Int64 = 0
        var said = ""
        for piece in Self.pieces(answer) {
            spent += TokenCounter.count(piece)
            if let most = call.request.maxTokens, spent > most {
                return ModelEnd(
                    finishReason: "length",
                    usage: TokenCounter.usage(prompt: call.request.messages, answer: said)
                )
            }
            said += piece
            try emit(piece)
        }
        return ModelEnd(finishReason: "stop", usage: TokenCounter.usage(prompt: call.request.messages, answer: said))
    }

    /// Words with the space before them, so that they add up to the whole.
    static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        var current = ""
        for character in text {
            if character == " ", !current.isEmpty, current != " " {
                pieces.append(current)
                current = ""
            }
            current.append(character)
        }
        if !current.isEmpty { pieces.append(current) }
        return pieces
    }
}
