import Synchronization

/// The access rules of a running broker: asked from any thread, changed on the administration thread, kept in a file.
final class AccessControl: Sendable {
    static let fileName = "acls"
    private static let file = LineFile(kind: "soma-acls")

    private let authorizer: Mutex<Authorizer>
    private let directory: String
    /// Rises with every change; what was decided before it is forgotten.
    private let changes = Atomic<Int>(0)

    /// Reads the rules; nil when the settings ask for no authorizer.
    ///
    /// - Throws: `AtomicFile.Failure`, or `LineFile.Damage` when the file is not what was written.
    init?(_ settings: BrokerSettings, directory: String) throws {
        guard !settings.text("authorizer.class.name").isEmpty else { return nil }
        self.directory = directory
        let bytes = try AtomicFile.read(directory + "/" + Self.fileName)
        authorizer = Mutex(
            Authorizer(
                entries: try bytes.map { bytes in try Self.decode(bytes) } ?? [],
                superUsers: Set(
                    settings.text("super.users").split(separator: ";").map { String($0.filter { $0 != " " }) }
                ),
                opensWithoutRules: settings.flag("allow.everyone.if.no.acl.found")
            )
        )
    }

    var generation: Int { changes.load(ordering: .acquiring) }

    func allows(
        _ principal: Principal,
        _ host: String,
        _ operation: AccessOperation,
        _ type: ResourceType,
        _ name: String
    ) -> Bool {
        let who = principal.description
        return authorizer.withLock { $0.allows(who, host, operation, type, name) }
    }

    func allowsAny(_ principal: Principal, _ host: String, _ operation: AccessOperation, _ type: ResourceType) -> Bool {
        let who = principal.description
        return authorizer.withLock { $0.allowsAny(who, host, operation, type) }
    }

    func entries(matching filter: AccessControlFilter) -> [AccessControlEntry] {
        authorizer.withLock { $0.entries }.filter(filter.matches)
    }

    /// Changes the rules; they are on disk before they hold.
    ///
    /// Administration thread only.
    func change(_ body: (inout Authorizer) -> Void) throws(AtomicFile.Failure) {
        var changed = authorizer.withLock { $0 }
        body(&changed)
        try AtomicFile.write(Self.encode(changed.entries), to: directory + "/" + Self.fileName, in: directory)
        authorizer.withLock { [changed] in $0 = changed }
        changes.wrappingAdd(1, ordering: .releasing)
    }

    static func encode(_ entries: Set<AccessControlEntry>) -> [UInt8] {
        file.encode(entries.map(words).sorted { $0.lexicographicallyPrecedes($1) })
    }

    static func decode(_ bytes: [UInt8]) throws(LineFile.Damage) -> [AccessControlEntry] {
        var entries: [AccessControlEntry] = []
        for (index, words) in try file.decode(bytes).enumerated() {
            guard let entry = entry(words) else { throw file.damage(index + 2, "is no access rule") }
            entries.append(entry)
        }
        return entries
    }

    private static func words(_ entry: AccessControlEntry) -> [String] {
        [
            String(describing: entry.permission), entry.principal, String(describing: entry.operation),
            String(describing: entry.resourceType), String(describing: entry.patternType), entry.resourceName,
            entry.host,
        ]
    }

    private static func entry(_ words: [String]) -> AccessControlEntry? {
        guard words.count == 7,
            let permission = [AccessPermission.deny, .allow].first(where: { String(describing: $0) == words[0] }),
            let operation = AccessOperation.allCases.first(where: { String(describing: $0) == words[2] }),
            let type = ResourceType.allCases.first(where: { String(describing: $0) == words[3] }),
            let pattern = [PatternType.literal, .prefixed].first(where: { String(describing: $0) == words[4] })
        else { return nil }
        let entry = AccessControlEntry(permission, words[1], operation, type, words[5], pattern, host: words[6])
        return entry.problem == nil ? entry : nil
    }
}

/// What one connection was told lately, so that the data path asks the rules once for each topic.
///
/// Lives on the connection's loop.
struct AccessCache {
    private struct Question: Hashable {
        let operation: AccessOperation
        let type: ResourceType
        let name: String
    }

    /// A client that asks about more names than this asks the rules again.
    private static let answersMax = 1024

    private var answers: [Question: Bool] = [:]
    private var generation = -1
    private var principal = Principal.anonymous

    mutating func allows(
        _ access: AccessControl,
        _ principal: Principal,
        _ host: String,
        _ operation: AccessOperation,
        _ type: ResourceType,
        _ name: String
    ) -> Bool {
        let current = access.generation
        if current != generation || principal != self.principal || answers.count >= Self.answersMax {
            answers = [:]
            (generation, self.principal) = (current, principal)
        }
        let question = Question(operation: operation, type: type, name: name)
        if let answer = answers[question] { return answer }
        let answer = access.allows(principal, host, operation, type, name)
        answers[question] = answer
        return answer
    }
}
