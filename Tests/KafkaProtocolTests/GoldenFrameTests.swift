import Foundation
import KafkaProtocol
import Testing

/// One line of a `.frames` file in `Tests/Golden`, which `record.py` there writes.
struct GoldenFrame: CustomStringConvertible {
    let source: String
    let key: Int16
    let version: Int16
    let isRequest: Bool
    let bytes: [UInt8]

    var description: String { "\(source): \(isRequest ? "request" : "answer") of \(key) in version \(version)" }

    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count == 5, let key = Int16(words[1]), let version = Int16(words[2]),
            let data = Data(base64Encoded: String(words[4]))
        else { return nil }
        (source, self.key, self.version, isRequest, bytes) = (
            String(words[0]), key, version, words[3] == "q", Array(data)
        )
    }

    static func load(_ name: String) throws -> [GoldenFrame] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Golden/\(name).frames")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { GoldenFrame($0) }
    }
}

@Suite struct GoldenFrameTests {
    static let rows = Dictionary(uniqueKeysWithValues: MessageRow.all.map { ($0.layout.key.rawValue, $0) })

    @Test(arguments: ["schema", "conversation", "clients"])
    func `frames of Apache Kafka are read whole and written again byte for byte`(file: String) throws {
        var count = 0
        for frame in try GoldenFrame.load(file) {
            guard let row = Self.rows[frame.key], row.layout.versions.contains(frame.version) else { continue }
            count += 1
            do {
                let written = try frame.bytes.withUnsafeBytes { bytes in
                    try frame.isRequest
                        ? row.rewriteRequest(bytes, frame.version) : row.rewriteResponse(bytes, frame.version)
                }
                // Tagged fields that no single node has a use for are read and left out.
                if frame.source != "tagged" { #expect(written == frame.bytes, "\(frame)") }
            } catch {
                Issue.record("\(frame): \(error)")
            }
        }
        #expect(count > 100)
    }

    @Test func `every version that Kafka knows and we serve has its frames`() throws {
        var known: [Int16: Set<Int16>] = [:]
        for frame in try GoldenFrame.load("schema") { known[frame.key, default: []].insert(frame.version) }
        for row in MessageRow.all {
            let versions = try #require(known[row.layout.key.rawValue], "\(row.layout.key.name) has no golden frames")
            // Kafka 4 dropped the oldest; what is newer than its newest would be of our own making.
            #expect(row.layout.versions.upperBound <= versions.max() ?? -1, "\(row.layout.key.name)")
        }
    }
}
