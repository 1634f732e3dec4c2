import Events
import JSON

extension SchemaNode {
    /// Adds what is wrong with a value; stops when enough is found.
    func validate(_ value: JSONView, at pointer: String, _ found: inout Findings) {
        guard !found.isFull else { return }
        let form = Self.form(of: value)
        if !forms.isEmpty, !forms.contains(where: { $0 == form || $0 == .number && form == .integer }) {
            found.add(pointer, "must be \(forms.map { Self.name($0) }.joined(separator: " or "))")
            return
        }
        if let choices, !choices.contains(where: { Self.isEqual($0, value) }) {
            found.add(pointer, "must be \(choices.map(\.text).joined(separator: " or "))")
        }
        switch form {
        case .string: validateText(value, pointer, &found)
        case .integer, .number: validateNumber(value, pointer, &found)
        case .array: validateElements(value, pointer, &found)
        case .object: validateMembers(value, pointer, &found)
        case .null, .boolean: break
        }
    }

    private func validateText(_ value: JSONView, _ pointer: String, _ found: inout Findings) {
        if minLength > 0 || maxLength < Int.max {
            // Lengths count code points: every byte of UTF-8 that does not continue another.
            let length = value.withStringBytes { $0.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 } } ?? 0
            if length < minLength {
                found.add(pointer, minLength == 1 ? "must not be empty" : "must have at least \(minLength) characters")
            }
            if length > maxLength { found.add(pointer, "must have at most \(maxLength) characters") }
        }
        if isDateTime, value.string.flatMap({ EventTime.milliseconds($0) }) == nil {
            found.add(pointer, "must be an RFC 3339 time")
        }
    }

    private func validateNumber(_ value: JSONView, _ pointer: String, _ found: inout Findings) {
        guard let number = value.double else { return }
        if number < minimum { found.add(pointer, "must be at least \(Self.text(minimum))") }
        if number > maximum { found.add(pointer, "must be at most \(Self.text(maximum))") }
        if number <= exclusiveMinimum { found.add(pointer, "must be above \(Self.text(exclusiveMinimum))") }
        if number >= exclusiveMaximum { found.add(pointer, "must be below \(Self.text(exclusiveMaximum))") }
    }

    private func validateElements(_ value: JSONView, _ pointer: String, _ found: inout Findings) {
        let count = value.count
        if count < minItems { found.add(pointer, "must have at least \(minItems) elements") }
        if count > maxItems { found.add(pointer, "must have at most \(maxItems) elements") }
        guard let item = items.first else { return }
        var index = 0
        value.forEachElement { element in
            item.validate(element, at: "\(pointer)/\(index)", &found)
            index += 1
        }
    }

    private func validateMembers(_ value: JSONView, _ pointer: String, _ found: inout Findings) {
        // Few properties, so places in a list serve better than a set.
        var isSeen = [Bool](repeating: false, count: properties.count)
        var others: Set<String> = []
        value.forEachMember { name, member in
            guard !found.isFull else { return }
            let place = pointer + Violation.step(name)
            if let index = properties.firstIndex(where: { $0.name == name }) {
                if isSeen[index] { found.add(place, "is given more than once") }
                isSeen[index] = true
                properties[index].node.validate(member, at: place, &found)
                return
            }
            if !others.insert(name).inserted { found.add(place, "is given more than once") }
            switch additional {
            case .allowed: break
            case .refused: found.add(place, "is not a member of this type")
            case .matching(let node): node.validate(member, at: place, &found)
            }
        }
        for (index, property) in properties.enumerated() where property.isRequired && !isSeen[index] {
            found.add(pointer + Violation.step(property.name), "is missing")
        }
        for name in otherRequired where !others.contains(name) {
            found.add(pointer + Violation.step(name), "is missing")
        }
    }

    private static func form(of value: JSONView) -> Form {
        switch value.kind {
        case .null: .null
        case .bool: .boolean
        // 1.0 counts as a number: the generated readers take whole numbers only in whole form.
        case .integer: .integer
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    private static func isEqual(_ choice: JSON, _ value: JSONView) -> Bool {
        switch choice {
        case .string(let text): value.string == text
        case .integer, .number: value.double != nil && value.double == choice.double
        default: value.tree == choice
        }
    }

    private static func name(_ form: Form) -> String {
        switch form {
        case .null: "null"
        case .boolean: "true or false"
        case .integer: "a whole number"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    private static func text(_ number: Double) -> String { Int64(exactly: number).map { String($0) } ?? String(number) }
}

/// What is wrong so far, up to a bound: hostile data must not make a long answer.
struct Findings {
    static let countMax = 32
    private(set) var list: [Violation] = []

    var isFull: Bool { list.count >= Self.countMax }

    mutating func add(_ pointer: String, _ reason: String) {
        if !isFull { list.append(Violation(pointer: pointer, reason: reason)) }
    }
}
