import EventLoop
import KafkaProtocol
import Telemetry

/// CreateAcls 0–3 (KIP-140, prefixes KIP-290): a rule that is there already is no error.
enum CreateAclsHandler: Handler {
    typealias Request = CreateAclsRequest
    typealias Response = CreateAclsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.administration.post {
            var response = Response()
            var results: [Response.Result] = []
            do throws(TopicCatalogue.Refusal) {
                guard exchange.authorizeCluster(.alter) else {
                    throw TopicCatalogue.Refusal(.clusterAuthorizationFailed, "Cluster authorization failed.")
                }
                guard let access = exchange.services.access else { throw AccessWire.noAuthorizer }
                let parsed = request.creations.map(parse)
                results = parsed.map { $0.result }
                let entries = parsed.compactMap { $0.entry }
                if !entries.isEmpty { try add(entries, access, exchange.services) }
            } catch {
                results = request.creations.map { _ in result(error.code, error.message) }
            }
            response.results = results
            exchange.answer(response)
        }
    }

    private static func add(
        _ entries: [AccessControlEntry],
        _ access: AccessControl,
        _ services: BrokerServices
    ) throws(TopicCatalogue.Refusal) {
        do throws(AtomicFile.Failure) {
            try access.change { for entry in entries { $0.add(entry) } }
        } catch {
            services.logger.error("access rules not written", ["cause": .value(error)])
            throw TopicCatalogue.Refusal(.kafkaStorageError, "\(error)")
        }
    }

    private static func parse(_ creation: Request.Creation) -> (entry: AccessControlEntry?, result: Response.Result) {
        guard let type = ResourceType(rawValue: creation.resourceType),
            let pattern = PatternType(rawValue: creation.resourcePatternType),
            let operation = AccessOperation(rawValue: creation.operation),
            let permission = AccessPermission(rawValue: creation.permissionType)
        else { return (nil, result(.invalidRequest, "The rule has a field of an unknown value.")) }
        let entry = AccessControlEntry(
            permission,
            creation.principal,
            operation,
            type,
            creation.resourceName,
            pattern,
            host: creation.host
        )
        if let problem = entry.problem { return (nil, result(.invalidRequest, problem)) }
        return (entry, Response.Result())
    }

    private static func result(_ code: ErrorCode, _ message: String) -> Response.Result {
        var result = Response.Result()
        result.errorCode = code
        result.errorMessage = message
        return result
    }
}
