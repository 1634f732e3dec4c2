import JSON
import Settings

/// One run of a command: what it was told, and where it writes.
package struct Invocation: Sendable {
    package let arguments: ParsedArguments
    package let globals: GlobalOptions
    package let environment: [String: String]
    package let console: Console

    /// The words that are told by their place.
    var words: [String] { arguments.positional }

    func option(_ name: String) -> String? { arguments.values[name]?.last }
    func options(_ name: String) -> [String] { arguments.values[name] ?? [] }
    func flag(_ name: String) -> Bool { arguments.values[name] != nil }

    /// The whole number of an option.
    func integer(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = option(name) else { return nil }
        guard let number = Int64(text) else {
            throw CommandError.usage("--\(name) must be a whole number, not \(text)")
        }
        guard range.contains(number) else {
            throw CommandError.usage("--\(name) is \(number), must be \(range.lowerBound)…\(range.upperBound)")
        }
        return number
    }

    /// The time of an option, such as `10s`.
    func duration(_ name: String) throws -> Duration? {
        guard let text = option(name) else { return nil }
        guard let duration = DurationText.parse(text) else {
            throw CommandError.usage("--\(name) must be a time such as 250ms, 10s or 5m, not \(text)")
        }
        return duration
    }

    /// The parts of an option that is a list with commas.
    func list(_ name: String) -> [String] {
        options(name).flatMap { $0.split(separator: ",") }.map(String.init)
    }

    /// Writes a result in the form that was asked for; the table is for people.
    func emit(_ table: @autoclosure () -> Table, _ json: @autoclosure () -> JSON) throws {
        switch globals.form {
        case .text: try console.write(table().text(wide: false))
        case .wide: try console.write(table().text(wide: true))
        default: try emit(json())
        }
    }

    /// Writes a result that is JSON in every form but `yaml`.
    func emit(_ json: JSON) throws {
        switch globals.form {
        case .yaml: try console.write(YAMLText.text(json))
        case .jsonl:
            for element in json.array ?? [json] { try console.write(element.text + "\n") }
        default: try console.write(json.prettyText + "\n")
        }
    }

    var isForPeople: Bool { globals.form == .text || globals.form == .wide }

    /// Asks before something that cannot be undone.
    ///
    /// - Throws: `CommandError` when the answer is no, or when there is nobody to ask.
    func confirm(_ question: String) throws {
        if globals.assumesYes { return }
        guard console.canAsk else { throw CommandError.usage("\(question) Give --yes to do it without being asked.") }
        guard console.ask("\(question) [y/N] ").lowercased().hasPrefix("y") else {
            throw CommandError("nothing was done", status: .failure)
        }
    }
}
