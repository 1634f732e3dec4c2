import EventLoop
import KafkaProtocol

/// DescribeAcls 0–3 (KIP-140, prefixes KIP-290).
enum DescribeAclsHandler: Handler {
    typealias Request = DescribeAclsRequest
    typealias Response = DescribeAclsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        do throws(TopicCatalogue.Refusal) {
            guard exchange.authorizeCluster(.describe) else {
                throw TopicCatalogue.Refusal(.clusterAuthorizationFailed, "Cluster authorization failed.")
            }
            guard let access = exchange.services.access else { throw AccessWire.noAuthorizer }
            let filter = try AccessWire.filter(
                type: request.resourceTypeFilter,
                name: request.resourceNameFilter,
                pattern: request.patternTypeFilter,
                principal: request.principalFilter,
                host: request.hostFilter,
                operation: request.operation,
                permission: request.permissionType
            )
            // Version 0 knows literal names only.
            let entries = access.entries(matching: filter).filter {
                exchange.version >= 1 || $0.patternType == .literal
            }
            response.resources = resources(entries)
        } catch {
            response.errorCode = error.code
            response.errorMessage = error.message
        }
        exchange.answer(response)
    }

    /// One resource for all rules of it, in an order that does not change.
    private static func resources(_ entries: [AccessControlEntry]) -> [Response.Resource] {
        struct Key: Hashable {
            let type: ResourceType
            let pattern: PatternType
            let name: String
        }
        let groups = Dictionary(grouping: entries) {
            Key(type: $0.resourceType, pattern: $0.patternType, name: $0.resourceName)
        }
        return groups.sorted {
            ($0.key.type.rawValue, $0.key.name, $0.key.pattern.rawValue)
                < ($1.key.type.rawValue, $1.key.name, $1.key.pattern.rawValue)
        }.map { key, entries in
            var resource = Response.Resource()
            resource.resourceType = key.type.rawValue
            resource.resourceName = key.name
            resource.patternType = key.pattern.rawValue
            resource.acls = entries.sorted {
                ($0.principal, $0.host, $0.operation.rawValue, $0.permission.rawValue)
                    < ($1.principal, $1.host, $1.operation.rawValue, $1.permission.rawValue)
            }.map { entry in
                var acl = Response.Resource.ACL()
                acl.principal = entry.principal
                acl.host = entry.host
                acl.operation = entry.operation.rawValue
                acl.permissionType = entry.permission.rawValue
                return acl
            }
            return resource
        }
    }
}

/// What the requests about access rules share.
enum AccessWire {
    static let noAuthorizer = TopicCatalogue.Refusal(
        .securityDisabled,
        "No Authorizer is configured; see authorizer.class.name."
    )

    static func filter(
        type: Int8,
        name: String?,
        pattern: Int8,
        principal: String?,
        host: String?,
        operation: Int8,
        permission: Int8
    ) throws(TopicCatalogue.Refusal) -> AccessControlFilter {
        guard let type = ResourceType(rawValue: type), let pattern = PatternType(rawValue: pattern),
            let operation = AccessOperation(rawValue: operation),
            let permission = AccessPermission(rawValue: permission)
        else { throw TopicCatalogue.Refusal(.invalidRequest, "The filter has a field of an unknown value.") }
        var filter = AccessControlFilter()
        filter.resourceType = type
        filter.resourceName = name
        filter.patternType = pattern
        filter.principal = principal
        filter.host = host
        filter.operation = operation
        filter.permission = permission
        return filter
    }
}
