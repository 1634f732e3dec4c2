import Glibc
import JSON
import Synchronization
import Telemetry
import VectorIndex

/// The memory of what was said: an embedded index of messages that survives restarts.
///
/// Written by one sink task, read from any thread. Texts and positions are in one file; a batch is in it with its positions
/// or not at all. When the file is missing, the positions are too, and the topic is read again from its start.
package final class MemoryIndex: Sendable {
    package static let entriesMaxStandard = 100_000

    private let directory: String
    private let clusterID: String
    private let lock: DirectoryLock
    private let graph: MemoryGraph
    private let logger = Logger("vector")
    // Order when both are held: texts, then store. Searching holds `store` for the time of a search (well under a
    // millisecond), adding for the time of one entry.
    private let texts: Mutex<Texts>
    private let store: Mutex<MemoryStore>

    private struct Texts {
        var file: FrameFile
        /// Kept or not any more.
        var entries: Int
        /// Whether the file was rewritten since it was opened: then the graph in memory has other labels than the file.
        var isRenumbered = false
    }

    /// Opens the index in a directory of its own, which is made when missing.
    ///
    /// - Parameters:
    ///   - directory: Holds `texts.log`, `graph.bin` and `graph.json`.
    ///   - clusterID: Which log the positions are of: those of another are forgotten, its messages are kept.
    ///   - entriesMax: The newest so many messages are kept.
    /// - Throws: When the directory cannot be made or read, another process has it open, or hnswlib has no memory.
    package init(
        directory: String,
        clusterID: String = "",
        entriesMax: Int = MemoryIndex.entriesMaxStandard
    ) throws {
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { throw FrameFile.Failure("make", directory) }
        self.directory = directory
        self.clusterID = clusterID
        lock = try DirectoryLock(directory)
        let graph = MemoryGraph(directory: directory, entriesMax: entriesMax)
        self.graph = graph
        var (opened, batches) = try Self.read(directory)
        if batches.reduce(0, { $0 + $1.entries.count }) > 2 * entriesMax {
            graph.forget()
            let kept = Array(batches.flatMap(\.entries).suffix(entriesMax))
            let positions = batches.filter { $0.log == clusterID }.reduce(into: [:]) { $0.merge($1.positions) { $1 } }
            let whole = MemoryBatch(entries: kept, positions: positions, log: clusterID)
            opened = try Self.rewrite(whole, directory)
            batches = [whole]
        }
        let total = batches.reduce(0) { $0 + $1.entries.count }
        let picture = graph.load(entries: total)
        var store = MemoryStore(
            graph: try picture?.index ?? MemoryGraph.empty(capacity: max(1024, min(total, entriesMax))),
            entriesMax: entriesMax
        )
        for batch in batches {
            for entry in batch.entries { try store.insert(entry, isInGraph: store.added < picture?.entries ?? 0) }
            if batch.log == clusterID { store.positions.merge(batch.positions) { $1 } }
        }
        texts = Mutex(Texts(file: opened, entries: total))
        self.store = Mutex(store)
    }

    /// How many messages are remembered.
    package var count: Int { store.withLock { $0.count } }

    /// The offset of the next record of a partition; nil when nothing of it was read yet.
    package func position(topic: String, partition: Int32) -> Int64? {
        store.withLock { $0.positions[MemoryBatch.Place(topic: topic, partition: partition)] }
    }

    /// Remembers messages and, with them, how far the topic was read.
    ///
    /// Returns when both are on disk. Messages whose id is known already are not added again.
    package func append(
        _ entries: [MemoryEntry],
        positions: [(topic: String, partition: Int32, nextOffset: Int64)]
    ) throws {
        var places: [MemoryBatch.Place: Int64] = [:]
        for position in positions {
            places[MemoryBatch.Place(topic: position.topic, partition: position.partition)] = position.nextOffset
        }
        try texts.withLock { texts in
            var seen: Set<String> = []
            let fresh = store.withLock { store in
                entries.filter { !store.contains($0.id) && seen.insert($0.id).inserted }
            }
            // Positions alone are not worth a write: what lies between is read again at the next start.
            guard !fresh.isEmpty else { return store.withLock { $0.positions.merge(places) { $1 } } }
            try texts.file.append(MemoryBatch(entries: fresh, positions: places, log: clusterID).bytes)
            texts.entries += fresh.count
            for entry in fresh { try store.withLock { try $0.insert(entry) } }
            let (kept, positions, most) = store.withLock { store in
                store.positions.merge(places) { $1 }
                let isLarge = texts.entries > 3 * store.entriesMax
                return (isLarge ? store.live : [], store.positions, store.entriesMax)
            }
            guard texts.entries > 3 * most else { return }
            graph.forget()
            texts.isRenumbered = true
            texts.file = try Self.rewrite(
                MemoryBatch(entries: kept, positions: positions, log: clusterID),
                directory
            )
            texts.entries = kept.count
        }
    }

    /// The messages of a tenant nearest to a query, best first.
    ///
    /// Other tenants' messages are never found; with a session, only messages of that session. Words and pieces of words
    /// of the query count. At most 1000 are given.
    package func search(tenant: String, query: String, k limit: Int, session: String? = nil) -> [MemoryHit] {
        do {
            return try store.withLock {
                try $0.search(tenant: tenant, query: query, limit: min(limit, 1000), session: session)
            }
        } catch {
            logger.error("search failed", ["error": .value(error)])
            return []
        }
    }

    /// Saves a picture of the neighbour graph, so that the next start need not build it; call it when stopping.
    package func save() {
        do {
            try texts.withLock { texts in
                guard !texts.isRenumbered else { return }
                try store.withLock { store in
                    if store.added > 0 { try graph.save(store.picture, entries: store.added) }
                }
            }
        } catch {
            logger.warning("graph not saved; the next start builds it from the texts", ["error": .value(error)])
        }
    }

    private static func read(_ directory: String) throws -> (FrameFile, [MemoryBatch]) {
        var batches: [MemoryBatch] = []
        let file = try FrameFile(path: directory + "/texts.log") { batches.append(try MemoryBatch(bytes: $0)) }
        return (file, batches)
    }

    /// Leaves the entries that are no longer kept out of the file.
    private static func rewrite(_ whole: MemoryBatch, _ directory: String) throws -> FrameFile {
        let path = directory + "/texts.log"
        unlink(path + ".new")
        let fresh = try FrameFile(path: path + ".new") { _ in }
        var start = 0
        while start < whole.entries.count {
            let end = min(start + 1000, whole.entries.count)
            let part = MemoryBatch(entries: Array(whole.entries[start..<end]), positions: [:], log: whole.log)
            try fresh.append(part.bytes)
            start = end
        }
        try fresh.append(MemoryBatch(entries: [], positions: whole.positions, log: whole.log).bytes)
        guard rename(path + ".new", path) == 0 else { throw FrameFile.Failure("rename", path) }
        // The new name must be on disk before anything is appended to the file behind it.
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FrameFile.Failure("open", directory) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw FrameFile.Failure("sync", directory) }
        return fresh
    }
}
