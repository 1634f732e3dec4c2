/// Why the log refuses or cannot do something.
///
/// The cases are grouped by what the caller does next; `kafkaErrorCode` is what a client is told.
package enum LogError: Error, Equatable, Sendable {
    // The batch is refused; sending it again gives the same answer.
    case corruptBatch(reason: String)
    case invalidRecord(reason: String)
    /// A record without a key for a compacted topic; its place in the batch.
    case missingKey(recordIndex: Int)
    case unsupportedFormat(magic: Int8)
    case batchTooLarge(byteCount: Int, limit: Int)
    /// The topic takes only times that are near the broker's.
    case invalidTimestamp(first: Int64, latest: Int64, allowed: ClosedRange<Int64>)

    // The producer's own numbering is refused (KIP-98, KIP-360).
    case outOfOrderSequence(producerID: Int64, expected: Int32, got: Int32)
    case duplicateSequence(producerID: Int64, sequence: Int32)
    case invalidProducerEpoch(producerID: Int64, current: Int16, got: Int16)

    // Transactions (KIP-98, KIP-890).
    /// A batch outside the producer's transactions, or in one that its coordinator does not know.
    case transactionNotOpen(producerID: Int64, reason: String)
    /// A marker of a coordinator that has been replaced.
    case coordinatorFenced(current: Int32, got: Int32)

    // The reader asks for what is not there.
    case offsetOutOfRange(offset: Int64, logStartOffset: Int64, highWatermark: Int64)

    // The disk; nothing was acknowledged. Retried later it may succeed.
    case storageFull(path: String)
    /// The process may open no more files (`ulimit -n`).
    case tooManyFiles(path: String)
    /// More bytes wait for the disk than `pendingByteLimit` allows.
    case overloaded(pendingBytes: Int)

    // The partition stands still until somebody looks; the reason names file, position and cause.
    case partitionStopped(reason: String)
    case corruptLog(file: String, position: Int64, reason: String)
    /// The partition was removed or the directory is closed.
    case closed

    // The directory cannot be opened.
    case directoryInUse(path: String)
    case unknownFormat(path: String, found: String, supported: String)
    case input(path: String, operation: String, code: Int32)

    /// The state passes by itself: what was refused may be sent again.
    var isTransient: Bool {
        switch self {
        case .storageFull, .tooManyFiles, .overloaded: true
        default: false
        }
    }

    /// The error code of the Kafka protocol.
    package var kafkaErrorCode: Int16 {
        switch self {
        case .offsetOutOfRange: 1
        case .corruptBatch, .corruptLog: 2
        case .closed: 6  // NOT_LEADER_OR_FOLLOWER: the client asks for metadata and learns what is there now
        case .batchTooLarge: 10
        case .invalidTimestamp: 32
        case .unsupportedFormat: 43
        case .outOfOrderSequence: 45
        case .duplicateSequence: 46
        case .invalidProducerEpoch: 47
        case .transactionNotOpen: 48
        case .coordinatorFenced: 52
        case .storageFull, .tooManyFiles, .overloaded, .partitionStopped, .directoryInUse, .unknownFormat, .input: 56
        case .invalidRecord, .missingKey: 87
        }
    }
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .corruptBatch(let reason): "record batch is damaged: \(reason)"
        case .invalidRecord(let reason): "record batch is refused: \(reason)"
        case .missingKey(let recordIndex): "record \(recordIndex) has no key, which a compacted topic needs"
        case .unsupportedFormat(let magic): "message format \(magic) is not stored, use a client with format 2"
        case .batchTooLarge(let byteCount, let limit):
            "record batch has \(byteCount) bytes, max.message.bytes allows \(limit)"
        case .invalidTimestamp(let first, let latest, let allowed):
            "records carry times from \(first) to \(latest), the topic takes \(allowed.lowerBound) to \(allowed.upperBound)"
        case .outOfOrderSequence(let producerID, let expected, let got):
            "producer \(producerID) sent sequence \(got), \(expected) is next"
        case .duplicateSequence(let producerID, let sequence):
            "producer \(producerID) repeated sequence \(sequence), which is older than its last five batches"
        case .invalidProducerEpoch(let producerID, let current, let got):
            "producer \(producerID) has epoch \(got), the log knows \(current)"
        case .transactionNotOpen(let producerID, let reason): "producer \(producerID) \(reason)"
        case .coordinatorFenced(let current, let got):
            "marker of coordinator epoch \(got), the log has seen epoch \(current)"
        case .offsetOutOfRange(let offset, let logStartOffset, let highWatermark):
            "offset \(offset) is outside \(logStartOffset)...\(highWatermark)"
        case .storageFull(let path): "no space left for \(path)"
        case .tooManyFiles(let path): "too many open files to open \(path); raise the limit (ulimit -n)"
        case .overloaded(let pendingBytes): "\(pendingBytes) bytes wait for the disk already"
        case .partitionStopped(let reason): "partition is stopped: \(reason)"
        case .corruptLog(let file, let position, let reason): "\(file) is damaged at byte \(position): \(reason)"
        case .closed: "the log is closed"
        case .directoryInUse(let path):
            "data directory \(path) is in use by another process; stop it or choose another directory"
        case .unknownFormat(let path, let found, let supported):
            "\(path) has format version \(found), this program reads \(supported); use the version that wrote it"
        case .input(let path, let operation, let code): "\(operation) \(path): \(systemErrorText(code))"
        }
    }
}
