/// Decides who may do what, by the rules of Kafka's StandardAuthorizer (KIP-11, KIP-290): a super user may; else what is
/// denied is denied; else what is allowed is allowed; else a resource without any rule is open if so configured.
package struct Authorizer: Sendable {
    /// What of a rule is left when its resource is known.
    private struct Rule: Sendable, Hashable {
        let principal: String
        let host: String
        let operation: AccessOperation
        let permission: AccessPermission

        init(_ entry: AccessControlEntry) {
            principal = entry.principal
            host = entry.host
            operation = entry.operation
            permission = entry.permission
        }

        func covers(_ who: String, _ from: String) -> Bool {
            (principal == who || principal == AccessControlEntry.everyone)
                && (host == from || host == AccessControlEntry.wildcard)
        }

        func covers(_ wanted: AccessOperation) -> Bool {
            // Implied operations are given, never taken: whoever must not read may still be told that a topic exists.
            permission == .allow
                ? operation == .all || operation.implies(wanted) : operation == .all || operation == wanted
        }
    }

    /// The rules of one type of resource.
    private struct Shelf: Sendable {
        var literal: [String: Set<Rule>] = [:]
        var prefixed: [String: Set<Rule>] = [:]
        /// Lengths of the prefixes there are: a name is looked up once for each.
        var prefixLengths: [Int: Int] = [:]

        mutating func add(_ entry: AccessControlEntry) {
            let name = entry.resourceName
            if entry.patternType == .prefixed {
                if prefixed[name] == nil { prefixLengths[name.utf8.count, default: 0] += 1 }
                prefixed[name, default: []].insert(Rule(entry))
            } else {
                literal[name, default: []].insert(Rule(entry))
            }
        }

        mutating func remove(_ entry: AccessControlEntry) {
            let name = entry.resourceName
            if entry.patternType == .prefixed {
                prefixed[name]?.remove(Rule(entry))
                guard prefixed[name]?.isEmpty == true else { return }
                prefixed[name] = nil
                let left = prefixLengths[name.utf8.count, default: 1] - 1
                prefixLengths[name.utf8.count] = left == 0 ? nil : left
            } else {
                literal[name]?.remove(Rule(entry))
                if literal[name]?.isEmpty == true { literal[name] = nil }
            }
        }
    }

    private var shelves: [ResourceType: Shelf] = [:]
    package private(set) var entries: Set<AccessControlEntry> = []
    private let superUsers: Set<String>
    private let opensWithoutRules: Bool

    /// `superUsers`: as `User:name`.
    package init(
        entries: some Sequence<AccessControlEntry> = [AccessControlEntry](),
        superUsers: Set<String> = [],
        opensWithoutRules: Bool = false
    ) {
        self.superUsers = superUsers
        self.opensWithoutRules = opensWithoutRules
        for entry in entries { add(entry) }
    }

    package mutating func add(_ entry: AccessControlEntry) {
        guard entries.insert(entry).inserted else { return }
        shelves[entry.resourceType, default: Shelf()].add(entry)
    }

    package mutating func remove(_ entry: AccessControlEntry) {
        guard entries.remove(entry) != nil else { return }
        shelves[entry.resourceType]?.remove(entry)
    }

    /// Whether `principal` at `host` may do it.
    package func allows(
        _ principal: String,
        _ host: String,
        _ operation: AccessOperation,
        _ type: ResourceType,
        _ name: String
    ) -> Bool {
        if superUsers.contains(principal) { return true }
        guard let shelf = shelves[type] else { return opensWithoutRules }
        var isAllowed = false
        var hasRules = false
        func isDenied(by rules: Set<Rule>?) -> Bool {
            guard let rules else { return false }
            hasRules = hasRules || !rules.isEmpty
            for rule in rules where rule.covers(principal, host) && rule.covers(operation) {
                if rule.permission == .deny { return true }
                isAllowed = true
            }
            return false
        }
        if isDenied(by: shelf.literal[name]) { return false }
        if name != AccessControlEntry.wildcard, isDenied(by: shelf.literal[AccessControlEntry.wildcard]) {
            return false
        }
        let length = name.utf8.count
        for prefixLength in shelf.prefixLengths.keys where prefixLength <= length {
            guard let prefix = String(name.utf8.prefix(prefixLength)) else { continue }
            if isDenied(by: shelf.prefixed[prefix]) { return false }
        }
        return isAllowed || (!hasRules && opensWithoutRules)
    }

    /// Whether there is any resource of the type for which it is allowed (KIP-679: an idempotent producer needs one
    /// topic that it may write).
    package func allowsAny(
        _ principal: String,
        _ host: String,
        _ operation: AccessOperation,
        _ type: ResourceType
    ) -> Bool {
        // A name that no rule has: tells super users and open clusters.
        if allows(principal, host, operation, type, "\u{1}") { return true }
        guard let shelf = shelves[type] else { return false }
        func has(_ permission: AccessPermission, _ rules: Set<Rule>?) -> Bool {
            (rules ?? []).contains {
                $0.permission == permission && $0.covers(principal, host) && $0.covers(operation)
            }
        }
        if has(.deny, shelf.literal[AccessControlEntry.wildcard]) { return false }
        let deniedPrefixes = shelf.prefixed.filter { has(.deny, $0.value) }.map(\.key)
        func isShadowed(_ name: String) -> Bool { deniedPrefixes.contains { name.hasUTF8Prefix($0) } }
        for (prefix, rules) in shelf.prefixed where has(.allow, rules) && !isShadowed(prefix) { return true }
        for (name, rules) in shelf.literal where has(.allow, rules) {
            if name == AccessControlEntry.wildcard || !has(.deny, rules) && !isShadowed(name) { return true }
        }
        return false
    }
}
