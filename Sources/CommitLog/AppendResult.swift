/// Who appends.
package enum AppendOrigin: Sendable {
    /// A producer: control batches are refused.
    case client
    /// The broker itself: transaction markers and internal topics.
    case broker
}

/// Where an append went.
///
/// It is not durable yet: give it to `PartitionLog.whenDurable(_:_:)`.
package struct AppendResult: Equatable, Sendable {
    /// The offset of the first record.
    package let baseOffset: Int64
    /// The offset of the last record.
    package let lastOffset: Int64
    /// The time the log stamped on the records, -1 when they keep the producer's.
    package let logAppendTime: Int64
    package let logStartOffset: Int64
    /// The producer had sent exactly this before: the offsets are the original's and nothing was written.
    package let isDuplicate: Bool
    /// How often bytes had been taken back by failed writes before this append: an offset alone does not say that
    /// *these* bytes are durable.
    let generation: Int

    /// The high watermark that covers the append.
    var durableOffset: Int64 { lastOffset + 1 }
}
