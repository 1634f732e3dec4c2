import Events
import JSON

/// A failure of processing, by what the runtime does next.
public struct ProcessingError: Error, Sendable, CustomStringConvertible {
    /// What the runtime does next.
    public enum Kind: String, Sendable {
        /// It may pass by itself: the record is tried again, in place and with backoff.
        case transient
        /// It will fail again: the record goes to the dead-letter topic.
        case permanent
        /// The bytes are not what the contract says: the record goes to the dead-letter topic.
        case undecodable
    }

    /// What the runtime does next.
    public let kind: Kind
    /// A stable word for counters and headers, such as `contract_violation`.
    public let code: String
    /// What was wrong, for people.
    ///
    /// No payloads, no secrets.
    public let message: String
    /// The type of the error underneath, for the dead letter's headers.
    public let cause: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - kind: What the runtime does next.
    ///   - code: A stable word from a small set.
    ///   - message: What was wrong, with values but without payloads.
    ///   - cause: The type of the error underneath.
    public init(_ kind: Kind, code: String, message: String, cause: String = "ProcessingError") {
        self.kind = kind
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// A failure that may pass by itself.
    public static func transient(_ code: String, _ message: String) -> ProcessingError {
        ProcessingError(.transient, code: code, message: message)
    }

    /// A failure that will come again with the same record.
    public static func permanent(_ code: String, _ message: String) -> ProcessingError {
        ProcessingError(.permanent, code: code, message: message)
    }

    /// Bytes that break the contract.
    public static func undecodable(_ message: String) -> ProcessingError {
        ProcessingError(.undecodable, code: "undecodable", message: message)
    }

    /// Code and message on one line.
    public var description: String { "\(code): \(message)" }

    /// Any error as one of these: broken contracts are undecodable, what is not known is permanent.
    public init(wrapping error: any Error) {
        switch error {
        case let error as ProcessingError: self = error
        case let error as EventError:
            self.init(.undecodable, code: "contract_violation", message: "\(error)", cause: "EventError")
        case let error as JSONError:
            self.init(.undecodable, code: "invalid_json", message: "\(error)", cause: "JSONError")
        default:
            self.init(.permanent, code: "processing_failed", message: "\(error)", cause: "\(Swift.type(of: error))")
        }
    }
}
