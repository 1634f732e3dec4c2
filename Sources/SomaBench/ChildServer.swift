import CLinux
import Glibc
import JSON

/// A server in a process of its own, with its first line of output as JSON and its CPU time and memory from /proc.
final class ChildServer {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let processID: pid_t
    /// Its first line of standard output.
    let ready: JSON
    /// From the start of the process to that line.
    let readyMilliseconds: Double

    /// Starts a program and waits for its first line.
    init(_ arguments: [String], logFile: String) throws {
        var pipeEnds: [Int32] = [0, 0]
        guard pipe(&pipeEnds) == 0 else { throw Failure(description: "pipe: errno \(errno)") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipeEnds[1], 1)
        for end in pipeEnds { posix_spawn_file_actions_addclose(&actions, end) }
        posix_spawn_file_actions_addopen(&actions, 2, logFile, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        let words = arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        let begin = Wall.seconds
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, arguments[0], &actions, nil, words + [nil], environ)
        close(pipeEnds[1])
        defer { close(pipeEnds[0]) }
        guard code == 0 else { throw Failure(description: "\(arguments[0]): errno \(code)") }
        processID = pid
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(pipeEnds[0], &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        readyMilliseconds = (Wall.seconds - begin) * 1000
        guard let json = try? JSON.parse(line) else {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw Failure(description: "\(arguments.joined(separator: " ")) did not get ready; see \(logFile)")
        }
        ready = json
    }

    var meter: ProcessMeter { ProcessMeter(processID) }

    func stop() {
        kill(processID, SIGTERM)
        waitpid(processID, nil, 0)
    }
}

/// Monotonic time for measurements.
enum Wall {
    static var nanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }

    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// A directory that is removed when the benchmark ends.
final class BenchDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/soma-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ChildServer.Failure(description: "mkdtemp: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
    }

    deinit {
        let words = (["rm", "-rf", path] as [String]).map { strdup($0) }
        var pid: pid_t = 0
        if posix_spawnp(&pid, "rm", nil, nil, words + [nil], environ) == 0 { waitpid(pid, nil, 0) }
        for word in words { free(word) }
    }
}
