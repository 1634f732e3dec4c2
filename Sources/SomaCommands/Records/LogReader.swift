import Events
import RdKafka

/// Reads spans of partitions, without a group.
struct LogReader {
    /// When a log ends with records that are never handed out (transaction markers, compacted away), silence this long
    /// after a fetch is taken for the end.
    private static let silenceAtEnd = Duration.milliseconds(1500)

    let consumer: Consumer
    /// Asked between batches; true ends the reading.
    var shouldStop: () -> Bool = { false }
    /// Records that it refuses are passed over without being copied.
    var isWanted: (ConsumerRecord) -> Bool = { _ in true }

    /// Reads until every span is read, or for ever when it follows; tells whether it came to the end of the spans.
    ///
    /// The body takes the records of a batch, and ends the reading with false.
    func read(_ spans: PartitionSpans, follow: Bool, _ body: ([LogRecord]) throws -> Bool) throws -> Bool {
        var open = spans.spans.filter { follow || $0.value.end > $0.value.start }
        guard !open.isEmpty else { return true }
        try consumer.assign(open.mapValues { .offset($0.start) })
        var lastRecord = ContinuousClock.now
        while !open.isEmpty {
            if shouldStop() { return false }
            let batch = try consumer.poll(timeout: .milliseconds(100))
            guard !batch.isEmpty else {
                if !follow, ContinuousClock.now - lastRecord > Self.silenceAtEnd { return true }
                continue
            }
            lastRecord = .now
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
            guard try records.isEmpty || body(records) else { return false }
        }
        return true
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
