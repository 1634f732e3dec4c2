import EventLoop
import KafkaProtocol
import Telemetry

/// InitProducerId 0–4 (idempotence KIP-98, epoch bumps KIP-360).
///
/// Transactions are refused; see `FindCoordinator`.
enum InitProducerIdHandler: Handler {
    typealias Request = InitProducerIdRequest
    typealias Response = InitProducerIdResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        if request.transactionalID == nil,
            !exchange.authorizeCluster(.idempotentWrite), !exchange.authorizeAny(.write, .topic)
        {
            response.errorCode = .clusterAuthorizationFailed
            return exchange.answer(response)
        }
        if request.transactionalID != nil {
            response.errorCode = .transactionalIDAuthorizationFailed
            return exchange.answer(response)
        }
        // A producer without transactions that lost its way simply gets a new id; only transactional ones keep theirs.
        let services = exchange.services
        services.administration.post {
            var response = Response()
            do throws(AtomicFile.Failure) {
                response.producerID = try services.producerIDs.next()
            } catch {
                services.logger.error("no producer id can be given out", ["cause": .value(error)])
                response.errorCode = .coordinatorNotAvailable
                response.producerEpoch = -1
            }
            exchange.answer(response)
        }
    }
}
