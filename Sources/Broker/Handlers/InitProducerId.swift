import CommitLog
import EventLoop
import KafkaProtocol
import Telemetry

/// InitProducerId 0–5 (idempotence and transactions KIP-98, epoch bumps KIP-360).
enum InitProducerIdHandler: Handler {
    typealias Request = InitProducerIdRequest
    typealias Response = InitProducerIdResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        if let id = request.transactionalID { return initialise(id, request, exchange) }
        guard exchange.authorizeCluster(.idempotentWrite) || exchange.authorizeAny(.write, .topic) else {
            return refuse(.clusterAuthorizationFailed, exchange)
        }
        // A producer without transactions that lost its way simply gets a new id; only transactional ones keep theirs.
        let services = exchange.services
        services.administration.post {
            var response = Response()
            do throws(AtomicFile.Failure) {
                response.producerID = try services.producerIDs.next()
            } catch {
                services.logger.error("no producer id can be given out", ["cause": .value(error)])
                return refuse(.coordinatorNotAvailable, exchange)
            }
            exchange.answer(response)
        }
    }

    private static func initialise(_ id: String, _ request: Request, _ exchange: Exchange<Response>) {
        guard exchange.authorize(.write, .transactionalID, id) else {
            return refuse(.transactionalIDAuthorizationFailed, exchange)
        }
        let isKnown = request.producerID >= 0
        guard isKnown == (request.producerEpoch >= 0) else { return refuse(.invalidRequest, exchange) }
        let expected = isKnown ? ProducerIdentity(id: request.producerID, epoch: request.producerEpoch) : nil
        exchange.services.transactions.run { coordinator in
            coordinator.initialise(
                id,
                timeoutMilliseconds: request.transactionTimeoutMilliseconds,
                expected: expected
            ) { error, producer in
                guard error == .none else {
                    return refuse(error.forTransactionalClient(knowsFencing: exchange.version >= 4), exchange)
                }
                var response = Response()
                response.producerID = producer.id
                response.producerEpoch = producer.epoch
                exchange.answer(response)
            }
        }
    }

    private static func refuse(_ error: ErrorCode, _ exchange: Exchange<Response>) {
        var response = Response()
        response.errorCode = error
        response.producerEpoch = -1
        exchange.answer(response)
    }
}
