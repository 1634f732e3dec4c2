package import Compression

/// When an append is called durable, per topic (`log.flush`).
package enum FlushPolicy: Equatable, Sendable {
    /// On disk before it is acknowledged or seen by readers; nothing acknowledged is lost by a power cut.
    case always
    /// Acknowledged when the operating system has it, synced every so many milliseconds: kill -9 loses nothing, a power
    /// cut loses up to that time.
    case interval(milliseconds: Int)
    /// Acknowledged when the operating system has it, which syncs when it likes: kill -9 loses nothing, a power cut up
    /// to half a minute.
    case os
}

/// Whose clock a topic's records carry (`message.timestamp.type`).
package enum TimestampType: Equatable, Sendable {
    case createTime
    case logAppendTime
}

/// The settings of one partition, named after Kafka's topic settings.
package struct PartitionSettings: Equatable, Sendable {
    /// `segment.bytes`.
    package var segmentBytes = 1 << 30
    /// `segment.ms`: the active segment is rolled when its first record is older.
    package var segmentMilliseconds: Int64 = 7 * 24 * 3_600_000
    /// `segment.jitter.ms`: up to so much earlier, by chance.
    package var segmentJitterMilliseconds: Int64 = 0
    /// `index.interval.bytes`.
    package var indexIntervalBytes = 4096
    /// `max.message.bytes`: the largest record batch.
    package var maxMessageBytes = 1_048_588
    /// `retention.ms`; nil keeps for ever.
    package var retentionMilliseconds: Int64? = 7 * 24 * 3_600_000
    /// `retention.bytes`; nil keeps everything.
    package var retentionBytes: Int64?
    package var timestampType = TimestampType.createTime
    /// `message.timestamp.before.max.ms` and `.after.max.ms`: how far a client's times may lie from the broker's.
    package var timestampBeforeMaxMilliseconds = Int64.max
    package var timestampAfterMaxMilliseconds = Int64.max
    /// `compression.type`: what records are stored in; nil as the producer sent them.
    package var compression: CompressionCodec?
    package var flush = FlushPolicy.always
    /// `cleanup.policy` contains `delete`.
    ///
    /// Where it does not (a topic that is only compacted), nothing is ever removed by time or size.
    package var deletesOldSegments = true
    /// `cleanup.policy` contains `compact`: records without a key are refused, and of each key the last value is kept.
    package var isCompacted = false
    /// `min.cleanable.dirty.ratio`: the share of bytes that no round has seen which is worth a round.
    package var minCleanableDirtyRatio = 0.5
    /// `min.compaction.lag.ms`: younger records stay.
    package var minCompactionLagMilliseconds: Int64 = 0
    /// `max.compaction.lag.ms`: older records are worth a round whatever their share.
    package var maxCompactionLagMilliseconds = Int64.max
    /// `delete.retention.ms`: how long tombstones stay after the first round that met them.
    package var deleteRetentionMilliseconds: Int64 = 24 * 3_600_000
    /// `producer.id.expiration.ms`.
    package var producerExpirationMilliseconds: Int64 = 24 * 3_600_000

    package init() {}

    /// The age at which the active segment ends.
    func rollMilliseconds(jitter: Double) -> Int64 {
        let age = isCompacted ? min(segmentMilliseconds, maxCompactionLagMilliseconds) : segmentMilliseconds
        guard segmentJitterMilliseconds > 0 else { return age }
        return age - Int64(Double(min(segmentJitterMilliseconds, age)) * jitter)
    }

    /// The times that a client's records may carry.
    func timestamps(at now: Int64) -> ClosedRange<Int64> {
        let (first, isBefore) = now.subtractingReportingOverflow(timestampBeforeMaxMilliseconds)
        let (last, isBehind) = now.addingReportingOverflow(timestampAfterMaxMilliseconds)
        return (isBefore ? .min : first)...(isBehind ? .max : max(first, last))
    }
}

/// The settings of a data directory.
package struct LogDirectorySettings: Equatable, Sendable {
    /// Threads that write to the disk.
    ///
    /// More help when many partitions are written at once.
    package var writerThreads = 4
    /// Threads that read old data from the disk.
    package var readerThreads = 4
    /// Bytes of recent batches kept in memory for readers, over all partitions; given back when nobody comes for them.
    package var cacheBytes = 48 << 20
    /// Bytes that may wait for the disk, over all partitions; appends beyond are refused.
    package var pendingByteLimit = 256 << 20
    /// Direct I/O is used where the file system has it; false forces writes through the page cache.
    package var usesDirectIO = true
    /// In a quiet directory, a partition without appends gives its memory back after this time.
    package var idleMilliseconds: Int64 = 5000
    /// And after this time in a busy one, where somebody may still be on the way to what it has.
    package var busyIdleMilliseconds: Int64 = 120_000
    package var cleaner = CleanerSettings()
    /// The cluster id of a directory that has none yet; nil makes a random one.
    package var clusterID: String?

    package init() {}
}

/// How compaction is done, over all partitions of a directory.
package struct CleanerSettings: Equatable, Sendable {
    /// `log.cleaner.enable`: a thread looks for work; without it only `LogDirectory.clean()` does any.
    package var isEnabled = false
    /// `log.cleaner.dedupe.buffer.size`: memory for the keys of one round, taken while it runs.
    package var keyBytesMax = 32 << 20
    /// `log.cleaner.backoff.ms`: how often to look for work.
    package var pauseMilliseconds: Int64 = 15_000
    /// `log.cleaner.io.max.bytes.per.second`: bytes read and written, together.
    package var bytesPerSecond = 64 << 20

    package init() {}
}
