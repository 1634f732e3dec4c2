import Bytes
import Synchronization

/// Gives out producer ids, each once for ever.
///
/// A block of ids is noted on disk before its first is given out, so a crash skips ids and never repeats one. Used on the
/// administration thread, because a new block waits for the disk.
final class ProducerIDs: Sendable {
    private static let blockSize: Int64 = 1000
    private static let fileName = "producer-ids"

    private struct State {
        var next: Int64
        var blockEnd: Int64
    }

    private let directory: String
    private let state: Mutex<State>

    /// - Throws: `AtomicFile.Failure`, or `CatalogueFile.Damage` when the file holds no number.
    init(directory: String) throws {
        self.directory = directory
        var reserved: Int64 = 0
        if let bytes = try AtomicFile.read(directory + "/" + Self.fileName) {
            guard let value = Self.decode(bytes) else {
                throw CatalogueFile.Damage(
                    line: 1,
                    reason: "\(directory)/\(Self.fileName) is damaged: its checksum is wrong"
                )
            }
            reserved = value
        }
        state = Mutex(State(next: reserved, blockEnd: reserved))
    }

    /// The number and its checksum: a flipped bit would give ids out again.
    private static func encode(_ value: Int64) -> [UInt8] {
        let text = Array("\(value)".utf8)
        return text + Array(" \(text.withUnsafeBytes { CRC32C.checksum($0) })\n".utf8)
    }

    private static func decode(_ bytes: [UInt8]) -> Int64? {
        let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        // Written by earlier versions without a checksum.
        guard let value = Int64(line.prefix { $0 != " " }), value >= 0 else { return nil }
        return !line.contains(" ") || Array((line + "\n").utf8) == encode(value) ? value : nil
    }

    func next() throws(AtomicFile.Failure) -> Int64 {
        let (next, mustReserve) = state.withLock { ($0.next, $0.next >= $0.blockEnd) }
        if mustReserve {
            let end = next + Self.blockSize
            try AtomicFile.write(Self.encode(end), to: directory + "/" + Self.fileName, in: directory)
            state.withLock { $0.blockEnd = end }
        }
        return state.withLock {
            $0.next += 1
            return $0.next - 1
        }
    }
}
