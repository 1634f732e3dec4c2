import Glibc
import Synchronization

/// A process that a test started; ended with the test, also when the test dies.
package final class ChildProcess: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package let processID: Int32
    private let exit = Exit()

    /// Starts a program with its output in a file.
    ///
    /// - Parameters:
    ///   - arguments: The program's path (or name, looked up in PATH) and its arguments.
    ///   - output: A file for standard output and error together; nil throws them away.
    ///   - environment: Added to the test's own environment.
    /// - Throws: `Failure` when the program cannot be started.
    package init(_ arguments: [String], output: String? = nil, environment: [String: String] = [:]) throws {
        // The kernel's parent-death signal follows the thread that made the child, so that thread stays until its end.
        let started = Exit()
        let exit = exit
        let launch = Launch(arguments: arguments, output: output, environment: environment)
        spawnThread {
            let processID = launch.start()
            started.set(processID)
            guard processID > 0 else { return }
            var status: Int32 = 0
            while waitpid(processID, &status, 0) < 0, errno == EINTR {}
            exit.set((status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f))
        }
        let processID = started.wait()
        guard processID > 0 else {
            throw Failure(description: "\(arguments[0]): \(String(cString: strerror(-processID)))")
        }
        self.processID = processID
    }

    deinit { if !exit.isSet { _ = kill(processID, SIGKILL) } }

    package var isRunning: Bool { !exit.isSet }

    package func signal(_ number: Int32) { if !exit.isSet { _ = kill(processID, number) } }

    /// Waits for the end: the exit code, or 128 and the signal's number.
    @discardableResult
    package func wait() -> Int32 { exit.wait() }

    /// Runs a program to its end and gives its exit code, standard output and error together.
    package static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> (
        status: Int32, output: String
    ) {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/output"
        let process = try ChildProcess(arguments, output: file, environment: environment)
        let status = process.wait()
        return (status, readFile(file))
    }
}

/// A number that is set once and waited for.
final class Exit: @unchecked Sendable {
    // Sendable holds: every access is under the lock.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Int32?

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        lock.deallocate()
        changed.deallocate()
    }

    var isSet: Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return value != nil
    }

    func set(_ newValue: Int32) {
        pthread_mutex_lock(lock)
        value = newValue
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }

    func wait() -> Int32 {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let value { return value }
            pthread_cond_wait(changed, lock)
        }
    }
}

private struct Launch: Sendable {
    let arguments: [String]
    let output: String?
    let environment: [String: String]

    /// The process id, or a negative errno.
    func start() -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output ?? "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // A socket of another test that lives on in this child would never be seen to close.
        for descriptor in 3..<4096 as Range<Int32> { posix_spawn_file_actions_addclose(&actions, descriptor) }
        let words = (["setpriv", "--pdeathsig", "KILL"] + arguments).map { strdup($0) }
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(strdup(variable))
            next += 1
        }
        variables += environment.map { strdup("\($0.key)=\($0.value)") }
        defer { for pointer in words + variables { free(pointer) } }
        var processID: pid_t = 0
        let status = posix_spawnp(&processID, "setpriv", &actions, nil, words + [nil], variables + [nil])
        return status == 0 ? processID : -status
    }
}

package func spawnThread(_ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, runThread, context.toOpaque())
    precondition(status == 0, "no thread: \(status)")
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
    return nil
}

/// A file's text; empty when it cannot be read.
package func readFile(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = fread(&block, 1, block.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(contentsOf: block[0..<count])
    }
}
