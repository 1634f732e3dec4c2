import Broker
import Foundation
import KafkaProtocol
import Testing

/// Every API asks before it serves, and the page about it says what.
@Suite struct AccessTableTests {
    @Test func `every API asks for something, or is open to everyone`() {
        let asking = Set(AccessTable.rows.map(\.key))
        #expect(asking.isDisjoint(with: AccessTable.open))
        #expect(asking.union(AccessTable.open) == Set(APIKey.allCases))
        for row in AccessTable.rows {
            #expect(row.resource.operations.contains(row.operation), "\(row.key.name) asks what no rule can give")
        }
    }

    /// With `SOMA_WRITE_DOCS=1` the page is written instead.
    @Test func `the page lists what is asked`() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/access-rules.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: "| API | key |"))
        let expected = text[..<start.lowerBound] + Self.table
        if ProcessInfo.processInfo.environment["SOMA_WRITE_DOCS"] != nil {
            try String(expected).write(to: page, atomically: true, encoding: .utf8)
        } else {
            #expect(text == expected, "run this test with SOMA_WRITE_DOCS=1")
        }
    }

    private static var table: String {
        var lines = ["| API | key | asks for |", "| --- | --- | --- |"]
        for key in APIKey.allCases {
            let questions = AccessTable.rows.filter { $0.key == key }.map {
                "\(word($0.operation)) on \(word($0.resource))"
            }
            lines.append(
                "| \(key.name) | \(key.rawValue) | \(questions.isEmpty ? "nothing" : questions.joined(separator: ", ")) |"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func word(_ value: Any) -> String {
        "\(value)".reduce(into: "") { text, character in
            if character.isUppercase, text.last?.isUppercase != true { text += "_" }
            text.append(character)
        }.uppercased()
    }
}
