import CLibPQ

extension Connection {
    /// How much of other transactions a transaction sees.
    package enum Isolation: String, Sendable {
        case readCommitted = "READ COMMITTED"
        case repeatableRead = "REPEATABLE READ"
        case serializable = "SERIALIZABLE"
    }

    /// Runs work in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// - Throws: What the work threw, or the error of BEGIN or COMMIT. A connection that breaks during COMMIT gives
    ///   `commitUnknown`: only a look at the tables says what happened.
    package func transaction<Result>(
        isolation: Isolation = .readCommitted,
        _ work: (Connection) throws -> Result
    ) throws -> Result {
        try execute("BEGIN ISOLATION LEVEL \(isolation.rawValue)")
        let result: Result
        do {
            result = try work(self)
        } catch {
            // The first error is the one to report; a failed rollback means a lost connection, which rolls back as well.
            if isOpen { try? execute("ROLLBACK") }
            throw error
        }
        try commit()
        return result
    }

    private func commit() throws(PostgresError) {
        do throws(PostgresError) {
            let rows = try check(PQexec(handle, "COMMIT"), operation: "COMMIT")
            // COMMIT of a transaction with a failed statement is answered by a quiet ROLLBACK.
            guard String(cString: PQcmdStatus(rows.result)) == "COMMIT" else {
                throw PostgresError(
                    .server,
                    operation: "COMMIT",
                    message: "the transaction was rolled back",
                    sqlState: "25P02"
                )
            }
        } catch {
            guard error.kind == .connectionLost else { throw error }
            var unknown = error
            unknown.kind = .commitUnknown
            throw unknown
        }
    }
}
