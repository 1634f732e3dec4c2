import Foundation
import JSON
import TestSupport

/// The embedded broker in a process of its own: `soma serve broker`.
final class BrokerProcess {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let directory: TemporaryDirectory
    private(set) var process: ChildProcess
    private(set) var address: String
    /// Listener name to address, as a JSON object.
    private(set) var listeners = "{}"
    private let settings: [String]

    static var soma: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("soma").path
    }

    init(_ settings: [String: String] = [:], options: [String] = [], in given: TemporaryDirectory? = nil) throws {
        directory = try given ?? TemporaryDirectory()
        self.settings = settings.flatMap { ["-X", "'\($0.key)=\($0.value)'"] } + options
        // `listeners` says where to listen; else there is the one of the short form.
        let listen = settings["listeners"] == nil ? "--listen 127.0.0.1:0" : ""
        (process, address, listeners) = try Self.start(directory.path, listen, self.settings)
    }

    /// Ends the broker without warning and starts it again on the same data and port.
    func killAndRestart() throws {
        process.signal(SIGKILL)
        process.wait()
        (process, address, listeners) = try Self.start(directory.path, "--listen \(address)", settings)
    }

    private static func start(
        _ directory: String,
        _ listen: String,
        _ settings: [String]
    ) throws -> (ChildProcess, String, String) {
        let pipe = directory + "/ready"
        unlink(pipe)
        guard mkfifo(pipe, 0o600) == 0 else { throw Failure(description: "mkfifo \(pipe): \(errno)") }
        let command =
            "exec '\(soma)' serve broker --data '\(directory)/data' \(listen) -o json \(settings.joined(separator: " "))"
            + " > '\(pipe)' 2>> '\(directory)/log'"
        let process = try ChildProcess(["bash", "-c", command])
        guard let file = fopen(pipe, "r") else { throw Failure(description: "open \(pipe): \(errno)") }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        guard getline(&line, &capacity, file) > 0, let line, let ready = try? JSON.parse(String(cString: line)),
            let address = ready["broker"]?.string
        else {
            throw Failure(description: "the broker did not get ready:\n\(readFile(directory + "/log").suffix(3000))")
        }
        return (process, address, ready["listeners"]?.text ?? "{}")
    }
}
