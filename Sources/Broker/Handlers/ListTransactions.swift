import Clocks
import EventLoop
import KafkaProtocol

/// ListTransactions 0–2 (KIP-664; duration filter KIP-994; pattern of ids KIP-1152).
enum ListTransactionsHandler: Handler {
    typealias Request = ListTransactionsRequest
    typealias Response = ListTransactionsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let known = Dictionary(uniqueKeysWithValues: TransactionPhase.allCases.map { ($0.name, $0) })
        let phases = Set(request.stateFilters.compactMap { known[$0] })
        var head = Response()
        head.unknownStateFilters = request.stateFilters.filter { known[$0] == nil }
        var pattern: Regex<AnyRegexOutput>?
        if let text = request.transactionalIDPattern, !text.isEmpty {
            guard let compiled = try? Regex(text) else {
                head.errorCode = .invalidRegularExpression
                return exchange.answer(head)
            }
            pattern = compiled
        }
        let template = head
        let matching = pattern.map(SharedPattern.init)
        exchange.services.transactions.run { coordinator in
            var response = template
            let now = exchange.services.clock.wallMilliseconds
            for (id, transaction) in coordinator.transactions.sorted(by: { $0.key < $1.key }) {
                let state = transaction.state
                guard state.producer.id >= 0, state.phase != .dead,
                    request.stateFilters.isEmpty || phases.contains(state.phase),
                    request.producerIDFilters.isEmpty || request.producerIDFilters.contains(state.producer.id),
                    request.durationFilter < 0
                        || state.startMilliseconds >= 0 && now - state.startMilliseconds > request.durationFilter,
                    matching?.matches(id) ?? true,
                    exchange.authorize(.describe, .transactionalID, id)
                else { continue }
                var answer = Response.Transaction()
                answer.transactionalID = id
                answer.producerID = state.producer.id
                answer.transactionState = state.phase.name
                response.transactionStates.append(answer)
            }
            exchange.answer(response)
        }
    }

    /// A compiled pattern on its way to another thread, which alone uses it.
    private struct SharedPattern: @unchecked Sendable {  // Sendable holds: a compiled pattern is never changed
        let pattern: Regex<AnyRegexOutput>

        func matches(_ id: String) -> Bool { (try? pattern.wholeMatch(in: id)) != nil }
    }
}
