import RdKafka

/// The offsets of a range in each of some partitions.
struct PartitionSpans {
    struct Span: Equatable {
        var start: Int64
        /// The first offset that is not read.
        var end: Int64
    }

    let spans: [TopicPartition: Span]

    /// Asks the broker where a range begins and ends; an open end is the end of the log at this moment.
    static func resolve(
        _ range: OffsetRange,
        _ partitions: [TopicPartition],
        _ admin: Admin,
        _ invocation: Invocation
    ) throws -> PartitionSpans {
        let marks = try invocation.watermarks(partitions, admin)
        func offsets(_ place: OffsetRange.Place) throws -> (TopicPartition) -> Int64 {
            let times: [TopicPartition: Int64]
            if case .time(let time) = place {
                times = try admin.listOffsets(partitions, .timestamp(time), deadline: invocation.globals.timeout)
            } else {
                times = [:]
            }
            return { partition in
                let low = marks[partition]?.low ?? 0
                let high = marks[partition]?.high ?? 0
                let wanted: Int64 =
                    switch place {
                    case .start: low
                    case .end: high
                    case .offset(let offset): offset
                    case .afterStart(let count): low.addingReportingOverflow(count).partialValue
                    case .beforeEnd(let count): high - count
                    case .time: times[partition] ?? high
                    }
                return min(max(wanted, low), high)
            }
        }
        let start = try offsets(range.start)
        let end = try offsets(range.end ?? .end)
        var spans: [TopicPartition: Span] = [:]
        for partition in partitions {
            let first = start(partition)
            spans[partition] = Span(start: first, end: max(first, end(partition)))
        }
        return PartitionSpans(spans: spans)
    }

    /// Offsets in all spans together: the number of records, or more where the log was compacted.
    var offsetCount: Int64 { spans.values.reduce(0) { $0 + $1.end - $1.start } }
}
