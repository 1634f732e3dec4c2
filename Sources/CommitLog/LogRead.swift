package import Bytes

/// Bytes of the log that stay valid and unchanged as long as the slice is kept, on any thread.
package struct LogSlice: @unchecked Sendable {  // Sendable holds: the bytes are never written again
    private let owner: AnyObject
    package let bytes: UnsafeRawBufferPointer

    init(owner: AnyObject, bytes: UnsafeRawBufferPointer) {
        self.owner = owner
        self.bytes = bytes
    }

    /// The first bytes, in the same memory.
    func prefix(_ count: Int) -> LogSlice {
        LogSlice(owner: owner, bytes: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }

    /// Calls `body` with the bytes and keeps them alive meanwhile.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withExtendedLifetime(owner) { body(bytes) }
    }
}

/// The answer to a read: whole record batches, as slices that follow one another without a gap.
///
/// The slices can be given to `writev` as they are: no copy is made of what is in memory.
package struct LogRead: Sendable {
    /// A batch may begin in one slice and end in the next.
    package internal(set) var slices: [LogSlice]
    package internal(set) var byteCount: Int
    /// The offset behind the last batch; the offset that was asked for when there is none.
    package internal(set) var nextOffset: Int64
    package internal(set) var highWatermark: Int64
    /// The first offset of a transaction that is still open, else the high watermark.
    package internal(set) var lastStableOffset: Int64
    package internal(set) var logStartOffset: Int64
    /// For readers of committed records: the aborted transactions that have records among these.
    package var abortedTransactions: [AbortedTransaction] = []

    package var isEmpty: Bool { byteCount == 0 }

    /// Copies all slices to the end of `writer`.
    package func copy(into writer: inout ByteWriter) {
        writer.reserve(byteCount)
        for slice in slices { slice.withBytes { writer.writeBytes($0) } }
    }

    /// All bytes in one piece.
    func joined() -> SharedBytes {
        var writer = ByteWriter(capacity: byteCount)
        copy(into: &writer)
        return writer.finish()
    }
}

/// Which records a reader wants to see (KIP-98).
package enum ReadIsolation: Sendable {
    /// All that are durable.
    case uncommitted
    /// Those below the first transaction that is still open; aborted ones are named beside them.
    case committed
}

/// A record's offset and time, as time lookups answer them.
package struct TimestampedOffset: Equatable, Sendable {
    package let offset: Int64
    package let timestamp: Int64
    package let leaderEpoch: Int32
}
