import Clocks
import Events
import HTTPServer

/// Makes and checks the ids that the gateway stamps.
struct IdentifierSource: Sendable {
    let clock: Clock

    /// A fresh UUIDv7.
    func new() -> String {
        var random = SystemRandomNumberGenerator()
        return EventID.uuidV7(milliseconds: clock.wallMilliseconds, using: &random)
    }

    /// The request's id: the client's own, else derived from its idempotency key, else new; nil when one is given that
    /// cannot be used.
    func requestID(of request: Request, tenant: String) -> String? {
        if let given = request.headers["x-request-id"] { return Self.isIdentifier(given) ? given : nil }
        guard let key = Self.idempotencyKey(request) else { return new() }
        guard Self.isIdentifier(key) else { return nil }
        return EventID.derived(from: Self.scope(key, request, tenant), processor: "gateway", index: 1)
    }

    /// The id of the one event that a request makes: a request sent again with the same idempotency key makes the same.
    func eventID(for call: Call) -> String {
        guard let key = Self.idempotencyKey(call.request) else { return new() }
        return EventID.derived(
            from: Self.scope(key, call.request, call.principal.tenant),
            processor: "gateway",
            index: 0
        )
    }

    private static func scope(_ key: String, _ request: Request, _ tenant: String) -> String {
        [tenant, request.path, key].joined(separator: "\u{1F}")
    }

    /// The draft writes the key as a quoted string; in practice it comes bare.
    private static func idempotencyKey(_ request: Request) -> String? {
        guard let value = request.headers["idempotency-key"] else { return nil }
        let isQuoted = value.utf8.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
        return isQuoted ? String(value.dropFirst().dropLast()) : value
    }

    static func isIdentifier(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// The W3C trace context that came along, when it has the form of one.
    static func traceparent(_ request: Request) -> String? {
        guard let text = request.headers["traceparent"], text.utf8.count == 55 else { return nil }
        let isRight = text.utf8.enumerated().allSatisfy { index, byte in
            if index == 2 || index == 35 || index == 52 { return byte == UInt8(ascii: "-") }
            return (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
        }
        return isRight ? text : nil
    }
}
