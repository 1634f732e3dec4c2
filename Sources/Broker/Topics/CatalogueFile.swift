import Bytes
import KafkaProtocol

/// The text of the file that remembers the topics.
///
///     soma-topics 1
///     topic conversation.events 9sSx… 12
///     config retention.ms 3600000
///     end 1 5a3c99f0
///
/// Bytes of a value below 0x21, above 0x7e and `%` are written as `%xx`. The last line has the number of topics and the
/// CRC-32C of all lines before it, so that a file that is cut or edited by halves is seen.
enum CatalogueFile {
    static let name = "topics.catalogue"

    /// The file is not what we wrote.
    struct Damage: Error, CustomStringConvertible {
        let line: Int
        let reason: String

        var description: String { "\(CatalogueFile.name):\(line): \(reason)" }
    }

    /// There is data and no file that says whose it is.
    struct Missing: Error, CustomStringConvertible {
        let path: String
        let partitionCount: Int

        var description: String {
            "\(path) is gone and \(partitionCount) partitions are there; restore the file from a copy, "
                + "or move the partitions' folders away to begin anew"
        }
    }

    static func encode(_ topics: [TopicRecord]) -> [UInt8] {
        var text = "soma-topics 1\n"
        for topic in topics.sorted(by: { $0.name < $1.name }) {
            text += "topic \(topic.name) \(topic.id.text) \(topic.partitionCount)\n"
            for (key, value) in topic.configs.overrides.sorted(by: { $0.key < $1.key }) {
                text += "config \(key) \(escape(value))\n"
            }
        }
        var bytes = Array(text.utf8)
        bytes += Array("end \(topics.count) \(checksum(bytes[...]))\n".utf8)
        return bytes
    }

    static func decode(_ bytes: [UInt8]) throws(Damage) -> [TopicRecord] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.first.map({ Array($0) }) == Array("soma-topics 1".utf8) else {
            throw Damage(line: 1, reason: "does not begin with 'soma-topics 1'; a newer version may have written it")
        }
        guard lines.count >= 3, lines.removeLast().isEmpty, let last = lines.last else {
            throw Damage(line: lines.count, reason: "the file is cut")
        }
        var topics: [TopicRecord] = []
        for (index, line) in lines.enumerated().dropFirst().dropLast() {
            let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            switch words.first {
            case "topic":
                guard words.count == 4, TopicName.problem(words[1]) == nil, let id = KafkaUUID(text: words[2]),
                    let count = Int32(words[3]), (1...TopicName.partitionsMax).contains(count)
                else { throw Damage(line: index + 1, reason: "is no topic line") }
                topics.append(TopicRecord(name: words[1], id: id, partitionCount: count, configs: TopicConfigs()))
            case "config":
                guard words.count == 3, !topics.isEmpty, let value = unescape(words[2]) else {
                    throw Damage(line: index + 1, reason: "is no config line")
                }
                topics[topics.count - 1].configs.set(words[1], value)
            default:
                throw Damage(line: index + 1, reason: "begins with an unknown word")
            }
        }
        let body = bytes[..<last.startIndex]
        guard Array(last) == Array("end \(topics.count) \(checksum(body))".utf8) else {
            throw Damage(line: lines.count, reason: "number of topics or checksum do not match; the file is damaged")
        }
        return topics
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> String {
        String(bytes.withUnsafeBytes { CRC32C.checksum($0) }, radix: 16)
    }

    private static func escape(_ value: String) -> String {
        var out = ""
        for byte in value.utf8 {
            if byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "%") {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                out += (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
            }
        }
        return out
    }

    private static func unescape(_ text: String) -> String? {
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else {
                    return nil
                }
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }
}
