import EventLoop
import KafkaProtocol

/// AddOffsetsToTxn 0–4 (KIP-98): the group's offsets will be committed with the transaction.
enum AddOffsetsToTxnHandler: Handler {
    typealias Request = AddOffsetsToTxnRequest
    typealias Response = AddOffsetsToTxnResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        if !exchange.authorize(.write, .transactionalID, request.transactionalID) {
            response.errorCode = .transactionalIDAuthorizationFailed
        } else if !exchange.authorize(.read, .group, request.groupID) {
            response.errorCode = .groupAuthorizationFailed
        } else if request.groupID.isEmpty {
            response.errorCode = .invalidGroupID
        }
        guard response.errorCode == .none else { return exchange.answer(response) }
        let producer = ProducerIdentity(id: request.producerID, epoch: request.producerEpoch)
        exchange.services.transactions.run { coordinator in
            let partition = coordinator.groups.offsetsPartition(request.groupID)
            coordinator.add([partition], to: request.transactionalID, by: producer) { error in
                var response = Response()
                response.errorCode = error.forTransactionalClient(knowsFencing: exchange.version >= 2)
                exchange.answer(response)
            }
        }
    }
}
