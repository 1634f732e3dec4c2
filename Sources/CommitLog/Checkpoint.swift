import Bytes

/// A small text file with one line of numbers per partition, in the form of Kafka's checkpoint files: a format version,
/// the number of lines, the lines; and then the checksum of all before it, for one flipped bit is another number.
enum Checkpoint {
    private static let version = "1"
    /// Without a checksum.
    private static let oldVersion = "0"
    private static let checksumWord = "crc32c "

    /// Reads a checkpoint; nil when there is none or when it is damaged, where callers can do without.
    static func read(_ path: String) throws(LogError) -> [TopicPartition: [Int64]]? {
        guard let bytes = try FileSystem.contents(of: path) else { return nil }
        return decode(bytes)
    }

    /// Reads a checkpoint whose loss would change what readers see; nil when there is none.
    static func readWhole(_ path: String) throws(LogError) -> [TopicPartition: [Int64]]? {
        guard let bytes = try FileSystem.contents(of: path) else { return nil }
        guard let values = decode(bytes) else {
            throw .corruptLog(
                file: path,
                position: 0,
                reason: "the checksum is wrong; restore the file, or remove it to begin each log at its oldest segment"
            )
        }
        return values
    }

    static func decode(_ bytes: [UInt8]) -> [TopicPartition: [Int64]]? {
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        if lines.first != oldVersion[...] {
            guard let last = lines.popLast(), last.hasPrefix(checksumWord), lines.first == version[...] else {
                return nil
            }
            let checked = bytes.prefix(max(0, bytes.count - last.utf8.count - 1))
            guard last.dropFirst(checksumWord.count) == String(checksum(checked), radix: 16) else { return nil }
        }
        guard lines.count >= 2, let count = Int(lines[1]), count == lines.count - 2 else { return nil }
        var result: [TopicPartition: [Int64]] = [:]
        for line in lines.dropFirst(2) {
            let words = line.split(separator: " ")
            guard words.count >= 3, let partition = Int32(words[1]) else { return nil }
            let numbers = words.dropFirst(2).compactMap { Int64($0) }
            guard numbers.count == words.count - 2 else { return nil }
            result[TopicPartition(topic: String(words[0]), partition: partition)] = numbers
        }
        return result
    }

    /// Replaces a checkpoint durably.
    static func write(_ values: [TopicPartition: [Int64]], to path: String, directory: String) throws(LogError) {
        var text = "\(version)\n\(values.count)\n"
        for (name, numbers) in values.sorted(by: { $0.key < $1.key }) {
            text += "\(name.topic) \(name.partition)"
            for number in numbers { text += " \(number)" }
            text += "\n"
        }
        text += "\(checksumWord)\(String(checksum(Array(text.utf8)[...]), radix: 16))\n"
        try FileSystem.replace(path, with: Array(text.utf8), directory: directory)
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBytes { CRC32C.checksum($0) }
    }
}
