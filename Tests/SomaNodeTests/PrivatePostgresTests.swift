import Glibc
import Postgres
import SomaNode
import Testing

@Suite(.enabled(if: (try? PostgresPrograms.find()) != nil, "PostgreSQL is not installed"), .serialized)
struct PrivatePostgresTests {
    /// A folder whose parent nobody else may enter, as below `/root`.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = try Files.makeTemporaryFolder()
        defer { Files.removeTree(folder) }
        try body(folder + "/postgres")
    }

    private func write(_ server: borrowing PrivatePostgres, _ number: Int) throws {
        let connection = try Connection(server.url)
        try connection.execute("CREATE TABLE IF NOT EXISTS kept (number bigint); INSERT INTO kept VALUES (\(number))")
    }

    private func read(_ server: borrowing PrivatePostgres) throws -> [Int?] {
        try Connection(server.url).query("SELECT number FROM kept ORDER BY 1").map { try $0.int(0) }
    }

    @Test func `keeps its data over a stop, a kill and a lost owner`() throws {
        try withFolder { folder in
            let first = try PrivatePostgres(folder: folder)
            try write(first, 1)
            first.stop()
            #expect(!first.isRunning)

            let second = try PrivatePostgres(folder: folder)
            #expect(try read(second) == [1])
            try write(second, 2)
            kill(second.processID, SIGKILL)

            let third = try PrivatePostgres(folder: folder)
            #expect(try read(third) == [1, 2])
            try write(third, 3)

            // The third still runs: the next start stops it first.
            let fourth = try PrivatePostgres(folder: folder)
            #expect(!third.isRunning)
            #expect(try read(fourth) == [1, 2, 3])
            fourth.stop()
        }
    }

    @Test func `asks for the password`() throws {
        try withFolder { folder in
            let server = try PrivatePostgres(folder: folder, isDurable: false)
            defer { server.stop() }
            let port = server.url.split(separator: ":").last?.split(separator: "/").first ?? ""
            #expect(throws: PostgresError.self) { try Connection("postgresql://soma:wrong@127.0.0.1:\(port)/soma") }
        }
    }
}
