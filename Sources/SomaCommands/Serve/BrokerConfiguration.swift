import Broker
import Settings
import SomaNode

/// What `soma serve broker` is to run with: a file in the form of Kafka's `server.properties`, `-X` over it, the
/// command line's own options over both.
struct BrokerConfiguration {
    let settings: BrokerSettings
    /// What the operator should know: settings that were accepted and mean nothing here.
    let notes: [String]

    /// What the command line says.
    struct Words {
        var file: String?
        var data: String?
        var listen: String?
        var metrics: String?
        /// From `-X`.
        var overrides: [String: String] = [:]
    }

    private struct Value {
        var text: String
        /// `server.properties:7`, or `-X`.
        var origin: String
        var line = Int.max
    }

    /// Reads the file and checks everything.
    ///
    /// - Throws: `CommandError` with one line for each thing that is wrong, with file and line.
    init(_ words: Words) throws {
        var problems: [String] = []
        var notes: [String] = []
        var values: [String: Value] = [:]
        for entry in try Self.entries(words.file) {
            let origin = "\(words.file ?? ""):\(entry.line)"
            if let earlier = values[entry.key] { notes.append("\(origin): \(entry.key) was set in \(earlier.origin)") }
            values[entry.key] = Value(text: entry.value, origin: origin, line: entry.line)
        }
        for (key, text) in words.overrides { values[key] = Value(text: text, origin: "-X") }
        Self.useKafkasOtherNames(&values)
        Self.leaveControllersAway(&values, &notes)
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let reason = BrokerSettings.reasonWithoutEffect(key) else { continue }
            notes.append("\(value.origin): \(key) has no effect: \(reason)")
            values[key] = nil
        }
        let data = Self.dataDirectory(words, &values, &problems)
        let listen = Self.listen(words, &values, &problems)
        if let metrics = words.metrics { values["metrics.listener"] = Value(text: metrics, origin: "--metrics") }
        do throws(SettingsProblem) {
            settings = try BrokerSettings(dataDirectory: data, listen: listen, values.mapValues(\.text))
        } catch {
            problems += error.lines.map { Self.placed($0, values) }.sorted { $0.line < $1.line }.map(\.text)
            throw CommandError.usage(problems.joined(separator: "\n"))
        }
        guard problems.isEmpty else { throw CommandError.usage(problems.joined(separator: "\n")) }
        self.notes = notes
    }

    private static func entries(_ file: String?) throws -> [PropertiesText.Entry] {
        guard let file else { return [] }
        guard let text = try Files.text(file) else { throw CommandError.usage("\(file): there is no such file") }
        do throws(PropertiesText.Problem) {
            return try PropertiesText.read(text)
        } catch {
            throw CommandError.usage("\(file):\(error.line): \(error.reason)")
        }
    }

    /// Puts file and line before what the settings say of a key.
    private static func placed(_ problem: String, _ values: [String: Value]) -> (line: Int, text: String) {
        let key = problem.prefix { $0 != ":" }
        return values[String(key)].map { ($0.line, "\($0.origin): \(problem)") } ?? (.max, problem)
    }

    private static func useKafkasOtherNames(_ values: inout [String: Value]) {
        for (old, new) in [("broker.id", "node.id"), ("log.dir", "log.dirs")] {
            guard let value = values.removeValue(forKey: old), values[new] == nil else { continue }
            values[new] = value
        }
    }

    /// A node of Apache Kafka listens for controllers too; ours has none.
    private static func leaveControllersAway(_ values: inout [String: Value], _ notes: inout [String]) {
        let names = Set(
            (values["controller.listener.names"]?.text ?? "").split(separator: ",").map {
                $0.filter { $0 != " " }.uppercased()
            }
        )
        guard !names.isEmpty else { return }
        for key in ["listeners", "advertised.listeners"] {
            guard let value = values[key] else { continue }
            let items = value.text.split(separator: ",")
            let kept = items.filter { item in
                !names.contains { item.drop { $0 == " " }.uppercased().hasPrefix($0 + "://") }
            }
            guard kept.count < items.count else { continue }
            notes.append("\(value.origin): the controllers' part of \(key) has no effect: one node has none")
            values[key] =
                kept.isEmpty ? nil : Value(text: kept.joined(separator: ","), origin: value.origin, line: value.line)
        }
    }

    private static func dataDirectory(
        _ words: Words,
        _ values: inout [String: Value],
        _ problems: inout [String]
    ) -> String {
        let named = values.removeValue(forKey: "log.dirs")
        if let data = words.data { return data }
        guard let named, !named.text.isEmpty else {
            problems.append("say where the log is kept: --data DIR, or log.dirs in a file for -c")
            return ""
        }
        if named.text.contains(",") {
            problems.append("\(named.origin): log.dirs: one directory is used, not several: put a volume under it")
        }
        return named.text
    }

    private static func listen(
        _ words: Words,
        _ values: inout [String: Value],
        _ problems: inout [String]
    ) -> BrokerSettings.Address {
        let standard = BrokerSettings.Address(port: 9092)
        guard let text = words.listen else { return standard }
        guard let address = BrokerSettings.Address(text) else {
            problems.append("--listen \(text): not an address and a port, like 127.0.0.1:9092")
            return standard
        }
        if let listeners = values["listeners"] {
            if listeners.origin == "-X" {
                problems.append("--listen is the short form of -X listeners=…: give one of them")
            }
            // A command line wins over the file.
            values["listeners"] = nil
        }
        return address
    }
}
