import CommitLog
import EventLoop
import KafkaProtocol

/// DescribeTransactions 0 (KIP-664).
enum DescribeTransactionsHandler: Handler {
    typealias Request = DescribeTransactionsRequest
    typealias Response = DescribeTransactionsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.transactions.run { coordinator in
            var response = Response()
            for id in request.transactionalIDs {
                var answer = Response.Transaction()
                answer.transactionalID = id
                if !exchange.authorize(.describe, .transactionalID, id) {
                    answer.errorCode = .transactionalIDAuthorizationFailed
                } else if let state = coordinator.transactions[id]?.state, state.producer.id >= 0 {
                    fill(&answer, state, exchange)
                } else {
                    answer.errorCode = .transactionalIDNotFound
                }
                response.transactionStates.append(answer)
            }
            exchange.answer(response)
        }
    }

    private static func fill(
        _ answer: inout Response.Transaction,
        _ state: TransactionState,
        _ exchange: Exchange<Response>
    ) {
        answer.transactionState = state.phase.name
        answer.transactionTimeoutMilliseconds = state.timeoutMilliseconds
        answer.transactionStartMilliseconds = state.startMilliseconds
        answer.producerID = state.producer.id
        answer.producerEpoch = state.producer.epoch
        let shown = Dictionary(grouping: state.partitions, by: \.topic).filter {
            exchange.authorize(.describe, .topic, $0.key)
        }
        answer.topics = shown.sorted { $0.key < $1.key }.map { name, partitions in
            var topic = Response.Transaction.Topic()
            topic.name = name
            topic.partitions = partitions.map(\.partition).sorted()
            return topic
        }
    }
}
