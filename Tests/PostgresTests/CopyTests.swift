import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: PrivatePostgres.isInstalled, "PostgreSQL 15 is not installed"))
struct CopyTests {
    let connection: Connection

    init() throws {
        connection = try Connection(PrivatePostgres.shared.get().makeDatabase())
        try connection.execute(
            """
            CREATE TABLE t (id int8 PRIMARY KEY, n int4, name text, body bytea, at timestamptz, amount numeric(30, 6),
              data jsonb, ok bool, uid uuid, ratio float8)
            """
        )
    }

    @Test func `copies every type and reads it back`() throws {
        let count = try connection.copyIn("t") { (copy) throws(PostgresError) in
            try copy.row(columns: 10)
            copy.int8(1)
            copy.int4(-2)
            try copy.text("a\tb\\\n\u{1F600}")
            try copy.bytea([0, 1, 255])
            try copy.timestamptz(microseconds: 1)
            try copy.numeric("12345.678901")
            try copy.jsonb(#"{"k":"v"}"#)
            copy.bool(true)
            try copy.uuid("0190163d-8694-739b-aea5-966c26f8ad91")
            copy.float8(-0.5)
            try copy.row(columns: 10)
            copy.int8(2)
            for _ in 0..<9 { copy.null() }
        }
        #expect(count == 2)
        let rows = try connection.query("SELECT * FROM t ORDER BY id")
        #expect(try rows[0].int(1) == -2)
        #expect(rows[0].text(2) == "a\tb\\\n\u{1F600}")
        #expect(try rows[0].bytes(3) == [0, 1, 255])
        #expect(rows[0].text(4) == "1970-01-01 00:00:00.000001+00")
        #expect(rows[0].text(5) == "12345.678901")
        #expect(rows[0].text(6) == #"{"k": "v"}"#)
        #expect(try rows[0].bool(7) == true)
        #expect(rows[0].text(8) == "0190163d-8694-739b-aea5-966c26f8ad91")
        #expect(try rows[0].double(9) == -0.5)
        #expect((1..<10).allSatisfy { rows[1].isNull($0) })
    }

    @Test func `copies more rows than one block holds`() throws {
        let count = try connection.copyIn("t (id, name)") { (copy) throws(PostgresError) in
            for id in 0..<50_000 {
                try copy.row(columns: 2)
                copy.int8(Int64(id))
                try copy.text("a name of a middling length, number \(id)")
            }
        }
        #expect(count == 50_000)
        #expect(try connection.query("SELECT count(DISTINCT name) FROM t")[0].int(0) == 50_000)
    }

    @Test func `keeps nothing when a row breaks a rule, and says which rule`() throws {
        let error = #expect(throws: PostgresError.self) {
            try connection.copyIn("t (id)") { (copy) throws(PostgresError) in
                for id in [1, 2, 2] as [Int64] {
                    try copy.row(columns: 1)
                    copy.int8(id)
                }
            }
        }
        #expect(error?.sqlState == "23505")
        #expect(try connection.query("SELECT count(*) FROM t")[0].int(0) == 0)
    }

    @Test func `keeps nothing when the writer gives up`() throws {
        let error = #expect(throws: PostgresError.self) {
            try connection.copyIn("t (id, amount)") { (copy) throws(PostgresError) in
                try copy.row(columns: 2)
                copy.int8(1)
                try copy.numeric("12 apples")
            }
        }
        #expect(error?.kind == .invalidValue)
        #expect(connection.isOpen)
        #expect(try connection.query("SELECT count(*) FROM t")[0].int(0) == 0)
    }

    @Test func `a row that cannot be encoded can be left out`() throws {
        let count = try connection.copyIn("t (id, amount)") { (copy) throws(PostgresError) in
            for (id, amount) in ["1.5", "12 apples", "2.5"].enumerated() {
                try copy.row(columns: 2)
                copy.int8(Int64(id))
                do throws(PostgresError) { try copy.numeric(amount) } catch { copy.discardRow() }
            }
        }
        #expect(count == 2)
        #expect(try connection.query("SELECT sum(amount)::text FROM t")[0].text(0) == "4.000000")
    }

    @Test func `refuses a text with a zero byte and stays usable`() throws {
        let error = #expect(throws: PostgresError.self) {
            try connection.copyIn("t (id, name)") { (copy) throws(PostgresError) in
                try copy.row(columns: 2)
                copy.int8(1)
                try copy.text("a\0b")
            }
        }
        #expect(error?.sqlState == "22021")
        #expect(try connection.query("SELECT 1")[0].int(0) == 1)
    }

    @Test func `rows and an offset commit together`() throws {
        try connection.execute("CREATE TABLE offsets (partition int4 PRIMARY KEY, next int8)")
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try connection.transaction { connection in
                try connection.copyIn("t (id)") { (copy) throws(PostgresError) in
                    try copy.row(columns: 1)
                    copy.int8(1)
                }
                try connection.query("INSERT INTO offsets VALUES (0, 1)")
                throw Stop()
            }
        }
        #expect(try connection.query("SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM offsets)")[0].int(0) == 0)
    }
}
