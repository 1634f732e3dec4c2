import Broker
import Clocks
import Testing

@Suite struct AuthorizerTests {
    private static let alice = "User:alice"
    private static let here = "10.0.0.1"

    private func allows(
        _ authorizer: Authorizer,
        _ operation: AccessOperation,
        _ name: String = "orders",
        who: String = alice,
        from: String = here
    ) -> Bool {
        authorizer.allows(who, from, operation, .topic, name)
    }

    @Test func `nothing is allowed without a rule, unless so configured`() {
        #expect(!allows(Authorizer(), .read))
        #expect(allows(Authorizer(opensWithoutRules: true), .read))
        let closed = Authorizer(
            entries: [.init(.allow, "User:bob", .read, .topic, "orders")],
            opensWithoutRules: true
        )
        #expect(!allows(closed, .read), "a rule about the resource closes it for all others")
        #expect(allows(closed, .read, "payments"))
    }

    @Test func `a super user may do what is denied`() {
        let rule = AccessControlEntry(.deny, "User:*", .all, .topic, "*")
        #expect(allows(Authorizer(entries: [rule], superUsers: [Self.alice]), .write))
    }

    @Test func `a denial wins over any number of permissions`() {
        let authorizer = Authorizer(entries: [
            .init(.allow, Self.alice, .all, .topic, "orders"), .init(.allow, "User:*", .read, .topic, "*"),
            .init(.deny, Self.alice, .read, .topic, "ord", .prefixed),
        ])
        #expect(!allows(authorizer, .read))
        #expect(allows(authorizer, .write))
        #expect(allows(authorizer, .read, who: "User:bob"))
    }

    @Test(arguments: [
        (AccessOperation.read, AccessOperation.describe, true), (.write, .describe, true), (.delete, .describe, true),
        (.alter, .describe, true), (.alterConfigs, .describeConfigs, true), (.create, .describe, false),
        (.describe, .read, false), (.describeConfigs, .describe, false), (.all, .alterConfigs, true),
        (.read, .describeConfigs, false),
    ])
    func `a permission implies being told`(given: AccessOperation, asked: AccessOperation, isAllowed: Bool) {
        #expect(allows(Authorizer(entries: [.init(.allow, Self.alice, given, .topic, "orders")]), asked) == isAllowed)
    }

    @Test func `a denial implies nothing`() {
        let authorizer = Authorizer(entries: [
            .init(.allow, Self.alice, .describe, .topic, "orders"),
            .init(.deny, Self.alice, .read, .topic, "orders"),
        ])
        #expect(allows(authorizer, .describe))
    }

    @Test func `prefixes match by bytes, hosts and types exactly`() {
        let authorizer = Authorizer(entries: [
            .init(.allow, Self.alice, .read, .topic, "ord", .prefixed, host: Self.here),
            .init(.allow, Self.alice, .read, .group, "*"),
        ])
        #expect(allows(authorizer, .read, "orders") && allows(authorizer, .read, "ord"))
        #expect(!allows(authorizer, .read, "or") && !allows(authorizer, .read, "xord"))
        #expect(!allows(authorizer, .read, from: "10.0.0.2"))
        #expect(authorizer.allows(Self.alice, "10.9.9.9", .read, .group, "any"))
        #expect(!authorizer.allows(Self.alice, Self.here, .write, .transactionalID, "orders"))
    }

    @Test func `any topic is found unless a denial covers each`() {
        func any(_ entries: [AccessControlEntry]) -> Bool {
            Authorizer(entries: entries).allowsAny(Self.alice, Self.here, .write, .topic)
        }
        let allow = AccessControlEntry(.allow, Self.alice, .write, .topic, "orders")
        #expect(any([allow]))
        #expect(!any([allow, .init(.deny, "User:*", .write, .topic, "*")]))
        #expect(!any([allow, .init(.deny, Self.alice, .write, .topic, "orders")]))
        #expect(!any([allow, .init(.deny, Self.alice, .write, .topic, "ord", .prefixed)]))
        #expect(any([allow, .init(.deny, Self.alice, .write, .topic, "orders-x")]))
        #expect(
            any([
                .init(.allow, Self.alice, .write, .topic, "o", .prefixed),
                .init(.deny, Self.alice, .write, .topic, "or", .prefixed),
            ])
        )
        #expect(!any([.init(.allow, Self.alice, .read, .topic, "orders")]))
    }

    @Test func `a MATCH filter picks what applies to a resource`() {
        var filter = AccessControlFilter()
        filter.patternType = .match
        filter.resourceName = "orders"
        #expect(filter.matches(.init(.allow, Self.alice, .read, .topic, "ord", .prefixed)))
        #expect(filter.matches(.init(.allow, Self.alice, .read, .topic, "*")))
        #expect(!filter.matches(.init(.allow, Self.alice, .read, .topic, "order")))
        filter.patternType = .literal
        #expect(!filter.matches(.init(.allow, Self.alice, .read, .topic, "*")))
        filter.patternType = .any
        #expect(!filter.matches(.init(.allow, Self.alice, .read, .topic, "ord", .prefixed)))
    }

    /// The fast lookup against the plain reading of the rules.
    @Test(arguments: 0..<64 as Range<UInt64>)
    func `decisions are those of the rules read one by one`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let names = ["*", "a", "ab", "abc", "b", "ba"]
        let principals = ["User:*", "User:x", "User:y"]
        let hosts = ["*", "h1", "h2"]
        let operations: [AccessOperation] = [.all, .read, .write, .describe, .alter, .alterConfigs, .describeConfigs]
        var authorizer = Authorizer(opensWithoutRules: seed % 3 == 0)
        var rules: Set<AccessControlEntry> = []
        for _ in 0..<40 {
            let rule = AccessControlEntry(
                Bool.random(using: &random) ? .allow : .deny,
                principals.randomElement(using: &random) ?? "",
                operations.randomElement(using: &random) ?? .all,
                .topic,
                names.randomElement(using: &random) ?? "",
                Bool.random(using: &random) ? .literal : .prefixed,
                host: hosts.randomElement(using: &random) ?? ""
            )
            if Int.random(in: 0..<3, using: &random) == 0, let gone = rules.randomElement(using: &random) {
                rules.remove(gone)
                authorizer.remove(gone)
            } else {
                rules.insert(rule)
                authorizer.add(rule)
            }
            for name in ["a", "abc", "abd", "c"] {
                for operation in operations.dropFirst() {
                    let expected = Self.plain(rules, "User:x", "h1", operation, name) ?? (seed % 3 == 0)
                    #expect(authorizer.allows("User:x", "h1", operation, .topic, name) == expected)
                }
            }
        }
        #expect(authorizer.entries == rules)
    }

    private static func plain(
        _ rules: Set<AccessControlEntry>,
        _ who: String,
        _ host: String,
        _ operation: AccessOperation,
        _ name: String
    ) -> Bool? {
        let matching = rules.filter {
            $0.patternType == .prefixed
                ? name.hasPrefix($0.resourceName) : $0.resourceName == name || $0.resourceName == "*"
        }
        if matching.isEmpty { return nil }
        let mine = matching.filter { [who, "User:*"].contains($0.principal) && [host, "*"].contains($0.host) }
        let implied: [AccessOperation] =
            operation == .describe
            ? [.describe, .read, .write, .delete, .alter, .all]
            : operation == .describeConfigs ? [.describeConfigs, .alterConfigs, .all] : [operation, .all]
        if mine.contains(where: { $0.permission == .deny && [operation, .all].contains($0.operation) }) {
            return false
        }
        return mine.contains { $0.permission == .allow && implied.contains($0.operation) }
    }
}
