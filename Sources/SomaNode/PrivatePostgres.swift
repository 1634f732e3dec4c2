private import CLinux
private import Crypto
private import Glibc
private import Postgres
private import Telemetry

/// A PostgreSQL server of our own: durable, on a loopback port that was free, with a generated password.
///
/// Its files lie in `<folder>`. It ends when this process ends, however that happens; what a killed server left behind
/// is found and dealt with at the next start.
package final class PrivatePostgres: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Where to connect, with the password in it.
    package let url: String
    package let processID: Int32
    private let process: ServerProcess
    private let folderDescriptor: Int32

    private static let log = Logger("postgres")
    private static let startSeconds = 30
    /// The child's name of the folder: entered through a descriptor, because a server that runs as another user may be
    /// kept out of a folder above it, such as `/root`.
    private static let folderInChild = "/proc/self/fd/9"

    /// Starts the server, making its files first when there are none; blocks until it takes connections.
    ///
    /// - Parameters:
    ///   - folder: For its files; made when missing, never shared with anything else.
    ///   - isDurable: False leaves the disk alone, for data that is thrown away.
    /// - Throws: `Failure` or `Files.Failure` that names what to look at.
    package init(folder: String, isDurable: Bool = true) throws {
        let programs = try PostgresPrograms.find()
        let user = try Self.serverUser()
        let password = try Self.password(beside: folder)
        let log = open(folder + ".log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw Files.Failure("open", folder + ".log") }
        defer { close(log) }
        if !Files.isFolder(folder) {
            try Self.initialise(folder, programs, user, password: password, isDurable: isDurable, log: log)
        }
        try Self.stopSurvivor(of: folder)
        folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folderDescriptor >= 0 else { throw Files.Failure("open", folder) }
        var lastProblem = ""
        for _ in 0..<5 {
            let port = try FreePort.find()
            let process = try ServerProcess(
                Self.command(programs, port: port, isDurable: isDurable),
                user: user,
                folder: folderDescriptor,
                log: log
            )
            if let problem = Self.waitUntilReady(process, folder) {
                // A port that somebody else took in between, or the last moments of killed server processes.
                lastProblem = problem
                continue
            }
            self.process = process
            processID = process.processID
            url = "postgresql://soma:\(password)@127.0.0.1:\(port)/soma"
            try Self.makeDatabase(port: port, password: password)
            return
        }
        close(folderDescriptor)
        throw Failure(description: "PostgreSQL does not start: \(lastProblem); its log is \(folder).log")
    }

    deinit { close(folderDescriptor) }

    /// Stops the server: connections are ended, what was committed is on disk.
    package func stop() {
        process.signal(SIGINT)
        if process.wait(for: .seconds(3)) != nil { return }
        Self.log.warning("is slow to stop; it recovers at the next start", ["pid": .integer(Int64(processID))])
        process.signal(SIGQUIT)
        if process.wait(for: .seconds(1)) == nil { process.signal(SIGKILL) }
    }

    package var isRunning: Bool { process.isRunning }

    private static func command(_ programs: PostgresPrograms, port: UInt16, isDurable: Bool) -> [String] {
        let settings = [
            "listen_addresses=127.0.0.1", "port=\(port)", "unix_socket_directories=",
            "fsync=\(isDurable ? "on" : "off")", "synchronous_commit=\(isDurable ? "on" : "off")",
            // Sized for one machine's worth of sinks; no replication is ever taken from here.
            "max_connections=40", "shared_buffers=64MB", "wal_level=minimal", "max_wal_senders=0", "jit=off",
            "max_wal_size=512MB", "log_min_messages=warning", "log_checkpoints=off", "cluster_name=soma",
        ]
        return [programs.postgres, "-D", folderInChild] + settings.flatMap { ["-c", $0] }
    }

    /// PostgreSQL refuses to run as root: then it runs as the user of that name.
    private static func serverUser() throws -> ServerProcess.User? {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) {
                return ServerProcess.User(userID: entry.pointee.pw_uid, groupID: entry.pointee.pw_gid)
            }
        }
        throw Failure(description: "PostgreSQL does not run as root, and there is no user postgres to run it as")
    }

    private static func password(beside folder: String) throws -> String {
        let file = folder + ".password"
        if Files.isFolder(folder), let kept = try Files.text(file), !kept.isEmpty { return kept }
        let made = Hex.encode(Secrets.random(16))
        try Files.write(made, to: file)
        return made
    }

    /// Makes the files beside their place and moves them there when they are whole.
    private static func initialise(
        _ folder: String,
        _ programs: PostgresPrograms,
        _ user: ServerProcess.User?,
        password: String,
        isDurable: Bool,
        log: Int32
    ) throws {
        let beside = folder + ".new"
        Files.removeTree(beside)
        try Files.makeFolder(beside, mode: 0o700)
        if let user, chown(beside, user.userID, user.groupID) != 0 { throw Files.Failure("give away", beside) }
        let descriptor = open(beside, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Files.Failure("open", beside) }
        defer { close(descriptor) }
        var passwordFile = Array("/tmp/soma-XXXXXX".utf8CString)
        let written = mkstemp(&passwordFile)
        guard written >= 0 else { throw Files.Failure("create", "/tmp/soma-XXXXXX") }
        defer {
            unlink(passwordFile)
            close(written)
        }
        let bytes = Array((password + "\n").utf8)
        guard write(written, bytes, bytes.count) == bytes.count else { throw Files.Failure("write", "/tmp") }
        if let user, fchown(written, user.userID, user.groupID) != 0 { throw Files.Failure("give away", "/tmp") }
        let path = String(decoding: passwordFile.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let arguments = [
            programs.initdb, "-D", folderInChild, "-U", "soma", "-A", "scram-sha-256", "--pwfile=\(path)",
            "--locale=C.UTF-8", "-E", "UTF8",
        ]
        let made = try ServerProcess(
            arguments + (isDurable ? [] : ["--no-sync"]),
            user: user,
            folder: descriptor,
            log: log
        )
        guard let status = made.wait(for: .seconds(120)), status == 0 else {
            made.signal(SIGKILL)
            throw Failure(description: "initdb failed; see \(folder).log")
        }
        guard rename(beside, folder) == 0 else { throw Files.Failure("rename", beside) }
    }

    /// Stops a server that outlived us on this folder.
    private static func stopSurvivor(of folder: String) throws {
        guard let text = try Files.text(folder + "/postmaster.pid"),
            let line = text.split(separator: "\n").first, let processID = Int32(line), processID > 1,
            isPostmaster(processID, of: folder)
        else { return }
        log.info("stopping a server that outlived its owner", ["pid": .integer(Int64(processID))])
        for (signal, tries) in [(SIGINT, 500), (SIGQUIT, 200), (SIGKILL, 200)] {
            kill(processID, signal)
            for _ in 0..<tries {
                if !isPostmaster(processID, of: folder) { return }
                usleep(10_000)
            }
        }
        throw Failure(description: "a PostgreSQL server (pid \(processID)) holds \(folder) and does not stop")
    }

    /// A postmaster stands in its data folder; a number in a file may by now be anybody's.
    private static func isPostmaster(_ processID: Int32, of folder: String) -> Bool {
        var there = stat()
        var ours = stat()
        return stat("/proc/\(processID)/cwd", &there) == 0 && stat(folder, &ours) == 0
            && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino
    }

    /// What is wrong, or nil when the server takes connections.
    private static func waitUntilReady(_ process: ServerProcess, _ folder: String) -> String? {
        for _ in 0..<startSeconds * 200 {
            // The eighth line of the file tells the state.
            let lines = (try? Files.text(folder + "/postmaster.pid"))??.split(
                separator: "\n",
                omittingEmptySubsequences: false
            )
            if let lines, lines.count >= 8, lines[0] == "\(process.processID)", lines[7].hasPrefix("ready") {
                return nil
            }
            if let status = process.wait(for: .milliseconds(5)) { return "it ended with status \(status)" }
        }
        process.signal(SIGQUIT)
        return "it is not ready after \(startSeconds) s"
    }

    private static func makeDatabase(port: UInt16, password: String) throws {
        let connection = try Connection("postgresql://soma:\(password)@127.0.0.1:\(port)/template1")
        let found = try connection.query("SELECT 1 FROM pg_database WHERE datname = 'soma'")
        if found.count == 0 { try connection.execute("CREATE DATABASE soma TEMPLATE template0") }
    }
}
