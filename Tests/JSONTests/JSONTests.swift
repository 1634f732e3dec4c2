import Testing

@testable import JSON

@Suite struct JSONTests {
    @Test func `a document keeps the order of its members and its kinds of numbers`() throws {
        let text = #"{"b":1,"a":[true,null,-2.5,"x"],"big":18446744073709551615}"#
        let tree = try JSON.parse(text)
        #expect(tree.members?.map(\.name) == ["b", "a", "big"])
        #expect(tree["a"]?.array == [.bool(true), .null, .number(-2.5), .string("x")])
        #expect(tree["b"]?.int64 == 1)
        #expect(tree["big"]?.double == 18446744073709551616)
    }

    @Test(arguments: [
        "", "{", #"{"a":1,}"#, "[1 2]", #""\ud800""#, "nul", "{\"a\":01}", String(repeating: "[", count: 200),
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(text) }
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(throws: JSONError.self) { try JSON.parse([0x22, 0xFF, 0x22]) }
    }

    @Test func `every character that needs an escape comes back`() throws {
        let text = String((0..<256).compactMap { UnicodeScalar($0).map(Character.init) }) + "\u{2028}😀\"\\"
        #expect(try JSON.parse(JSON.string(text).text).string == text)
    }

    @Test(arguments: [0, 9, 10, -1, .max, .min, 1234567890123] as [Int64])
    func `whole numbers come back exactly`(number: Int64) throws {
        #expect(try JSON.parse(JSON.integer(number).text).int64 == number)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `a random tree comes back from its text`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let tree = Self.tree(depth: 0, using: &random)
        #expect(try JSON.parse(tree.text) == tree)
        #expect(try JSON.parse(tree.prettyText) == tree)
    }

    @Test(arguments: 0..<500 as Range<UInt64>)
    func `random bytes never trap`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let alphabet = Array(#"{}[]",:0123456789-+.eEtruefalsn\u "#.utf8) + [0, 0x7F, 0x80, 0xC3, 0xFF]
        let bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0
        }
        _ = try? JSON.parse(bytes)
    }

    @Test func `parses may be nested`() throws {
        let inner = try JSONView.parse(Array(#"{"a":1}"#.utf8)) { outer in
            try JSONView.parse(Array("[2]".utf8)) { view in (outer["a"]?.int64, view.count) }
        }
        #expect(inner.0 == 1 && inner.1 == 1)
    }

    private static func tree(depth: Int, using random: inout SplitMix) -> JSON {
        switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: .number(Double.random(in: -1e9...1e9, using: &random) + 0.5)
        case 4:
            .string(
                String(
                    (0..<3).compactMap { _ in
                        UnicodeScalar(UInt32.random(in: 0..<0xD800, using: &random)).map(Character.init)
                    }
                )
            )
        case 5: .array((0..<3).map { _ in tree(depth: depth + 1, using: &random) })
        default: .object((0..<3).map { JSON.Member("m\($0)\"", tree(depth: depth + 1, using: &random)) })
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
