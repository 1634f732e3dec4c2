/// `--name value` pairs after the subject; what nobody has asked for is an error.
struct BenchOptions {
    struct UsageError: Error {
        let reason: String
    }

    let subject: String?
    private var values: [String: String] = [:]

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        subject = rest.popFirst()
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else {
                throw UsageError(reason: "\(name) needs the form --option value")
            }
            values[String(name.dropFirst(2))] = value
        }
    }

    mutating func text(_ name: String) -> String? { values.removeValue(forKey: name) }

    mutating func number(_ name: String, default standard: Int) throws -> Int {
        guard let text = text(name) else { return standard }
        guard let number = Int(text), number > 0 else {
            throw UsageError(reason: "--\(name) is \(text), must be a whole number above 0")
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
        guard let unknown = values.keys.min() else { return }
        throw UsageError(reason: "--\(unknown) is not known here")
    }
}
