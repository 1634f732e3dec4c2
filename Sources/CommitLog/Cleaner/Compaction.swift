import Bytes
import KafkaProtocol

/// What becomes of each batch when a log is compacted; no I/O.
///
/// It is shown all batches from the log's beginning in order, because what becomes of a marker depends on what is left of
/// the records before it.
struct Compaction: ~Copyable {
    enum Verdict: Equatable {
        /// Stays as it is.
        case keep
        /// Loses records, or gets the time from which its tombstones may go; see `encode`.
        case rewrite(deleteHorizon: Int64?)
        /// Only its header stays: a live producer's last sequence number is in it.
        case empty
        case drop
    }

    /// The last that is known of a producer that may still write.
    struct LiveProducer: Equatable {
        let epoch: Int16
        /// The end of its last batch, nil when only a marker is known of this epoch.
        let lastOffset: Int64?
    }

    /// What a round goes by.
    struct Rules {
        /// At and above this offset nothing is touched.
        let endOffset: Int64
        /// Below, no aborted record is left.
        let firstDirtyOffset: Int64
        let outcomes: TransactionOutcomes
        let producers: [Int64: LiveProducer]
        let now: Int64
        /// How long tombstones and markers stay after the first round that meets them.
        let deleteRetentionMilliseconds: Int64
    }

    private let keys: KeyOffsetMap
    private let rules: Rules
    private var filter = RecordBatchFilter()
    /// Producers with records left of the transaction that is open at this place.
    private var producersWithData: Set<Int64> = []
    /// Where the markers were that were dropped since they were last asked for.
    private var droppedMarkers: Set<Int64> = []
    /// When the first tombstone or marker that stays may go.
    private(set) var nextDeleteHorizon: Int64?

    init(keys: consuming KeyOffsetMap, rules: Rules) {
        self.keys = keys
        self.rules = rules
    }

    /// Decides about the next batch.
    mutating func judge(_ batch: UnsafeRawBufferPointer, header: RecordBatchHeader) -> Verdict {
        if header.baseOffset >= rules.endOffset { return .keep }
        if header.attributes.isControl { return judgeMarker(header, batch) }
        if header.recordCount == 0 { return isLast(header) ? .keep : .drop }
        let isTransactional = header.attributes.isTransactional
        if isTransactional, header.baseOffset >= rules.firstDirtyOffset,
            rules.outcomes.isAborted(producerID: header.producerID, offset: header.baseOffset)
        {
            return isLast(header) ? .empty : .drop
        }
        let verdict = judgeRecords(header, batch)
        if isTransactional, verdict != .drop, verdict != .empty { producersWithData.insert(header.producerID) }
        return verdict
    }

    /// Appends the batch of the last verdict, which was `rewrite`.
    mutating func encode(
        _ header: RecordBatchHeader,
        deleteHorizon: Int64?,
        into writer: inout ByteWriter
    ) throws(RecordBatchError) {
        try filter.encode(header, deleteHorizon: deleteHorizon, into: &writer)
    }

    /// The offsets of the markers that were dropped since the last call: nobody may be told of their transactions.
    mutating func takeDroppedMarkers() -> Set<Int64> {
        defer { droppedMarkers = [] }
        return droppedMarkers
    }

    private mutating func judgeRecords(_ header: RecordBatchHeader, _ batch: UnsafeRawBufferPointer) -> Verdict {
        let tombstonesStay = header.deleteHorizon.map { $0 > rules.now } ?? true
        var keepsTombstone = false
        let isWhole: Bool
        do throws(RecordBatchError) {
            isWhole = try filter.select(from: batch, header: header) { record in
                guard let key = record.key else { return false }
                if let last = keys.offset(of: key), last > record.offset { return false }
                guard record.value == nil else { return true }
                keepsTombstone = keepsTombstone || tombstonesStay
                return tombstonesStay
            }
        } catch {
            return .keep  // a client's fault that the checksum covers: not ours to throw away
        }
        guard filter.keptCount > 0 else { return isLast(header) ? .empty : .drop }
        let newHorizon = keepsTombstone && header.deleteHorizon == nil ? horizon : nil
        if keepsTombstone { note(newHorizon ?? header.deleteHorizon) }
        return isWhole && newHorizon == nil ? .keep : .rewrite(deleteHorizon: newHorizon)
    }

    /// A marker stays until nothing is left of its transaction, and then as long as a tombstone: a reader that met the
    /// records must meet the marker too.
    private mutating func judgeMarker(_ header: RecordBatchHeader, _ batch: UnsafeRawBufferPointer) -> Verdict {
        let hasData = producersWithData.remove(header.producerID) != nil
        if hasData || isLast(header) { return .keep }
        guard let horizon = header.deleteHorizon else {
            guard (try? filter.select(from: batch, header: header, keep: { _ in true })) == true,
                filter.keptCount > 0
            else { return .keep }
            note(self.horizon)
            return .rewrite(deleteHorizon: self.horizon)
        }
        guard horizon > rules.now else {
            droppedMarkers.insert(header.baseOffset)
            return .drop
        }
        note(horizon)
        return .keep
    }

    private var horizon: Int64 { rules.now &+ max(0, rules.deleteRetentionMilliseconds) }

    private mutating func note(_ horizon: Int64?) {
        guard let horizon else { return }
        nextDeleteHorizon = min(nextDeleteHorizon ?? horizon, horizon)
    }

    /// Whether all that is known of a live producer's sequence or epoch is in this batch.
    private func isLast(_ header: RecordBatchHeader) -> Bool {
        guard header.hasProducerID, let producer = rules.producers[header.producerID],
            producer.epoch == header.producerEpoch
        else { return false }
        guard let lastOffset = producer.lastOffset else { return header.attributes.isControl }
        return lastOffset == header.lastOffset && !header.attributes.isControl
    }
}

extension RecordBatchHeader {
    /// A batch without records that fills the place of removed ones, so that offsets go on without a gap.
    static func filler(from offset: Int64, to end: Int64, leaderEpoch: Int32) -> RecordBatchHeader {
        var header = RecordBatchHeader(emptyWithBaseTimestamp: -1)
        header.baseOffset = offset
        header.leaderEpoch = leaderEpoch
        header.lastOffsetDelta = Int32(clamping: end - offset - 1)
        return header
    }

    var isFiller: Bool { recordCount == 0 && !hasProducerID && !attributes.isControl }
}
