import CLibPQ

/// A session with a PostgreSQL server.
///
/// Calls block until the server has answered: use a connection from a thread of your own, one thread at a time, never
/// from Swift's cooperative pool. A lost connection stays lost; make a new one, which costs about a millisecond.
package final class Connection {
    let handle: OpaquePointer

    /// Connects to a server.
    ///
    /// - Parameters:
    ///   - conninfo: A `postgresql://` URL or libpq's `key=value` form.
    ///   - applicationName: Shown in `pg_stat_activity`.
    ///   - connectTimeoutSeconds: For each address that the name resolves to; libpq's least is 2.
    ///   - statementTimeoutMilliseconds: The server ends a longer statement; 0 is no limit.
    /// - Throws: `connectionFailed` with libpq's own words.
    package init(
        _ conninfo: String,
        applicationName: String = "soma",
        connectTimeoutSeconds: Int = 10,
        statementTimeoutMilliseconds: Int = 60_000
    ) throws(PostgresError) {
        // A peer that vanished without a word is noticed within about 30 s, by keep-alives when idle and by the kernel's
        // resend timeout when busy.
        let settings: [(String, String)] = [
            ("dbname", conninfo),
            ("application_name", applicationName),
            ("connect_timeout", String(connectTimeoutSeconds)),
            ("client_encoding", "UTF8"),
            ("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
        ]
        let handle = Self.withCStrings(settings) { names, values in PQconnectdbParams(names, values, 1) }
        guard let handle else {
            throw PostgresError(.connectionFailed, operation: "connect to PostgreSQL", message: "out of memory")
        }
        guard PQstatus(handle) == CONNECTION_OK else {
            let message = Self.message(of: handle)
            PQfinish(handle)
            throw PostgresError(.connectionFailed, operation: "connect to PostgreSQL", message: message)
        }
        self.handle = handle
        // Notices are chatter; by default libpq prints them on the error output.
        PQsetNoticeReceiver(handle, discardNotice, nil)
        try execute(
            """
            SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET bytea_output = 'hex'; \
            SET client_min_messages = warning; SET statement_timeout = \(statementTimeoutMilliseconds)
            """
        )
    }

    deinit { PQfinish(handle) }

    /// False once the connection is known to be lost; true says nothing about the next call.
    package var isOpen: Bool { PQstatus(handle) == CONNECTION_OK }

    package var isInTransaction: Bool {
        let status = PQtransactionStatus(handle)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE
    }

    /// Major version times 10,000, as libpq gives it: 150020 is 15.20.
    package var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// Runs one or several statements without parameters; rows are thrown away.
    package func execute(_ sql: String) throws(PostgresError) {
        _ = try check(PQexec(handle, sql), operation: Self.summary(of: sql))
    }

    /// Runs one statement with parameters and gives its rows, columns in text form.
    @discardableResult
    package func query(_ sql: String, _ parameters: [Parameter] = []) throws(PostgresError) -> Rows {
        guard parameters.count <= Int(UInt16.max) else {
            throw PostgresError(
                .invalidValue,
                operation: Self.summary(of: sql),
                message: "\(parameters.count) parameters; 65535 at most"
            )
        }
        // One block holds all values, so that the pointers stay good for the call.
        var block: [UInt8] = []
        var starts: [Int?] = []
        var lengths: [Int32] = []
        for parameter in parameters {
            guard let bytes = try parameter.encoded() else {
                starts.append(nil)
                lengths.append(0)
                continue
            }
            guard let length = Int32(exactly: bytes.count) else {
                throw PostgresError(
                    .invalidValue,
                    operation: Self.summary(of: sql),
                    message: "a parameter is over 2 GiB"
                )
            }
            starts.append(block.count)
            lengths.append(length)
            block.append(contentsOf: bytes)
        }
        // An empty value still needs a pointer, or libpq sends NULL.
        block.append(0)
        let types = parameters.map(\.typeOID)
        let formats = parameters.map { $0.isBinary ? Int32(1) : 0 }
        let result = block.withUnsafeBufferPointer { block in
            let pointers: [UnsafePointer<CChar>?] = starts.map { start in
                guard let start, let base = block.baseAddress else { return nil }
                return UnsafeRawPointer(base + start).assumingMemoryBound(to: CChar.self)
            }
            return PQexecParams(handle, sql, Int32(parameters.count), types, pointers, lengths, formats, 0)
        }
        return try check(result, operation: Self.summary(of: sql))
    }

    /// Takes a C result over; throws the server's words when it is an error.
    func check(_ result: OpaquePointer?, operation: String) throws(PostgresError) -> Rows {
        guard let result else { throw lost(operation) }
        let rows = Rows(result: result)
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY, PGRES_COPY_IN: return rows
        case PGRES_COPY_OUT, PGRES_COPY_BOTH:
            // Nothing reads it, so the connection would stay stuck in copy mode.
            throw PostgresError(.invalidValue, operation: operation, message: "COPY TO is not supported")
        default: throw serverError(result, operation: operation)
        }
    }

    func lost(_ operation: String) -> PostgresError {
        PostgresError(.connectionLost, operation: operation, message: Self.message(of: handle))
    }

    private func serverError(_ result: OpaquePointer, operation: String) -> PostgresError {
        func field(_ code: UnicodeScalar) -> String? {
            PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
        }
        let sqlState = field("C")
        // Without an SQLSTATE the words are libpq's own: the connection broke.
        let isLost = sqlState == nil || PQstatus(handle) != CONNECTION_OK
        var error = PostgresError(
            isLost ? .connectionLost : .server,
            operation: operation,
            message: field("M") ?? Self.message(of: handle),
            sqlState: sqlState
        )
        error.detail = field("D")
        error.hint = field("H")
        error.constraint = field("n")
        error.table = field("t")
        error.column = field("c")
        return error
    }

    private static func message(of handle: OpaquePointer) -> String {
        var text = String(cString: PQerrorMessage(handle))
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text.isEmpty ? "the connection is closed" : text
    }

    /// The statement's first words, for error messages; values travel as parameters, so none is shown.
    static func summary(of sql: String) -> String {
        let words = sql.split(whereSeparator: \.isWhitespace).prefix(4).joined(separator: " ")
        return words.isEmpty ? "empty statement" : String(words.prefix(60))
    }

    private static func withCStrings<Result>(
        _ settings: [(String, String)],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        var block: [CChar] = []
        var starts: [Int] = []
        for (name, value) in settings {
            for text in [name, value] {
                starts.append(block.count)
                block.append(contentsOf: text.utf8CString)
            }
        }
        return block.withUnsafeBufferPointer { block in
            let pointers = starts.map { start in block.baseAddress.map { $0 + start } }
            let names = stride(from: 0, to: pointers.count, by: 2).map { pointers[$0] } + [nil]
            let values = stride(from: 1, to: pointers.count, by: 2).map { pointers[$0] } + [nil]
            return body(names, values)
        }
    }
}

private func discardNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {}
