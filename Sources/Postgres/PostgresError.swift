/// What went wrong in a call to PostgreSQL, grouped by what the caller does next.
package struct PostgresError: Error, Sendable, Equatable {
    /// The part that failed.
    package enum Kind: Sendable, Equatable {
        /// No connection could be made.
        case connectionFailed
        /// The connection went away; the transaction in flight, if any, did not commit.
        case connectionLost
        /// The connection went away while COMMIT was in flight; the rows may be there or not.
        case commitUnknown
        /// The server refused the statement.
        case server
        /// A value cannot be sent, or a column cannot be read as the type asked for.
        case invalidValue
    }

    package var kind: Kind
    /// What was being done, for people.
    package var operation: String
    package var message: String
    /// The five characters that say which error it is; nil when the server had no part in it.
    package var sqlState: String?
    package var detail: String?
    package var hint: String?
    package var constraint: String?
    package var table: String?
    package var column: String?

    package init(_ kind: Kind, operation: String, message: String, sqlState: String? = nil) {
        self.kind = kind
        self.operation = operation
        self.message = message
        self.sqlState = sqlState
    }

    /// True when this connection is of no more use and a new one is needed.
    package var isConnectionLost: Bool {
        switch kind {
        case .connectionFailed, .connectionLost, .commitUnknown: true
        case .server: sqlState.map { $0.hasPrefix("08") || $0.hasPrefix("57P0") } ?? false
        case .invalidValue: false
        }
    }

    /// True when the same work, done again from its start, may succeed.
    ///
    /// After `commitUnknown` the work must first find out whether it was committed; for work that stores its offsets with
    /// its rows, reading the offsets again says so.
    package var isRetriable: Bool {
        if isConnectionLost { return true }
        guard kind == .server, let sqlState else { return false }
        // 40 rollback by the server (serialization, deadlock), 53 no resources, 55P03 lock timeout, 58 system error.
        return sqlState.hasPrefix("40") || sqlState.hasPrefix("53") || sqlState == "55P03" || sqlState.hasPrefix("58")
    }

    package var isUniqueViolation: Bool { sqlState == "23505" }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        var text = "\(operation): \(message)"
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if let detail { text += "; \(detail)" }
        if let hint { text += "; \(hint)" }
        return text
    }
}
