import Glibc
import Postgres
import Synchronization

/// A PostgreSQL server of the tests' own: in a temporary folder, reached by a Unix socket, without fsync.
///
/// `shared` is started by the first test that asks and stopped when the test process ends.
package final class PrivatePostgres: Sendable {
    package static let shared: Result<PrivatePostgres, any Error> = Result {
        let server = try PrivatePostgres()
        atexit(stopSharedPostgres)
        return server
    }

    private static let programs = "/usr/lib/postgresql/15/bin"

    /// False where PostgreSQL 15 is not installed: then tests that need it are skipped.
    package static var isInstalled: Bool { access(programs + "/postgres", X_OK) == 0 }

    package let directory: TemporaryDirectory
    private let process: ChildProcess
    private let databaseCount = Atomic<Int>(0)

    package init() throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        let data = directory.path + "/data"
        // PostgreSQL refuses to run as root; then everything is done as its own user.
        var asUser: [String] = []
        if getuid() == 0 {
            guard let user = getpwnam("postgres") else {
                throw ChildProcess.Failure(description: "no user postgres")
            }
            chown(directory.path, user.pointee.pw_uid, user.pointee.pw_gid)
            asUser = [
                "setpriv", "--reuid=\(user.pointee.pw_uid)", "--regid=\(user.pointee.pw_gid)", "--clear-groups",
                "--pdeathsig", "KILL",
            ]
        }
        let made = try ChildProcess.run(
            asUser + [
                Self.programs + "/initdb", "-D", data, "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-E",
                "UTF8", "--no-sync",
            ]
        )
        guard made.status == 0 else { throw ChildProcess.Failure(description: "initdb: \(made.output)") }
        process = try ChildProcess(
            asUser + [
                Self.programs + "/postgres", "-D", data, "-c", "listen_addresses=", "-c",
                "unix_socket_directories=\(directory.path)", "-c", "fsync=off",
            ],
            output: directory.path + "/log"
        )
        try waitUntilReady()
    }

    deinit { stop() }

    /// Where to connect, as `postgresql://` URL.
    package func url(database: String = "postgres") -> String {
        let host = directory.path.replacing("/", with: "%2F")
        return "postgresql://postgres@\(host)/\(database)"
    }

    /// Makes an empty database and gives its URL.
    package func makeDatabase() throws -> String {
        let name = "test\(databaseCount.add(1, ordering: .relaxed).newValue)"
        try Connection(url()).execute("CREATE DATABASE \(name)")
        return url(database: name)
    }

    package func stop() {
        process.signal(SIGQUIT)
        process.wait()
        directory.remove()
    }

    private func waitUntilReady() throws {
        for _ in 0..<1000 {
            if (try? Connection(url())) != nil { return }
            guard process.isRunning else { break }
            usleep(10_000)
        }
        throw ChildProcess.Failure(description: "PostgreSQL did not start: \(readFile(directory.path + "/log"))")
    }
}

private func stopSharedPostgres() {
    if case .success(let server) = PrivatePostgres.shared { server.stop() }
}
