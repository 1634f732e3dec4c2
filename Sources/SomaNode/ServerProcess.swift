private import CLinux
private import Glibc

/// A program that runs beside us and ends with us, also when we are killed.
package final class ServerProcess: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Who the program runs as; nil is ourselves.
    package struct User: Sendable {
        let userID: UInt32
        let groupID: UInt32
    }

    package let processID: Int32
    private let ended: Latch<Int32>

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: The program's path and its arguments.
    ///   - user: Another user to run as; needs root.
    ///   - folder: A descriptor that the program finds as number 9: the way into a folder whose parents it may not enter.
    ///   - log: A descriptor for its output.
    /// - Throws: `Failure` when it cannot be started.
    package init(_ arguments: [String], user: User?, folder: Int32, log: Int32) throws {
        var words = ["setpriv", "--pdeathsig", "QUIT"]
        if let user { words += ["--reuid=\(user.userID)", "--regid=\(user.groupID)", "--clear-groups"] }
        words += arguments
        let line = words
        let started = Latch<Int32>()
        let ended = Latch<Int32>()
        // The kernel's parent-death signal follows the thread that made the child: that thread stays until its end.
        spawnThread("child") {
            let processID = Self.spawn(line, folder: folder, log: log)
            started.set(processID)
            guard processID > 0 else { return }
            var status: Int32 = 0
            while waitpid(processID, &status, 0) < 0, errno == EINTR {}
            ended.set(status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f)
        }
        processID = started.wait()
        self.ended = ended
        guard processID > 0 else {
            throw Failure(description: "start \(arguments.first ?? ""): \(String(cString: strerror(-processID)))")
        }
    }

    package var isRunning: Bool { ended.current == nil }

    package func signal(_ number: Int32) { if isRunning { kill(processID, number) } }

    /// The exit code, or 128 and the number of the signal that ended it; nil when the time is over before.
    package func wait(for time: Duration) -> Int32? { ended.wait(for: time) }

    /// The process id, or a negative errno.
    private static func spawn(_ words: [String], folder: Int32, log: Int32) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, log, 1)
        posix_spawn_file_actions_adddup2(&actions, log, 2)
        posix_spawn_file_actions_adddup2(&actions, folder, 9)
        for descriptor in 3..<9 as Range<Int32> { posix_spawn_file_actions_addclose(&actions, descriptor) }
        // Whatever some library opened without close-on-exec.
        for descriptor in Files.names(in: "/proc/self/fd").compactMap({ Int32($0) }) where descriptor > 9 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Our threads block the signals that we wait for by descriptor; the program must not inherit that. Its own
        // process group keeps the terminal's Ctrl-C away: we stop it in our order.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP)
        )
        // The server reads a language and time zone from nowhere else than its own settings.
        let variables = [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC",
        ]
        let arguments = words.map { strdup($0) }
        let environment = variables.map { strdup($0) }
        defer { for pointer in arguments + environment { free(pointer) } }
        var processID: pid_t = 0
        let code = posix_spawnp(&processID, "setpriv", &actions, &attributes, arguments + [nil], environment + [nil])
        return code == 0 ? processID : -code
    }
}

/// Starts a thread that nobody waits for by name: it ends with what it does.
package func spawnThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, runThread, context.toOpaque())
    precondition(code == 0, "cannot start thread \(name): error \(code)")
    pthread_detach(thread)
}

private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue()
    soma_name_thread(start.name)
    start.body()
    return nil
}
