import Bytes
import Glibc
import JSON
import Retrieval
import VectorIndex

/// The neighbour graph on disk: a picture of the index that saves building it anew, never the truth.
///
/// `graph.json` names the checksum of `graph.bin`, how many entries are in it and how they were embedded. Whatever does
/// not fit is ignored and the graph is built from the texts.
struct MemoryGraph {
    private let directory: String
    private let entriesMax: Int

    init(directory: String, entriesMax: Int) {
        self.directory = directory
        self.entriesMax = entriesMax
    }

    private var graphPath: String { directory + "/graph.bin" }
    private var notePath: String { directory + "/graph.json" }

    static func empty(capacity: Int) throws -> NeighbourIndex {
        try NeighbourIndex(dimensions: HashingEmbedder.dimensions, capacity: capacity)
    }

    /// Writes the graph of the first `entries` entries; the note goes last, so that a crash leaves an older pair or none.
    func save(_ index: NeighbourIndex, entries: Int) throws {
        forget()
        try index.save(to: graphPath)
        guard let checksum = Self.checksum(graphPath) else { throw FrameFile.Failure("read", graphPath) }
        let note: JSON = [
            "checksum": .integer(Int64(checksum)), "entries": .integer(Int64(entries)),
            "entries_max": .integer(Int64(entriesMax)), "embedding": .string(HashingEmbedder.version),
        ]
        let bytes = note.bytes
        guard let file = fopen(notePath, "w") else { throw FrameFile.Failure("write", notePath) }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw FrameFile.Failure("write", notePath) }
    }

    /// Drops the picture, before the texts that it belongs to are numbered anew.
    func forget() { unlink(notePath) }

    /// The graph and how many entries are in it; nil when there is none that fits.
    func load(entries: Int) -> (index: NeighbourIndex, entries: Int)? {
        guard let note = Self.read(notePath).flatMap({ try? JSON.parse($0) }),
            note["embedding"]?.string == HashingEmbedder.version,
            note["entries_max"]?.int64 == Int64(entriesMax),
            let covered = note["entries"]?.int64.flatMap(Int.init(exactly:)), covered > 0, covered <= entries,
            let checksum = Self.checksum(graphPath), note["checksum"]?.int64 == Int64(checksum),
            let index = try? NeighbourIndex(
                path: graphPath,
                dimensions: HashingEmbedder.dimensions,
                capacity: max(covered * 2, 1024)
            ),
            index.count == min(covered, entriesMax)
        else { return nil }
        return (index, covered)
    }

    private static func checksum(_ path: String) -> UInt32? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var block = [UInt8](repeating: 0, count: 1 << 20)
        var checksum: UInt32 = 0
        while true {
            let count = fread(&block, 1, block.count, file)
            if count == 0 { return ferror(file) == 0 ? checksum : nil }
            checksum = block.withUnsafeBytes {
                CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<count]), continuing: checksum)
            }
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var block = [UInt8](repeating: 0, count: 4096)
        let count = fread(&block, 1, block.count, file)
        return Array(block[..<count])
    }
}
