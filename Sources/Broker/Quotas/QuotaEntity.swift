/// Whom a quota is for (KIP-13, KIP-124, KIP-546, KIP-612): a user, a client id, both, or an address; by name or whoever
/// has none of their own.
package struct QuotaEntity: Sendable, Hashable {
    package enum Part: Sendable, Hashable {
        case named(String)
        /// Everyone without a quota of their own.
        case others
    }

    package var user: Part?
    package var clientID: Part?
    package var address: Part?

    package init(user: Part? = nil, clientID: Part? = nil, address: Part? = nil) {
        self.user = user
        self.clientID = clientID
        self.address = address
    }
}

/// What can be limited, under Kafka's names.
package enum QuotaKind: String, Sendable, CaseIterable {
    case produce = "producer_byte_rate"
    case consume = "consumer_byte_rate"
    case requestTime = "request_percentage"
    case mutations = "controller_mutation_rate"
    case connections = "connection_creation_rate"

    /// Whether fractions make sense.
    var allowsFractions: Bool { self == .requestTime || self == .mutations }

    /// Whether it is set on addresses; the others are set on users and client ids.
    var isOfAddress: Bool { self == .connections }
}

/// The quotas that are set, and which of them holds for a client.
package struct QuotaTable: Sendable, Equatable {
    /// A limit, and who shares what is used of it.
    package struct Limit: Sendable, Equatable {
        package let perSecond: Double
        package let sharedBy: Sharers
    }

    /// Clients whose use is counted together.
    package struct Sharers: Sendable, Hashable {
        package let user: String?
        package let clientID: String?
    }

    package private(set) var limits: [QuotaEntity: [QuotaKind: Double]] = [:]

    package init() {}

    package var isEmpty: Bool { limits.isEmpty }

    package func has(_ kinds: Set<QuotaKind>) -> Bool {
        limits.values.contains { $0.keys.contains(where: kinds.contains) }
    }

    /// Sets a limit, or with nil takes it away.
    package mutating func set(_ entity: QuotaEntity, _ kind: QuotaKind, _ perSecond: Double?) {
        limits[entity, default: [:]][kind] = perSecond
        if limits[entity]?.isEmpty == true { limits[entity] = nil }
    }

    /// The limit of a client: the most precise one that is set, users before client ids.
    package func limit(_ kind: QuotaKind, user: String, clientID: String) -> Limit? {
        let both = Sharers(user: user, clientID: clientID)
        let userOnly = Sharers(user: user, clientID: nil)
        let clientOnly = Sharers(user: nil, clientID: clientID)
        let order: [(QuotaEntity.Part?, QuotaEntity.Part?, Sharers)] = [
            (.named(user), .named(clientID), both), (.named(user), .others, both), (.named(user), nil, userOnly),
            (.others, .named(clientID), both), (.others, .others, both), (.others, nil, userOnly),
            (nil, .named(clientID), clientOnly), (nil, .others, clientOnly),
        ]
        for (user, client, sharers) in order {
            if let found = limits[QuotaEntity(user: user, clientID: client)]?[kind] {
                return Limit(perSecond: found, sharedBy: sharers)
            }
        }
        return nil
    }

    /// How many connections an address may open in a second.
    package func connectionLimit(address: String) -> Double? {
        limits[QuotaEntity(address: .named(address))]?[.connections]
            ?? limits[QuotaEntity(address: .others)]?[.connections]
    }
}
