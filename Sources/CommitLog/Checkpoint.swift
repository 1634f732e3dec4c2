/// A small text file with one line of numbers per partition, in the form of Kafka's checkpoint files: a format version,
/// the number of lines, the lines.
enum Checkpoint {
    private static let version = "0"

    /// Reads a checkpoint; nil when there is none or when it is damaged, which callers treat alike.
    static func read(_ path: String) throws(LogError) -> [TopicPartition: [Int64]]? {
        guard let bytes = try FileSystem.contents(of: path) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count >= 2, lines[0] == version, let count = Int(lines[1]), count == lines.count - 2 else {
            return nil
        }
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
        try FileSystem.replace(path, with: Array(text.utf8), directory: directory)
    }
}
