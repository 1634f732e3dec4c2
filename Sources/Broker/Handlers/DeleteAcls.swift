import EventLoop
import KafkaProtocol
import Telemetry

/// DeleteAcls 0–3 (KIP-140, prefixes KIP-290): all rules that a filter picks.
enum DeleteAclsHandler: Handler {
    typealias Request = DeleteAclsRequest
    typealias Response = DeleteAclsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.administration.post {
            var response = Response()
            response.filterResults = request.filters.map { filter in
                var result = Response.FilterResult()
                do throws(TopicCatalogue.Refusal) {
                    result.matchingAcls = try delete(filter, exchange)
                } catch {
                    result.errorCode = error.code
                    result.errorMessage = error.message
                }
                return result
            }
            exchange.answer(response)
        }
    }

    private static func delete(
        _ filter: Request.Filter,
        _ exchange: Exchange<Response>
    ) throws(TopicCatalogue.Refusal) -> [Response.FilterResult.MatchingACL] {
        guard exchange.authorizeCluster(.alter) else {
            throw TopicCatalogue.Refusal(.clusterAuthorizationFailed, "Cluster authorization failed.")
        }
        guard let access = exchange.services.access else { throw AccessWire.noAuthorizer }
        let entries = access.entries(
            matching: try AccessWire.filter(
                type: filter.resourceTypeFilter,
                name: filter.resourceNameFilter,
                pattern: filter.patternTypeFilter,
                principal: filter.principalFilter,
                host: filter.hostFilter,
                operation: filter.operation,
                permission: filter.permissionType
            )
        )
        guard !entries.isEmpty else { return [] }
        do throws(AtomicFile.Failure) {
            try access.change { for entry in entries { $0.remove(entry) } }
        } catch {
            exchange.services.logger.error("access rules not written", ["cause": .value(error)])
            throw TopicCatalogue.Refusal(.kafkaStorageError, "\(error)")
        }
        return entries.map { entry in
            var acl = Response.FilterResult.MatchingACL()
            acl.resourceType = entry.resourceType.rawValue
            acl.resourceName = entry.resourceName
            acl.patternType = entry.patternType.rawValue
            acl.principal = entry.principal
            acl.host = entry.host
            acl.operation = entry.operation.rawValue
            acl.permissionType = entry.permission.rawValue
            return acl
        }
    }
}
