import EventLoop
import KafkaProtocol

/// EndTxn 0–5 (KIP-98; an epoch for each transaction, KIP-890, from version 5): answered when the markers are on disk.
enum EndTxnHandler: Handler {
    typealias Request = EndTxnRequest
    typealias Response = EndTxnResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        guard exchange.authorize(.write, .transactionalID, request.transactionalID) else {
            var response = Response()
            response.errorCode = .transactionalIDAuthorizationFailed
            return exchange.answer(response)
        }
        let producer = ProducerIdentity(id: request.producerID, epoch: request.producerEpoch)
        exchange.services.transactions.run { coordinator in
            coordinator.end(
                request.transactionalID,
                by: producer,
                isCommit: request.committed,
                raisesEpoch: exchange.version >= 5
            ) { error, producer in
                var response = Response()
                response.errorCode = error.forTransactionalClient(knowsFencing: exchange.version >= 2)
                if error == .none {
                    response.producerID = producer.id
                    response.producerEpoch = producer.epoch
                }
                exchange.answer(response)
            }
        }
    }
}
