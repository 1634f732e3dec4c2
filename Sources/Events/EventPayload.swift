public import JSON

/// The data of an event of one type; conforming types are generated from `schemas/`.
public protocol EventPayload: Sendable {
    /// The event type, such as `slm.request`.
    static var type: String { get }
    /// The contract: `<type>/v<N>`.
    static var schemaID: String { get }
    /// The topic that carries this type.
    static var topic: String { get }
    /// The ordering key of a record with this data.
    ///
    /// - Parameter tenant: The tenant of the envelope, for types keyed by it.
    /// - Returns: The key as text; empty when the data has none.
    func key(tenant: String) -> String
    /// Reads the data.
    ///
    /// - Throws: `EventError` that names the member and what is wrong with it.
    init(json: JSONView) throws(EventError)
    /// Writes the data as one JSON object.
    func write(to json: inout JSONWriter)
}

extension EventPayload {
    /// The data as UTF-8 JSON.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Reads the data from the bytes of a record.
    ///
    /// - Throws: `EventError` when the bytes are no JSON or break the contract.
    public init(bytes: UnsafeRawBufferPointer) throws(EventError) {
        do {
            self = try JSONView.parse(bytes) { try Self(json: $0) }
        } catch let error as EventError {
            throw error
        } catch {
            throw EventError(type: Self.type, member: "", reason: "\(error)")
        }
    }
}

/// Data that breaks the contract of its type.
public struct EventError: Error, Equatable, CustomStringConvertible {
    /// The event type.
    public let type: String
    /// JSON pointer to the member; empty for the whole value.
    public let member: String
    /// What is wrong with it.
    public let reason: String

    /// Makes an error.
    public init(type: String, member: String, reason: String) {
        self.type = type
        self.member = member
        self.reason = reason
    }

    /// Type, member and reason on one line.
    public var description: String { "\(type)\(member.isEmpty ? "" : " \(member)"): \(reason)" }
}
