import Bytes
import Foundation
import KafkaProtocol
import Testing

@testable import Broker

/// `docs/protocol-support.md` is what the handler table says; `SOMA_WRITE_DOCS=1 swift test --filter ProtocolSupport`
/// writes it anew.
@Suite struct ProtocolSupportTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func `the page of served versions is up to date`() throws {
        let file = Self.root.appendingPathComponent("docs/protocol-support.md")
        let page = try String(contentsOf: file, encoding: .utf8)
        let (begin, end) = ("<!-- table: begin -->\n", "<!-- table: end -->\n")
        let from = try #require(page.range(of: begin)?.upperBound)
        let to = try #require(page.range(of: end)?.lowerBound)
        let wanted = try Self.table()
        if ProcessInfo.processInfo.environment["SOMA_WRITE_DOCS"] != nil {
            try page.replacingCharacters(in: from..<to, with: wanted).write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(page[from..<to] == wanted, "run SOMA_WRITE_DOCS=1 swift test --filter ProtocolSupportTests")
        }
    }

    private static func table() throws -> String {
        let kafka = try kafkaRanges()
        var lines = [
            "| key | API | served | advertised | Kafka 4.3.1 | notes |", "| --- | --- | --- | --- | --- | --- |",
        ]
        for row in HandlerTable.rows.sorted(by: { $0.layout.key.rawValue < $1.layout.key.rawValue }) {
            let (key, served) = (row.layout.key, row.layout.versions)
            lines.append(
                "| \(key.rawValue) | \(key.name) | \(text(served)) | "
                    + "\(row.advertised == served ? "same" : text(row.advertised)) | "
                    + "\(kafka[key.rawValue].map(text) ?? "–") | \(try note(key)) |"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(_ range: ClosedRange<Int16>) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound)"
    }

    /// What the handler's file says of it, after its versions.
    private static func note(_ key: APIKey) throws -> String {
        let path = root.appendingPathComponent("Sources/Broker/Handlers/\(key.name).swift")
        let lines = try String(contentsOf: path, encoding: .utf8).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        let comment = lines.drop { !$0.hasPrefix("///") }.prefix { $0.hasPrefix("/// ") }
        let text = comment.map { $0.dropFirst(4) }.joined(separator: " ").replacingOccurrences(of: "|", with: "\\|")
        let rest =
            text.hasPrefix(key.name) ? text.drop { $0 != " " }.dropFirst().drop { $0 != " " && $0 != ":" } : text[...]
        return rest.trimmingCharacters(in: .whitespaces.union(.init(charactersIn: ":,–")))
    }

    /// What Apache Kafka said it serves when its conversation was recorded.
    private static func kafkaRanges() throws -> [Int16: ClosedRange<Int16>] {
        let file = root.appendingPathComponent("Tests/Golden/conversation.frames")
        let line = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").first {
            $0.hasPrefix("talk 18 0 a ")
        }
        let data = try #require(line?.split(separator: " ").last.flatMap { Data(base64Encoded: String($0)) })
        let response = try data.withUnsafeBytes { bytes in
            var reader = WireReader(.init(UnsafeRawBufferPointer(rebasing: bytes[4...])), isFlexible: false)
            return try ApiVersionsResponse(from: &reader, version: 0)
        }
        return Dictionary(uniqueKeysWithValues: response.apiKeys.map { ($0.apiKey, $0.minVersion...$0.maxVersion) })
    }
}
