import EventLoop
import KafkaProtocol

/// DescribeClientQuotas 0–1 (KIP-546): the quotas whose entities a filter picks.
enum DescribeClientQuotasHandler: Handler {
    typealias Request = DescribeClientQuotasRequest
    typealias Response = DescribeClientQuotasResponse

    /// How a part of an entity is compared, with Kafka's numbers.
    private enum Match: Int8 {
        case exact = 0
        case others = 1
        case any = 2
    }

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        do throws(TopicCatalogue.Refusal) {
            guard exchange.authorizeCluster(.describeConfigs) else {
                throw TopicCatalogue.Refusal(.clusterAuthorizationFailed, "Cluster authorization failed.")
            }
            response.entries = try find(request, exchange.services.quotas.table)
        } catch {
            response.errorCode = error.code
            response.errorMessage = error.message
            response.entries = nil
        }
        exchange.answer(response)
    }

    private static func find(
        _ request: Request,
        _ table: QuotaTable
    ) throws(TopicCatalogue.Refusal) -> [Response.Entry] {
        var wanted: [QuotaWire.EntityType: (match: Match, name: String)] = [:]
        for component in request.components {
            guard let type = QuotaWire.EntityType(rawValue: component.entityType) else {
                throw component.entityType.isEmpty
                    ? TopicCatalogue.Refusal(.invalidRequest, "Unexpected empty filter component entity type")
                    : TopicCatalogue.Refusal(.unsupportedVersion, "Unsupported entity type \(component.entityType)")
            }
            guard let match = Match(rawValue: component.matchType) else {
                throw TopicCatalogue.Refusal(.invalidRequest, "Unexpected match type \(component.matchType)")
            }
            guard match != .exact || component.match != nil else {
                throw TopicCatalogue.Refusal(.invalidRequest, "Request specified MATCH_TYPE_EXACT without a name")
            }
            guard wanted.updateValue((match, component.match ?? ""), forKey: type) == nil else {
                throw TopicCatalogue.Refusal(.invalidRequest, "Duplicate filter component entity type")
            }
        }
        if wanted[.ip] != nil, wanted.count > 1 {
            throw TopicCatalogue.Refusal(
                .invalidRequest,
                "Invalid entity filter component combination, IP filter component should not be used with user or clientId"
            )
        }
        return table.limits.filter { matches($0.key, wanted, request.strict) }
            .sorted { QuotaWire.order($0.key) < QuotaWire.order($1.key) }.map(entry)
    }

    private static func matches(
        _ entity: QuotaEntity,
        _ wanted: [QuotaWire.EntityType: (match: Match, name: String)],
        _ isStrict: Bool
    ) -> Bool {
        QuotaWire.EntityType.allCases.allSatisfy { type in
            let part = entity[keyPath: type.part]
            guard let (match, name) = wanted[type] else { return !isStrict || part == nil }
            return switch match {
            case .exact: part == .named(name)
            case .others: part == .others
            case .any: part != nil
            }
        }
    }

    private static func entry(_ entity: QuotaEntity, _ limits: [QuotaKind: Double]) -> Response.Entry {
        var entry = Response.Entry()
        entry.entity = QuotaWire.parts(entity).map { type, name in
            var answer = Response.Entry.Entity()
            answer.entityType = type
            answer.entityName = name
            return answer
        }
        entry.values = limits.sorted { $0.key.rawValue < $1.key.rawValue }.map { kind, limit in
            var value = Response.Entry.Value()
            value.key = kind.rawValue
            value.value = limit
            return value
        }
        return entry
    }
}

/// What the requests about quotas share.
enum QuotaWire {
    enum EntityType: String, CaseIterable {
        case user
        case clientID = "client-id"
        case ip

        var part: WritableKeyPath<QuotaEntity, QuotaEntity.Part?> {
            switch self {
            case .user: \.user
            case .clientID: \.clientID
            case .ip: \.address
            }
        }
    }

    /// The parts of an entity by Kafka's names; the name of everyone else is null.
    static func parts(_ entity: QuotaEntity) -> [(type: String, name: String?)] {
        EntityType.allCases.compactMap { type in
            switch entity[keyPath: type.part] {
            case nil: nil
            case .others: (type.rawValue, nil)
            case .named(let name): (type.rawValue, name)
            }
        }
    }

    /// Something to sort by.
    static func order(_ entity: QuotaEntity) -> String {
        parts(entity).map { "\($0.type)=\($0.name ?? "")" }.joined(separator: ",")
    }
}
