/// Something that `LogVerifier` found wrong.
package struct LogFinding: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// Bytes that were durable are not what was written: the partition does not start, or a read fails.
        case damage
        /// A file that is made again from the log by itself.
        case cache
        /// The end of a log that was not closed in order: the next start cuts it there.
        case tail
    }

    package let kind: Kind
    package let file: String
    /// The byte, where one can be named.
    package let position: Int64?
    package let reason: String
    /// What to do about it.
    package let advice: String

    static func damage(_ file: String, _ position: Int64?, _ reason: String) -> LogFinding {
        LogFinding(
            kind: .damage,
            file: file,
            position: position,
            reason: reason,
            advice: "keep a copy, restore the file from a backup; without one remove the partition and fill it again"
        )
    }

    static func cache(_ file: String, _ position: Int64?, _ reason: String) -> LogFinding {
        LogFinding(
            kind: .cache,
            file: file,
            position: position,
            reason: reason,
            advice: "stop the broker and delete this file: it is made again from the log"
        )
    }

    static func tail(_ file: String, _ position: Int64?, _ reason: String) -> LogFinding {
        LogFinding(
            kind: .tail,
            file: file,
            position: position,
            reason: reason,
            advice: "nothing: the next start ends it there, and nothing that was acknowledged lies behind"
        )
    }
}

/// What was seen of one partition.
package struct LogReport: Sendable, Equatable {
    package let partition: TopicPartition
    package var segmentCount = 0
    package var byteCount: Int64 = 0
    package var batchCount = 0
    package var recordCount: Int64 = 0
    package var startOffset: Int64 = 0
    package var endOffset: Int64 = 0
    package var findings: [LogFinding] = []

    package var isDamaged: Bool { findings.contains { $0.kind == .damage } }
}
