/// How a listener protects what passes through it.
package enum SecurityProtocol: String, Sendable, CaseIterable {
    case plaintext = "PLAINTEXT"
    case ssl = "SSL"
    case saslPlaintext = "SASL_PLAINTEXT"
    case saslSSL = "SASL_SSL"

    package var usesTLS: Bool { self == .ssl || self == .saslSSL }
    package var usesSASL: Bool { self == .saslPlaintext || self == .saslSSL }
}

/// One entry of `listeners`: where it is bound, how it is protected, what clients are told.
package struct ListenerSettings: Sendable, Equatable {
    package var name: String
    package var security: SecurityProtocol
    package var address: BrokerSettings.Address
    /// Nil to tell clients the address itself.
    package var advertised: BrokerSettings.Address?

    /// What clients of this listener are told to connect to, once the port is known.
    package func advertised(boundPort: UInt16) -> BrokerSettings.Address {
        var told = advertised ?? address
        // Nobody can connect to the wildcard address.
        if told.isWildcard { told.host = "127.0.0.1" }
        if told.port == 0 { told.port = boundPort }
        return told
    }

    /// Reads `listeners`, `advertised.listeners` and `listener.security.protocol.map`.
    ///
    /// `short`: the one plain listener that there is when `listeners` is not set.
    static func read(
        listeners: String,
        advertised: String,
        protocols: String,
        short: BrokerSettings.Address
    ) throws(SettingsProblem) -> [ListenerSettings] {
        var problems: [String] = []
        let map = readMap(protocols, &problems)
        var found: [ListenerSettings] = []
        if listeners.isEmpty {
            found = [ListenerSettings(name: "PLAINTEXT", security: .plaintext, address: short)]
        }
        for item in SettingDefinition.items(listeners) {
            guard let (name, address) = entry(item), let name else {
                problems.append("listeners: '\(item)' is not NAME://host:port")
                continue
            }
            guard let security = map[name] else {
                let known = SecurityProtocol.allCases.map(\.rawValue).joined(separator: ", ")
                problems.append("listeners: \(name) is none of \(known), nor in listener.security.protocol.map")
                continue
            }
            if found.contains(where: { $0.name == name }) { problems.append("listeners: \(name) is there twice") }
            found.append(ListenerSettings(name: name, security: security, address: address))
        }
        if found.isEmpty, problems.isEmpty { problems.append("listeners: there is none") }
        for item in SettingDefinition.items(advertised) {
            guard let (name, address) = entry(item), !address.isWildcard else {
                problems.append("advertised.listeners: '\(item)' is not [NAME://]host:port")
                continue
            }
            let place = name.map { name in found.firstIndex { $0.name == name } } ?? (found.count == 1 ? 0 : nil)
            guard let place else {
                problems.append("advertised.listeners: '\(item)' names no listener")
                continue
            }
            found[place].advertised = address
        }
        guard problems.isEmpty else { throw SettingsProblem(lines: problems) }
        return found
    }

    private static func readMap(_ text: String, _ problems: inout [String]) -> [String: SecurityProtocol] {
        var map: [String: SecurityProtocol] = [:]
        for item in SettingDefinition.items(text) {
            let parts = item.split(separator: ":", omittingEmptySubsequences: false).map { String($0).uppercased() }
            guard parts.count == 2, isName(parts[0]), let security = SecurityProtocol(rawValue: parts[1]) else {
                problems.append("listener.security.protocol.map: '\(item)' is not NAME:PROTOCOL")
                continue
            }
            map[parts[0]] = security
        }
        return map
    }

    /// `NAME://host:port`, or without the name.
    private static func entry(_ item: String) -> (name: String?, BrokerSettings.Address)? {
        guard let scheme = item.firstRange(of: "://") else { return BrokerSettings.Address(item).map { (nil, $0) } }
        let name = item[..<scheme.lowerBound].uppercased()
        guard isName(name), let address = BrokerSettings.Address(String(item[scheme.upperBound...])) else { return nil }
        return (name, address)
    }

    /// Letters, digits, `_` and `-`: the name is part of setting names.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte >= 48 && byte <= 57 || byte >= 65 && byte <= 90 || byte == UInt8(ascii: "_")
                    || byte == UInt8(ascii: "-")
            }
    }
}
