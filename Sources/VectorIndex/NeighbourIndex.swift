import CHNSW

/// Finds the vectors nearest to another among many, approximately (HNSW, Malkov and Yashunin 2016).
///
/// Vectors are unit vectors; nearness is their inner product. Used by one thread at a time; the owner locks.
package final class NeighbourIndex {
    package struct Neighbour: Sendable, Equatable {
        package var label: UInt64
        /// The cosine: 1 is the same direction.
        package var similarity: Float
    }

    package let dimensions: Int
    private let handle: OpaquePointer

    /// Makes an empty index; it grows beyond the capacity by doubling.
    package init(dimensions: Int, capacity: Int) throws(VectorIndexError) {
        self.dimensions = dimensions
        handle = try Self.calling("make index") { ch_make(dimensions, capacity, $0, $1) }
    }

    /// Opens an index that `save` wrote.
    ///
    /// hnswlib trusts the file: check its digest before.
    package init(path: String, dimensions: Int, capacity: Int) throws(VectorIndexError) {
        self.dimensions = dimensions
        handle = try Self.calling("load \(path)") { ch_load(path, dimensions, capacity, $0, $1) }
    }

    deinit { ch_free(handle) }

    /// Vectors in the index, replaced ones counted once.
    package var count: Int { ch_count(handle) }

    /// Adds a vector, or puts it in the place of the one with the same label.
    package func insert(_ vector: [Float], label: UInt64) throws(VectorIndexError) {
        try check(vector)
        _ = try Self.calling("add vector \(label)") { ch_add(handle, vector, label, $0, $1) == 1 ? true : nil }
    }

    /// Takes a vector out of later answers.
    package func remove(label: UInt64) throws(VectorIndexError) {
        _ = try Self.calling("remove vector \(label)") { ch_remove(handle, label, $0, $1) == 1 ? true : nil }
    }

    /// The nearest vectors, nearest first.
    ///
    /// - Complexity: about the logarithm of the number of vectors.
    package func search(_ vector: [Float], limit: Int) throws(VectorIndexError) -> [Neighbour] {
        try check(vector)
        guard limit > 0, count > 0 else { return [] }
        let wanted = min(limit, count)
        var labels = [UInt64](repeating: 0, count: wanted)
        var distances = [Float](repeating: 0, count: wanted)
        let found = try Self.calling("search") { reason, size in
            let found = ch_search(handle, vector, wanted, &labels, &distances, reason, size)
            return found >= 0 ? found : nil
        }
        return (0..<min(found, wanted)).map { Neighbour(label: labels[$0], similarity: 1 - distances[$0]) }
    }

    /// Writes the index to a file, not durably: the owner syncs and renames.
    package func save(to path: String) throws(VectorIndexError) {
        _ = try Self.calling("save \(path)") { ch_save(handle, path, $0, $1) == 1 ? true : nil }
    }

    private func check(_ vector: [Float]) throws(VectorIndexError) {
        guard vector.count == dimensions else {
            throw VectorIndexError(
                operation: "vector",
                reason: "has \(vector.count) dimensions where the index has \(dimensions)"
            )
        }
    }

    private static func calling<Result>(
        _ operation: String,
        _ body: (UnsafeMutablePointer<CChar>, Int) -> Result?
    ) throws(VectorIndexError) -> Result {
        var reason = [CChar](repeating: 0, count: 256)
        let result = reason.withUnsafeMutableBufferPointer { buffer -> Result? in
            guard let start = buffer.baseAddress else { return nil }
            return body(start, buffer.count)
        }
        guard let result else {
            let text = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw VectorIndexError(operation: operation, reason: String(decoding: text, as: UTF8.self))
        }
        return result
    }
}
