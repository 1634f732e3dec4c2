package import KafkaProtocol

/// What an access rule is about, with Kafka's numbers.
package enum ResourceType: Int8, Sendable, CaseIterable {
    case any = 1
    case topic = 2
    case group = 3
    case cluster = 4
    case transactionalID = 5
    case delegationToken = 6
    case user = 7

    /// The only cluster there is.
    package static let clusterName = "kafka-cluster"

    /// The operations that make sense for such a resource; what clients are told of is chosen from them (KIP-430).
    package var operations: [AccessOperation] {
        switch self {
        case .any: []
        case .topic: [.read, .write, .create, .describe, .delete, .alter, .describeConfigs, .alterConfigs]
        case .group: [.read, .describe, .delete, .describeConfigs, .alterConfigs]
        case .cluster:
            [
                .create, .clusterAction, .describeConfigs, .alterConfigs, .idempotentWrite, .alter, .describe,
            ]
        case .transactionalID: [.describe, .write, .twoPhaseCommit]
        case .delegationToken: [.describe]
        case .user: [.createTokens, .describeTokens]
        }
    }

    /// What a request is answered that may not do what it asks.
    package var refusal: ErrorCode {
        switch self {
        case .topic: .topicAuthorizationFailed
        case .group: .groupAuthorizationFailed
        case .transactionalID: .transactionalIDAuthorizationFailed
        default: .clusterAuthorizationFailed
        }
    }
}

/// What someone wants to do, with Kafka's numbers.
package enum AccessOperation: Int8, Sendable, CaseIterable {
    case any = 1
    case all = 2
    case read = 3
    case write = 4
    case create = 5
    case delete = 6
    case alter = 7
    case describe = 8
    case clusterAction = 9
    case describeConfigs = 10
    case alterConfigs = 11
    case idempotentWrite = 12
    case createTokens = 13
    case describeTokens = 14
    case twoPhaseCommit = 15

    /// Whether a rule that allows `self` allows `wanted`: who may change a thing may look at it.
    func implies(_ wanted: AccessOperation) -> Bool {
        switch wanted {
        case self: true
        case .describe: self == .read || self == .write || self == .delete || self == .alter
        case .describeConfigs: self == .alterConfigs
        default: self == .all
        }
    }
}

/// How the name in a rule, or in a filter, is compared; with Kafka's numbers (KIP-290).
package enum PatternType: Int8, Sendable {
    /// In a filter: no matter which.
    case any = 1
    /// In a filter: every rule that applies to the resource of this name.
    case match = 2
    case literal = 3
    case prefixed = 4
}

/// Whether a rule gives or takes, with Kafka's numbers.
package enum AccessPermission: Int8, Sendable {
    case any = 1
    case deny = 2
    case allow = 3
}

/// One access rule: who may, or may not, do what to which resources from where.
package struct AccessControlEntry: Sendable, Hashable {
    package var resourceType: ResourceType
    package var resourceName: String
    package var patternType: PatternType
    /// `User:name`, or `User:*` for everyone.
    package var principal: String
    /// An address, or `*`.
    package var host: String
    package var operation: AccessOperation
    package var permission: AccessPermission

    package init(
        _ permission: AccessPermission,
        _ principal: String,
        _ operation: AccessOperation,
        _ resourceType: ResourceType,
        _ resourceName: String,
        _ patternType: PatternType = .literal,
        host: String = "*"
    ) {
        self.resourceType = resourceType
        self.resourceName = resourceName
        self.patternType = patternType
        self.principal = principal
        self.host = host
        self.operation = operation
        self.permission = permission
    }

    /// Stands for every name, or everyone.
    package static let wildcard = "*"
    package static let everyone = "User:*"

    /// What is wrong with the rule, nil when nothing is.
    package var problem: String? {
        if resourceType == .any { return "ResourceType ANY is no type of a rule" }
        if patternType != .literal, patternType != .prefixed { return "a rule's pattern is LITERAL or PREFIXED" }
        if permission == .any { return "a rule's permission is ALLOW or DENY" }
        if operation == .any { return "ANY is no operation of a rule" }
        if resourceName.isEmpty { return "Resource name should not be empty" }
        if resourceType == .cluster, resourceName != ResourceType.clusterName {
            return "The only valid name for the CLUSTER resource is \(ResourceType.clusterName)"
        }
        if Principal(principal) == nil { return "principal '\(principal)' is not type:name, such as User:alice" }
        if host.isEmpty { return "Host should not be empty" }
        return nil
    }
}

/// Picks rules; nil means any.
package struct AccessControlFilter: Sendable {
    package var resourceType: ResourceType = .any
    package var resourceName: String?
    package var patternType: PatternType = .any
    package var principal: String?
    package var host: String?
    package var operation: AccessOperation = .any
    package var permission: AccessPermission = .any

    package init() {}

    package func matches(_ entry: AccessControlEntry) -> Bool {
        (resourceType == .any || resourceType == entry.resourceType) && matchesName(entry)
            && (principal ?? entry.principal) == entry.principal && (host ?? entry.host) == entry.host
            && (operation == .any || operation == entry.operation)
            && (permission == .any || permission == entry.permission)
    }

    private func matchesName(_ entry: AccessControlEntry) -> Bool {
        if patternType == .literal || patternType == .prefixed, patternType != entry.patternType { return false }
        guard let resourceName else { return true }
        guard patternType == .match else { return resourceName == entry.resourceName }
        return switch entry.patternType {
        case .prefixed: resourceName.hasUTF8Prefix(entry.resourceName)
        default: resourceName == entry.resourceName || entry.resourceName == AccessControlEntry.wildcard
        }
    }
}

extension String {
    /// `hasPrefix` by bytes: names are compared as they are, not by what Unicode takes for equal.
    func hasUTF8Prefix(_ prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
}
