import Foundation
import JSON
import TestSupport

/// Which log the platform under test stands on.
enum LogKind: String, CaseIterable, Sendable {
    case embedded
    case apacheKafka

    /// The kinds that can run here: Apache Kafka when `KAFKA_HOME` is set.
    static var available: [LogKind] {
        ProcessInfo.processInfo.environment["KAFKA_HOME"] == nil ? [.embedded] : allCases
    }
}

/// A whole platform in a process of its own: `soma dev` on a directory and ports of its own.
final class Platform {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let directory: TemporaryDirectory
    private let kafka: ApacheKafka?
    private let environment: [String: String]
    private let portOffset: Int
    private(set) var process: ChildProcess
    private(set) var ready: JSON

    /// The program under test, beside the test bundle.
    static var soma: String {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return bundle.appendingPathComponent("soma").path
    }

    var broker: String { ready["broker"]?.string ?? "" }
    var http: String { ready["http"]?.string ?? "" }
    var postgres: String { ready["postgres"]?.string ?? "" }
    var key: String { ready["api_key"]?.string ?? "" }
    var log: String { readFile(directory.path + "/log") }

    init(_ kind: LogKind, environment: [String: String] = [:]) throws {
        directory = try TemporaryDirectory()
        chmod(directory.path, 0o755)
        kafka = kind == .apacheKafka ? try ApacheKafka(data: directory.path + "/kafka") : nil
        self.environment = environment
        portOffset = try freePortOffset()
        (process, ready) = try Self.start(directory.path, portOffset, kafka, environment)
    }

    /// Ends the platform without any warning and starts it again on the same data.
    func killAndRestart() throws {
        process.signal(SIGKILL)
        process.wait()
        (process, ready) = try Self.start(directory.path, portOffset, kafka, environment)
    }

    /// Asks the platform to stop: exit code and seconds it took.
    func stop() -> (status: Int32, seconds: Double) {
        let begin = Date()
        process.signal(SIGTERM)
        return (process.wait(), Date().timeIntervalSince(begin))
    }

    private static func start(
        _ directory: String,
        _ offset: Int,
        _ kafka: ApacheKafka?,
        _ environment: [String: String]
    ) throws -> (ChildProcess, JSON) {
        let pipe = directory + "/ready"
        unlink(pipe)
        guard mkfifo(pipe, 0o600) == 0 else { throw Failure(description: "mkfifo \(pipe): \(errno)") }
        let external = kafka.map { "--external \($0.bootstrap)" } ?? ""
        let command =
            "exec '\(soma)' dev --data '\(directory)/data' --port-offset \(offset) -o json \(external) "
            + "> '\(pipe)' 2>> '\(directory)/log'"
        let process = try ChildProcess(["bash", "-c", command], environment: environment)
        // Reading blocks until the line is there, or ends with the process.
        guard let line = firstLine(pipe), let ready = try? JSON.parse(line) else {
            process.signal(SIGKILL)
            throw Failure(description: "soma dev did not get ready:\n\(readFile(directory + "/log").suffix(4000))")
        }
        return (process, ready)
    }

    private static func firstLine(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        guard getline(&line, &capacity, file) > 0, let line else { return nil }
        return String(cString: line)
    }

    /// Runs a program of the command line; its standard output and error together.
    func soma(_ arguments: String...) throws -> (status: Int32, output: String) {
        try ChildProcess.run(["timeout", "60", Self.soma] + arguments + ["-b", broker])
    }

    /// Sends a request with curl: status and body.
    func request(
        _ method: String,
        _ path: String,
        body: String? = nil,
        headers: [String] = [],
        authorized: Bool = true
    ) throws -> (status: Int, body: String) {
        var words = ["curl", "-sS", "-N", "--max-time", "60", "-X", method, "-w", "\n%{http_code}", http + path]
        if authorized { words += ["-H", "Authorization: Bearer \(key)"] }
        for header in headers { words += ["-H", header] }
        if let body {
            let file = directory.path + "/body-\(UInt64.random(in: 0 ... .max))"
            try Data(body.utf8).write(to: URL(fileURLWithPath: file))
            words += ["--data-binary", "@\(file)"]
        }
        let result = try ChildProcess.run(words)
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    /// Sends a chat request in the OpenAI form.
    func chat(_ body: String, headers: [String] = []) throws -> (status: Int, body: String) {
        try request("POST", "/v1/chat/completions", body: body, headers: headers + ["content-type: application/json"])
    }

    /// The records of a topic, one JSON object each, as kcat prints them.
    func records(_ topic: String) throws -> [JSON] {
        let result = try ChildProcess.run(["timeout", "60", "kcat", "-b", broker, "-t", topic, "-C", "-e", "-q", "-J"])
        return result.output.split(separator: "\n").compactMap { try? JSON.parse(String($0)) }
    }

    /// Rows of a query, fields separated by `|`.
    func rows(_ query: String) throws -> [String] {
        let result = try ChildProcess.run(["psql", postgres, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", query])
        guard result.status == 0 else { throw Failure(description: "psql: \(result.output)") }
        return result.output.split(separator: "\n").map(String.init)
    }

    /// Asks again until a condition holds; sinks are behind the log by design.
    func eventually<Value>(
        _ what: String,
        seconds: Double = 20,
        _ read: () throws -> Value,
        until holds: (Value) -> Bool
    ) throws -> Value {
        let deadline = Date().addingTimeInterval(seconds)
        while true {
            let value = try read()
            if holds(value) { return value }
            guard Date() < deadline else { throw Failure(description: "\(what): still \(value) after \(seconds) s") }
            usleep(50_000)
        }
    }
}

/// A free port below those that the kernel gives to outgoing connections.
func freePort() throws -> Int {
    for _ in 0..<100 {
        let port = Int.random(in: 20_000..<32_000)
        if isFree(port: UInt16(port)) { return port }
    }
    throw Platform.Failure(description: "no free port")
}

/// Waits until something listens on a port of this machine.
func waitForListener(port: Int, seconds: Double = 20) throws {
    let deadline = Date().addingTimeInterval(seconds)
    while isFree(port: UInt16(port)) {
        guard Date() < deadline else { throw Platform.Failure(description: "nothing listens on port \(port)") }
        usleep(20_000)
    }
}

/// An offset for which the broker's and the gateway's ports are free.
private func freePortOffset() throws -> Int {
    for _ in 0..<100 {
        let offset = Int.random(in: 10_000..<22_000)
        if [8080, 9092].allSatisfy({ isFree(port: UInt16($0 + offset)) }) { return offset }
    }
    throw Platform.Failure(description: "no free ports")
}

private func isFree(port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

/// One Apache Kafka node from `KAFKA_HOME`, ended with the test.
final class ApacheKafka {
    let bootstrap: String
    private let process: ChildProcess

    init(data: String) throws {
        let home = ProcessInfo.processInfo.environment["KAFKA_HOME"] ?? ""
        let port = try freePort()
        bootstrap = "127.0.0.1:\(port)"
        process = try ChildProcess(
            ["\(home)/start", "--foreground", "--port", "\(port)", "--data", data, "--heap", "512m"],
            output: data + ".log"
        )
        let deadline = Date().addingTimeInterval(120)
        while !readFile(data + ".log").contains("Kafka Server started") {
            guard process.isRunning, Date() < deadline else {
                throw Platform.Failure(description: "Kafka: \(readFile(data + ".log").suffix(2000))")
            }
            usleep(100_000)
        }
    }
}
