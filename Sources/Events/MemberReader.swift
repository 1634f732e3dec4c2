import JSON

/// Reads the members of an object and says which one is wrong; used by generated readers.
struct MemberReader {
    let type: String
    let json: JSONView

    func requireObject() throws(EventError) {
        guard json.kind == .object else { throw fail("", "must be an object") }
    }

    private func fail(_ name: String, _ reason: String) -> EventError {
        EventError(type: type, member: name.isEmpty ? "" : "/\(name)", reason: reason)
    }

    private func optional<Value>(
        _ name: StaticString,
        _ expected: String,
        _ read: (JSONView) -> Value?
    ) throws(EventError) -> Value? {
        guard let member = json[name], !member.isNull else { return nil }
        guard let value = read(member) else { throw fail("\(name)", "must be \(expected)") }
        return value
    }

    private func required<Value>(_ name: StaticString, _ value: Value?) throws(EventError) -> Value {
        guard let value else { throw fail("\(name)", "is missing") }
        return value
    }

    func optionalString(_ name: StaticString) throws(EventError) -> String? {
        try optional(name, "a string") { $0.string }
    }
    func optionalInteger(_ name: StaticString) throws(EventError) -> Int64? {
        try optional(name, "a whole number") { $0.int64 }
    }
    func optionalNumber(_ name: StaticString) throws(EventError) -> Double? {
        try optional(name, "a number") { $0.double }
    }
    func optionalBool(_ name: StaticString) throws(EventError) -> Bool? {
        try optional(name, "true or false") { $0.bool }
    }
    func optionalStrings(_ name: StaticString) throws(EventError) -> [String]? {
        try optional(name, "a list of strings") { view in
            guard view.kind == .array else { return nil }
            var texts: [String] = []
            view.forEachElement { if let text = $0.string { texts.append(text) } }
            return texts.count == view.count ? texts : nil
        }
    }
    func optionalStringMap(_ name: StaticString) throws(EventError) -> [String: String]? {
        try optional(name, "an object of strings") { view in
            guard view.kind == .object else { return nil }
            var map: [String: String] = [:]
            var whole = true
            view.forEachMember { name, value in
                if let text = value.string { map[name] = text } else { whole = false }
            }
            return whole ? map : nil
        }
    }
    func optionalObject<Value>(
        _ name: StaticString,
        _ read: (JSONView) throws(EventError) -> Value
    ) throws(EventError) -> Value? {
        guard let member = json[name], !member.isNull else { return nil }
        do {
            return try read(member)
        } catch {
            throw EventError(type: type, member: "/\(name)\(error.member)", reason: error.reason)
        }
    }
    func optionalObjects<Value>(
        _ name: StaticString,
        _ read: (JSONView) throws(EventError) -> Value
    ) throws(EventError) -> [Value]? {
        guard let member = json[name], !member.isNull else { return nil }
        guard member.kind == .array else { throw fail("\(name)", "must be a list") }
        var values: [Value] = []
        values.reserveCapacity(member.count)
        var failure: EventError?
        member.forEachElement { element in
            guard failure == nil else { return }
            do throws(EventError) {
                values.append(try read(element))
            } catch {
                failure = EventError(
                    type: type,
                    member: "/\(name)/\(values.count)\(error.member)",
                    reason: error.reason
                )
            }
        }
        if let failure { throw failure }
        return values
    }

    func string(_ name: StaticString) throws(EventError) -> String { try required(name, optionalString(name)) }
    func integer(_ name: StaticString) throws(EventError) -> Int64 { try required(name, optionalInteger(name)) }
    func number(_ name: StaticString) throws(EventError) -> Double { try required(name, optionalNumber(name)) }
    func bool(_ name: StaticString) throws(EventError) -> Bool { try required(name, optionalBool(name)) }
    func strings(_ name: StaticString) throws(EventError) -> [String] { try required(name, optionalStrings(name)) }
    func stringMap(_ name: StaticString) throws(EventError) -> [String: String] {
        try required(name, optionalStringMap(name))
    }
    func object<Value>(
        _ name: StaticString,
        _ read: (JSONView) throws(EventError) -> Value
    ) throws(EventError) -> Value { try required(name, optionalObject(name, read)) }
    func objects<Value>(
        _ name: StaticString,
        _ read: (JSONView) throws(EventError) -> Value
    ) throws(EventError) -> [Value] { try required(name, optionalObjects(name, read)) }
}
