import Bytes
import Clocks
import KafkaProtocol

/// What a partition knows of one producer, for operators (DescribeProducers, KIP-664).
package struct ProducerState: Equatable, Sendable {
    package let producerID: Int64
    package let producerEpoch: Int16
    /// -1 when only markers were seen.
    package let lastSequence: Int32
    package let lastTimestamp: Int64
    package let coordinatorEpoch: Int32
    /// -1 without an open transaction.
    package let transactionStartOffset: Int64
}

extension PartitionLog {
    /// Ends the open transaction of a producer in this partition, if there is one, and raises the producer's epoch.
    ///
    /// A marker is written in any case, and whatever waits for the disk already: nothing may keep a decided transaction
    /// from ending. Writing it again does no harm.
    /// - Throws: `.invalidProducerEpoch` and `.coordinatorFenced` for a marker that is older than what the log has seen.
    package func appendMarker(
        producerID: Int64,
        producerEpoch: Int16,
        isCommit: Bool,
        coordinatorEpoch: Int32,
        leaderEpoch: Int32 = 0
    ) throws(LogError) -> AppendResult {
        let now = services.clock.wallMilliseconds
        let marker = EndMarker(isCommit: isCommit, coordinatorEpoch: coordinatorEpoch)
        var writer = ByteWriter(capacity: 128)
        do throws(RecordBatchError) {
            try marker.encode(into: &writer, producerID: producerID, producerEpoch: producerEpoch, timestamp: now)
        } catch {
            throw .invalidRecord(reason: "\(error)")
        }
        let validator = BatchValidator(maxMessageBytes: .max, requiresKeys: false, origin: .broker)
        let bytes = writer.bytes
        let valid = try validator.validate(bytes)
        return try lock.withLock { () throws(LogError) in
            try producers.checkMarker(producerID: producerID, epoch: producerEpoch, coordinatorEpoch: coordinatorEpoch)
            let stamp = settings.timestampType == .logAppendTime ? now : nil
            return try appendLocked(valid, byteCount: bytes.count, leaderEpoch: leaderEpoch, stamp: stamp, now: now)
        }
    }

    /// What is known of the producers, by their id.
    package func producerStates() -> [ProducerState] {
        lock.withLock { producers }.states
    }

    /// The first offset of a producer's open transaction in this partition.
    package func openTransactionStart(of producerID: Int64) -> Int64? {
        lock.withLock { producers[producerID]?.transactionStart }
    }

    /// How many transactions are open.
    package var openTransactionCount: Int { lock.withLock { transactions.openCount } }

    // MARK: Keeping

    /// Notes the transactions whose markers have become durable.
    ///
    /// Call it with the lock held, after the high watermark has moved.
    func settleTransactions() {
        for aborted in transactions.settle(below: highWatermark) {
            segment(containing: aborted.lastOffset)?.aborted.append([aborted])
        }
        publishTransactions()
    }

    /// Writes the aborted transactions of a segment where its file lacks some: before anything is written that makes a
    /// start skip the batches they come from.
    ///
    /// `unsettled`: those whose markers are on disk and not noted as durable yet.
    func storeAborted(of segment: Segment, unsettled: [AbortedTransaction] = []) throws(LogError) {
        guard !unsettled.isEmpty || lock.withLock({ !segment.aborted.fresh.isEmpty }) else { return }
        if lock.withLock({ segment.aborted.stored == nil }) { try loadAborted(of: segment) }
        let entries = lock.withLock { (segment.aborted.stored ?? []) + segment.aborted.fresh + unsettled }
        try FileSystem.replace(segment.abortedIndexPath, with: AbortedIndex.encode(entries), directory: directory)
        lock.withLock { segment.aborted.markStored(entries) }
    }

    /// Reads a segment's aborted transactions back, or makes them again from the batches.
    func loadAborted(of segment: Segment) throws(LogError) {
        if let bytes = try FileSystem.contents(of: segment.abortedIndexPath), let entries = AbortedIndex.decode(bytes) {
            return lock.withLock { segment.aborted.load(entries) }
        }
        report(.warning, "\(segment.abortedIndexPath) was damaged and is made again")
        let entries = try abortedTransactions(endedIn: segment)
        lock.withLock { segment.aborted = AbortedIndex(entries, isStored: false) }
    }

    /// Reads all batch headers from the beginning of the log to the end of a segment: a transaction may have begun in any
    /// segment before.
    private func abortedTransactions(endedIn last: Segment) throws(LogError) -> [AbortedTransaction] {
        var table = ProducerTable()
        var open = OpenTransactions()
        var found: [AbortedTransaction] = []
        for segment in lock.withLock({ segments }) where segment.baseOffset <= last.baseOffset {
            let (handle, limit) = try lock.withLock { () throws(LogError) in (try segment.reader(), segment.written) }
            let scan = SegmentScan(handle: handle, baseOffset: segment.baseOffset, indexInterval: .max)
            _ = try scan.run(limit: limit) { header, marker in
                guard header.hasProducerID, header.attributes.isTransactional else { return }
                open.note(table.replay(header, marker: marker, now: 0), of: header)
            }
            let ended = open.settle(below: .max)
            if segment === last { found = ended }
        }
        return found
    }

    /// The aborted transactions with records in a range; nil when a segment's file must be read first.
    ///
    /// Call it with the lock held.
    func abortedTransactions(from offset: Int64, to end: Int64) -> AbortedLookup {
        var found: [AbortedTransaction] = []
        let first = segments.lastIndex { $0.baseOffset <= offset } ?? 0
        for segment in segments[first...] {
            guard let stored = segment.aborted.stored else { return .mustLoad(segment) }
            for entries in [stored, segment.aborted.fresh] {
                for entry in entries where entry.lastOffset >= offset {
                    if entry.firstOffset < end { found.append(entry) }
                    // All that began below had ended here, so nothing further on can reach into the range.
                    if entry.lastStableOffset >= end { return .found(found) }
                }
            }
        }
        return .found(found)
    }
}

enum AbortedLookup {
    case found([AbortedTransaction])
    case mustLoad(Segment)
}

extension OpenTransactions {
    mutating func note(_ transition: ProducerTable.Transition, of header: RecordBatchHeader) {
        switch transition {
        case .none: break
        case .began: begin(header.producerID, at: header.baseOffset)
        case .ended(let isCommit): end(header.producerID, markerOffset: header.baseOffset, isCommit: isCommit)
        }
    }
}

extension ProducerTable {
    /// What is known, by the producer's id.
    var states: [ProducerState] {
        entries.sorted { $0.key < $1.key }.map { id, entry in
            ProducerState(
                producerID: id,
                producerEpoch: entry.epoch,
                lastSequence: entry.batches.last?.lastSequence ?? -1,
                lastTimestamp: entry.lastTimestamp,
                coordinatorEpoch: entry.coordinatorEpoch,
                transactionStartOffset: entry.transactionStart ?? -1
            )
        }
    }

    /// Takes note of a batch that is read back from the log.
    mutating func replay(
        _ header: RecordBatchHeader,
        marker: EndMarker?,
        now: Int64,
        isRecompressed: Bool = false
    ) -> Transition {
        let isStamped = header.attributes.isLogAppendTime
        return record(
            header,
            baseOffset: header.baseOffset,
            checksum: isStamped || isRecompressed || header.isCompacted ? nil : header.checksum,
            logAppendTime: isStamped ? header.maxTimestamp : -1,
            now: now,
            marker: marker
        )
    }
}
