import CLibPQ

extension Connection {
    /// Copies rows into a table, all or none.
    ///
    /// - Parameters:
    ///   - target: The table and its columns as SQL wants them: `usage (id, tenant, tokens)`. Never from outside.
    ///   - write: Writes the rows. When it throws, nothing is copied.
    /// - Returns: How many rows the server took.
    /// - Throws: What `write` threw, or the server's refusal.
    @discardableResult
    package func copyIn(
        _ target: String,
        _ write: (inout CopyWriter) throws(PostgresError) -> Void
    ) throws(PostgresError) -> Int {
        let operation = "COPY \(target.prefix(60))"
        let start = try check(PQexec(handle, "COPY \(target) FROM STDIN (FORMAT binary)"), operation: operation)
        guard PQresultStatus(start.result) == PGRES_COPY_IN else {
            throw PostgresError(.invalidValue, operation: operation, message: "the server does not take rows")
        }
        var writer = CopyWriter(handle: handle, operation: operation)
        do throws(PostgresError) {
            try write(&writer)
            try writer.finish()
        } catch {
            guard isOpen, PQputCopyEnd(handle, "ended by the client") == 1 else { throw error }
            do throws(PostgresError) {
                try drain(operation)
            } catch let answer {
                // A send that failed says less than the server's own words.
                throw error.kind == .connectionLost ? answer : error
            }
            throw error
        }
        guard PQputCopyEnd(handle, nil) == 1 else { throw lost(operation) }
        return try drain(operation)
    }

    @discardableResult
    private func drain(_ operation: String) throws(PostgresError) -> Int {
        var failure: PostgresError?
        var count = 0
        var isAnswered = false
        while let result = PQgetResult(handle) {
            isAnswered = true
            do throws(PostgresError) {
                count += try check(result, operation: operation).affectedRowCount
            } catch {
                failure = failure ?? error
            }
            // A broken connection gives the same result for ever.
            if !isOpen { break }
        }
        if let failure { throw failure }
        guard isAnswered else { throw lost(operation) }
        return count
    }
}
