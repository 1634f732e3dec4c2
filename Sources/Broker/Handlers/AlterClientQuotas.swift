import EventLoop
import Glibc
import KafkaProtocol

/// AlterClientQuotas 0–1 (KIP-546): sets and removes limits of users, client ids and addresses.
enum AlterClientQuotasHandler: Handler {
    typealias Request = AlterClientQuotasRequest
    typealias Response = AlterClientQuotasResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.administration.post {
            var response = Response()
            response.entries = request.entries.map { entry in
                var answer = Response.Entry()
                answer.entity = entry.entity.map { part in
                    var same = Response.Entry.Entity()
                    same.entityType = part.entityType
                    same.entityName = part.entityName
                    return same
                }
                do throws(TopicCatalogue.Refusal) {
                    try alter(entry, request.validateOnly, exchange)
                } catch {
                    answer.errorCode = error.code
                    answer.errorMessage = error.message
                }
                return answer
            }
            exchange.answer(response)
        }
    }

    private static func alter(
        _ entry: Request.Entry,
        _ validateOnly: Bool,
        _ exchange: Exchange<Response>
    ) throws(TopicCatalogue.Refusal) {
        guard exchange.authorizeCluster(.alterConfigs) else {
            throw TopicCatalogue.Refusal(.clusterAuthorizationFailed, "Cluster authorization failed.")
        }
        let entity = try entity(entry.entity)
        var changes: [(QuotaKind, Double?)] = []
        for operation in entry.ops {
            guard let kind = QuotaKind(rawValue: operation.key), kind.isOfAddress == (entity.address != nil) else {
                throw TopicCatalogue.Refusal(.invalidRequest, "Invalid configuration key \(operation.key)")
            }
            if !operation.remove { try check(kind, operation.value) }
            changes.append((kind, operation.remove ? nil : operation.value))
        }
        guard !validateOnly, !changes.isEmpty else { return }
        try exchange.services.quotas.change { table in
            for (kind, value) in changes { table.set(entity, kind, value) }
        }
    }

    private static func entity(_ parts: [Request.Entry.Entity]) throws(TopicCatalogue.Refusal) -> QuotaEntity {
        func refusal(_ message: String) -> TopicCatalogue.Refusal { .init(.invalidRequest, message) }
        guard !parts.isEmpty else { throw refusal("Invalid empty client quota entity") }
        var entity = QuotaEntity()
        for part in parts {
            guard let type = QuotaWire.EntityType(rawValue: part.entityType) else {
                throw refusal("Unhandled client quota entity type: \(part.entityType)")
            }
            guard entity[keyPath: type.part] == nil else {
                throw refusal("Invalid client quota entity, contains duplicate entity type \(part.entityType)")
            }
            if let name = part.entityName, name.isEmpty { throw refusal("Empty \(part.entityType) not supported") }
            entity[keyPath: type.part] = part.entityName.map { .named($0) } ?? .others
        }
        guard entity.address == nil || entity.user == nil && entity.clientID == nil else {
            throw refusal("Invalid quota entity combination, IP entity should not be combined with User or ClientId")
        }
        if case .named(let address) = entity.address, !isAddress(address) {
            throw refusal("\(address) is not a valid IP address.")
        }
        return entity
    }

    private static func check(_ kind: QuotaKind, _ value: Double) throws(TopicCatalogue.Refusal) {
        guard value > 0, value.isFinite else {
            throw TopicCatalogue.Refusal(.invalidRequest, "Quota \(kind.rawValue) must be greater than 0")
        }
        guard kind.allowsFractions || value == value.rounded() else {
            throw TopicCatalogue.Refusal(.invalidRequest, "\(kind.rawValue) cannot be a fractional value.")
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        var bytes = (UInt64(0), UInt64(0))
        return inet_pton(AF_INET, text, &bytes) == 1 || inet_pton(AF_INET6, text, &bytes) == 1
    }
}
