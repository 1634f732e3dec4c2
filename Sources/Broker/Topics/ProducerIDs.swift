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
            let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            guard let value = Int64(text), value >= 0 else {
                throw CatalogueFile.Damage(line: 1, reason: "\(Self.fileName) does not hold a number")
            }
            reserved = value
        }
        state = Mutex(State(next: reserved, blockEnd: reserved))
    }

    func next() throws(AtomicFile.Failure) -> Int64 {
        let (next, mustReserve) = state.withLock { ($0.next, $0.next >= $0.blockEnd) }
        if mustReserve {
            let end = next + Self.blockSize
            try AtomicFile.write(Array("\(end)\n".utf8), to: directory + "/" + Self.fileName, in: directory)
            state.withLock { $0.blockEnd = end }
        }
        return state.withLock {
            $0.next += 1
            return $0.next - 1
        }
    }
}
