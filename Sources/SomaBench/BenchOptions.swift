/// `--name value` pairs after the subject; what nobody has asked for is an error.
struct BenchOptions {
    struct UsageError: Error {
        let reason: String
    }

    let subject: String?
    /// `-o json`: one JSON line a figure.
    private(set) var isJSON = false
    private var values: [String: String] = [:]
    private var flags: Set<String> = []
    private static let knownFlags: Set<String> = ["full"]

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        subject = rest.popFirst()
        while let name = rest.popFirst() {
            if name.hasPrefix("--"), Self.knownFlags.contains(String(name.dropFirst(2))) {
                flags.insert(String(name.dropFirst(2)))
                continue
            }
            if name == "-o" || name == "--output" {
                guard let form = rest.popFirst(), ["json", "text"].contains(form) else {
                    throw UsageError(reason: "\(name) needs json or text")
                }
                isJSON = form == "json"
                continue
            }
            guard name.hasPrefix("--"), let value = rest.popFirst() else {
                throw UsageError(reason: "\(name) needs the form --option value")
            }
            values[String(name.dropFirst(2))] = value
        }
    }

    mutating func text(_ name: String) -> String? { values.removeValue(forKey: name) }

    mutating func flag(_ name: String) -> Bool { flags.remove(name) != nil }

    /// Words of a list, each one of those that are known.
    mutating func words(_ name: String, default standard: [String], of known: [String]) throws -> [String] {
        guard let text = text(name) else { return standard }
        return try text.split(separator: ",").map { word in
            guard known.contains(String(word)) else {
                throw UsageError(reason: "--\(name) has \(word), must be of \(known.joined(separator: ", "))")
            }
            return String(word)
        }
    }

    mutating func number(_ name: String, default standard: Int, atLeast least: Int = 1) throws -> Int {
        guard let text = text(name) else { return standard }
        guard let number = Int(text), number >= least else {
            throw UsageError(reason: "--\(name) is \(text), must be a whole number from \(least) on")
        }
        return number
    }

    mutating func numbers(_ name: String, default standard: [Int]) throws -> [Int] {
        guard let text = text(name) else { return standard }
        return try text.split(separator: ",").map { word in
            guard let number = Int(word), number > 0 else {
                throw UsageError(reason: "--\(name) has \(word), must be whole numbers above 0")
            }
            return number
        }
    }

    func finish() throws {
        guard let unknown = values.keys.min() ?? flags.min() else { return }
        throw UsageError(reason: "--\(unknown) is not known here")
    }
}
