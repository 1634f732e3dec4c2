package import CommitLog

/// When committed offsets lapse (`offsets.retention.minutes`); times are wall milliseconds.
///
/// Offsets of a group with members live as long as members read the topic. Once the group is empty everything has the
/// retention time from then on, or from its commit when that came later.
package enum OffsetExpiry {
    /// Who may still want the offsets.
    package enum Holder: Sendable, Equatable {
        /// There are members and nobody can tell what they read, or they are just finding out.
        case members
        /// There are members and they read these topics.
        case readers(of: Set<String>)
        /// There are no members any more.
        case nobody(since: Int64)
        /// There never were any: a consumer that assigns partitions itself keeps its offsets here.
        case standalone
    }

    package static func lapsed(
        _ offsets: [TopicPartition: CommittedOffset],
        _ holder: Holder,
        retentionMilliseconds retention: Int64,
        now: Int64
    ) -> [TopicPartition] {
        let limit = now - retention
        return offsets.filter { partition, offset in
            switch holder {
            case .members: false
            case .readers(let topics): !topics.contains(partition.topic) && offset.commitMilliseconds <= limit
            case .nobody(let since): max(since, offset.commitMilliseconds) <= limit
            case .standalone: offset.commitMilliseconds <= limit
            }
        }.map(\.key)
    }
}
