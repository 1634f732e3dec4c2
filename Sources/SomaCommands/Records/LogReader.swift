import Events
import RdKafka

/// Reads spans of partitions, without a group.
struct LogReader {
    let consumer: Consumer
    /// How long the broker may keep silent before that counts as an error.
    var patience: Duration = .seconds(30)
    /// Asked between batches; true ends the reading.
    var shouldStop: () -> Bool = { false }
    /// Records that it refuses are passed over without being copied.
    var isWanted: (ConsumerRecord) -> Bool = { _ in true }

    /// Hears where logs end.
    ///
    /// The last offsets of a log may be records that are never handed out: transaction markers, or compacted away.
    private final class Ends: RebalanceHandler {
        var ended: Set<TopicPartition> = []

        func partitionEnded(_ partition: TopicPartition, offset: Int64) { ended.insert(partition) }
    }

    /// Reads until every span is read, or for ever when it follows; tells whether it came to the end of the spans.
    ///
    /// The body takes the records of a batch, and ends the reading with false.
    func read(_ spans: PartitionSpans, follow: Bool, _ body: ([LogRecord]) throws -> Bool) throws -> Bool {
        var open = spans.spans.filter { follow || $0.value.end > $0.value.start }
        guard !open.isEmpty else { return true }
        try consumer.assign(open.mapValues { .offset($0.start) })
        let ends = Ends()
        var lastSign = ContinuousClock.now
        while !open.isEmpty {
            if shouldStop() { return false }
            let batch = try consumer.poll(timeout: .milliseconds(100), handler: ends)
            let records = take(batch, &open, follow: follow)
            guard try records.isEmpty || body(records) else { return false }
            if !batch.isEmpty || !ends.ended.isEmpty { lastSign = .now }
            if !follow { for partition in ends.ended { open[partition] = nil } }
            ends.ended = []
            if !follow, ContinuousClock.now - lastSign > patience {
                throw CommandError("no answer from the broker for \(patience)", status: .timedOut)
            }
        }
        return true
    }

    /// Copies what is wanted of a batch and closes the spans that are read.
    private func take(
        _ batch: borrowing RecordBatch,
        _ open: inout [TopicPartition: PartitionSpans.Span],
        follow: Bool
    ) -> [LogRecord] {
        var records: [LogRecord] = []
        records.reserveCapacity(batch.count)
        for run in batch.runs {
            guard let span = open[run.partition] else { continue }
            for index in run.range {
                let record = batch[index]
                if follow || record.offset < span.end, isWanted(record) {
                    records.append(LogRecord(record, topic: run.partition.topic))
                }
                if !follow, record.offset >= span.end - 1 {
                    open[run.partition] = nil
                    break
                }
            }
        }
        return records
    }
}

extension LogRecord {
    /// A copy of a record that was fetched.
    init(_ record: ConsumerRecord, topic: String) {
        self.init(
            topic: topic,
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map { Array($0) },
            value: record.value.map { Array($0) },
            headers: record.headers.map { RecordHeader($0.name, $0.value) }
        )
    }
}
