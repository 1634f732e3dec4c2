import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: PrivatePostgres.isInstalled, "PostgreSQL 15 is not installed"))
struct ConnectionTests {
    let url: String
    let connection: Connection

    init() throws {
        url = try PrivatePostgres.shared.get().makeDatabase()
        connection = try Connection(url)
    }

    @Test func `gives every kind of parameter back as it was`() throws {
        let row = try connection.query(
            "SELECT $1::bool, $2::int4, $3::int8, $4::float8, $5::text, $6::bytea, $7::numeric, $8::jsonb, $9::uuid, $10::int8, $11::date",
            [
                true, .int4(-7), .int8(.max), .float8(0.25), "naïve \u{1F600}", .bytes([0, 255, 1]),
                .numeric("-1234567.000001"), .jsonb(#"{"a": [1]}"#), .uuid("0190163d-8694-739b-aea5-966c26f8ad91"), nil,
                .untyped("2026-01-02"),
            ]
        )[0]
        #expect(try row.bool(0) == true)
        #expect(try row.int(1) == -7)
        #expect(try row.int(2) == Int.max)
        #expect(try row.double(3) == 0.25)
        #expect(row.text(4) == "naïve \u{1F600}")
        #expect(try row.bytes(5) == [0, 255, 1])
        #expect(row.text(6) == "-1234567.000001")
        #expect(row.text(7) == #"{"a": [1]}"#)
        #expect(row.text(8) == "0190163d-8694-739b-aea5-966c26f8ad91")
        #expect(row.isNull(9))
        #expect(row.text(10) == "2026-01-02")
    }

    @Test func `sends times in microseconds since 1970`() throws {
        let rows = try connection.query(
            "SELECT $1::timestamptz::text",
            [.timestamptz(microseconds: 1_767_225_600_123_456)]
        )
        #expect(rows[0].text(0) == "2026-01-01 00:00:00.123456+00")
    }

    @Test(arguments: [
        "0", "-0", "0.0", "1", "10000", "9999.9999", "0.000001", "-0.00010000", "123456789012345678901234567890.5",
        "100000000", "1.", ".5", "00012.30", "+4",
    ])
    func `numeric text keeps its value and its scale`(text: String) throws {
        let row = try connection.query(
            "SELECT $1::numeric::text, ($2::text)::numeric::text",
            [.numeric(text), .text(text)]
        )[0]
        #expect(row.text(0) == row.text(1))
    }

    @Test(arguments: ["", "-", ".", "1e5", "1,0", "NaN", "--1", "1.2.3", "٣"])
    func `refuses what is not a decimal number`(text: String) {
        #expect(throws: PostgresError.self) { try connection.query("SELECT $1", [.numeric(text)]) }
    }

    @Test(arguments: [
        "", "0190163d", "0190163d-8694-739b-aea5-966c26f8ad9", "0190163d-8694-739b-aea5-966c26f8ad911",
        "0190163d_8694-739b-aea5-966c26f8ad91",
    ])
    func `refuses what is not a UUID`(text: String) {
        #expect(throws: PostgresError.self) { try connection.query("SELECT $1", [.uuid(text)]) }
    }

    @Test func `an empty text is not NULL`() throws {
        let row = try connection.query("SELECT $1::text, $2::bytea", ["", .bytes([])])[0]
        #expect(row.text(0) == "")
        #expect(try row.bytes(1) == [])
    }

    @Test func `reads a column of another type as an error`() throws {
        let row = try connection.query("SELECT 'x'")[0]
        #expect(throws: PostgresError.self) { try row.int(0) }
    }

    @Test func `names the server's error and stays usable`() throws {
        try connection.execute("CREATE TABLE t (id int8 PRIMARY KEY); INSERT INTO t VALUES (1)")
        let error = #expect(throws: PostgresError.self) { try connection.query("INSERT INTO t VALUES ($1)", [1]) }
        #expect(error?.sqlState == "23505")
        #expect(error?.constraint == "t_pkey")
        #expect(error?.table == "t")
        #expect(error?.isUniqueViolation == true)
        #expect(error?.isRetriable == false)
        #expect(try connection.query("SELECT count(*) FROM t")[0].int(0) == 1)
    }

    @Test func `an error in a transaction rolls it back`() throws {
        try connection.execute("CREATE TABLE t (id int8)")
        #expect(throws: PostgresError.self) {
            try connection.transaction { connection in
                try connection.query("INSERT INTO t VALUES (1)")
                try connection.query("SELECT 1/0")
            }
        }
        #expect(!connection.isInTransaction)
        #expect(try connection.query("SELECT count(*) FROM t")[0].int(0) == 0)
    }

    @Test func `a commit that the server turned into a rollback is an error`() throws {
        try connection.execute("CREATE TABLE t (id int8)")
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { connection in
                try connection.query("INSERT INTO t VALUES (1)")
                _ = try? connection.query("SELECT 1/0")
            }
        }
        #expect(error?.sqlState == "25P02")
    }

    @Test func `a deadlock and a serialization failure can be tried again`() throws {
        try connection.execute("CREATE TABLE t (id int8 PRIMARY KEY, n int8); INSERT INTO t VALUES (1, 0)")
        let other = try Connection(url)
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction(isolation: .serializable) { connection in
                _ = try connection.query("SELECT n FROM t")
                try other.execute("UPDATE t SET n = n + 1")
                try connection.query("UPDATE t SET n = n + 1")
            }
        }
        #expect(error?.sqlState == "40001")
        #expect(error?.isRetriable == true)
        #expect(error?.isConnectionLost == false)
    }

    @Test func `a connection that the server ends is lost and can be replaced`() throws {
        let victim = try Connection(url)
        let processID = try #require(try victim.query("SELECT pg_backend_pid()")[0].int(0))
        try connection.query("SELECT pg_terminate_backend($1::int4)", [.int4(Int32(processID))])
        let error = #expect(throws: PostgresError.self) { try victim.execute("SELECT 1") }
        #expect(error?.isConnectionLost == true)
        #expect(error?.isRetriable == true)
        #expect(!victim.isOpen)
        try Connection(url).execute("SELECT 1")
    }

    @Test func `says why no connection could be made`() {
        let error = #expect(throws: PostgresError.self) { try Connection("postgresql://nobody@127.0.0.1:1/x") }
        #expect(error?.kind == .connectionFailed)
        #expect(error?.isRetriable == true)
        #expect(error?.message.contains("refused") == true)
    }

    @Test func `a running statement can be cancelled from another thread`() throws {
        let canceller = try #require(Canceller(connection))
        let observer = try Connection(url)
        let processID = try #require(try connection.query("SELECT pg_backend_pid()")[0].int(0))
        let watching = observerReady(observer, processID: processID, then: canceller)
        let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT pg_sleep(30)") }
        #expect(error?.sqlState == "57014")
        _ = watching
    }

    /// Cancels as soon as the server shows the statement running.
    private func observerReady(_ observer: Connection, processID: Int, then canceller: Canceller) -> Bool {
        let box = Box(observer)
        spawnThread {
            for _ in 0..<1000 {
                let rows = try? box.connection.query(
                    "SELECT 1 FROM pg_stat_activity, pg_sleep(0.005) WHERE pid = $1::int8 AND query LIKE '%pg_sleep(30)%' AND state = 'active'",
                    [.int8(Int64(processID))]
                )
                if rows?.count == 1 { return canceller.cancel() }
            }
        }
        return true
    }

    private final class Box: @unchecked Sendable {
        // Sendable holds: handed to one thread, which alone uses it.
        let connection: Connection
        init(_ connection: Connection) { self.connection = connection }
    }
}
