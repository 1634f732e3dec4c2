/// How many connections there may be, in all and from one address (KIP-308, KIP-402).
package struct ConnectionLimits: Sendable, Equatable {
    package let total: Int
    package let perAddress: Int
    /// Addresses with a limit of their own.
    package let overrides: [String: Int]

    /// `overrides`: as `10.0.0.1:5,10.0.0.2:100`; what cannot be read is left out, see `problem`.
    package init(total: Int, perAddress: Int, overrides: String) {
        self.total = total
        self.perAddress = perAddress
        self.overrides = Dictionary(
            SettingDefinition.items(overrides).compactMap(Self.override).map { ($0.address, $0.limit) }
        ) { $1 }
    }

    package func limit(of address: String) -> Int { overrides[address] ?? perAddress }

    /// What is wrong with the text of overrides, nil when nothing is.
    package static func problem(_ overrides: String) -> String? {
        SettingDefinition.items(overrides).first { override($0) == nil }.map { "'\($0)' is not address:connections" }
    }

    private static func override(_ text: String) -> (address: String, limit: Int)? {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
            let limit = Int(text[text.index(after: colon)...]), limit >= 0
        else { return nil }
        return (String(text[..<colon]), limit)
    }
}

/// The connections that are open, by address; a value.
package struct ConnectionCounts: Sendable {
    package private(set) var total = 0
    private var byAddress: [String: Int] = [:]

    package init() {}

    /// Counts one more if there is room for it.
    ///
    /// - Returns: Why there is none; nil when it was counted.
    package mutating func admit(_ address: String, _ limits: ConnectionLimits) -> String? {
        guard total < limits.total else { return "max.connections is reached" }
        let count = byAddress[address, default: 0]
        guard count < limits.limit(of: address) else { return "max.connections.per.ip is reached" }
        total += 1
        byAddress[address] = count + 1
        return nil
    }

    package mutating func release(_ address: String) {
        guard let count = byAddress[address] else { return }
        total -= 1
        byAddress[address] = count == 1 ? nil : count - 1
    }
}
