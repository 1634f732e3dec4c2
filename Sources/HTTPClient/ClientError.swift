/// Why a request has no whole answer.
///
/// A status of 4xx or 5xx is an answer, not one of these.
package enum ClientError: Error, Sendable, Equatable {
    /// The request itself cannot be sent: its URL, method or headers.
    case invalidRequest(String)
    /// The host's name has no address.
    case unknownHost(String)
    /// Nobody listens there, or the way is closed.
    case connectFailed(String)
    /// No connection within the deadline.
    case connectTimedOut
    /// No byte came for as long as the idle deadline.
    case idleTimedOut
    /// The answer was not whole by the total deadline.
    case totalTimedOut
    /// The connection ended before the answer did.
    case cutShort(String)
    /// The server's certificate or the handshake failed.
    case tlsFailed(String)
    /// The answer is longer than the request allows.
    case tooLong(limit: Int)
    case cancelled
    /// The client was stopped, or takes no more requests at once.
    case unavailable(String)

    /// True when the same request may succeed later.
    ///
    /// Whether it may be sent again is for the caller to say: the server may have acted on it.
    package var isRetriable: Bool {
        switch self {
        case .invalidRequest, .tlsFailed, .tooLong, .cancelled: false
        case .unknownHost, .connectFailed, .connectTimedOut, .idleTimedOut, .totalTimedOut, .cutShort, .unavailable:
            true
        }
    }

    /// True when the server cannot have seen the request.
    package var isBeforeSending: Bool {
        switch self {
        case .invalidRequest, .unknownHost, .connectFailed, .connectTimedOut, .tlsFailed, .unavailable: true
        case .idleTimedOut, .totalTimedOut, .cutShort, .tooLong, .cancelled: false
        }
    }

    /// A stable word for event fields and metric labels.
    package var code: String {
        switch self {
        case .invalidRequest: "invalid_request"
        case .unknownHost: "unknown_host"
        case .connectFailed: "connect_failed"
        case .connectTimedOut: "connect_timeout"
        case .idleTimedOut: "idle_timeout"
        case .totalTimedOut: "timeout"
        case .cutShort: "cut_short"
        case .tlsFailed: "tls_failed"
        case .tooLong: "response_too_long"
        case .cancelled: "cancelled"
        case .unavailable: "client_unavailable"
        }
    }
}

extension ClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidRequest(let reason): "the request cannot be sent: \(reason)"
        case .unknownHost(let reason): "the host is unknown: \(reason)"
        case .connectFailed(let reason): "no connection: \(reason)"
        case .connectTimedOut: "no connection within the deadline"
        case .idleTimedOut: "the server sent nothing for too long"
        case .totalTimedOut: "the answer was not whole by the deadline"
        case .cutShort(let reason): "the connection ended before the answer did: \(reason)"
        case .tlsFailed(let reason): "TLS failed: \(reason)"
        case .tooLong(let limit): "the answer is longer than \(limit) bytes"
        case .cancelled: "cancelled"
        case .unavailable(let reason): reason
        }
    }
}
