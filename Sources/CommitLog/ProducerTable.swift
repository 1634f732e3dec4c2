import KafkaProtocol

/// What a partition remembers of its idempotent producers: a value, so that tests can play any sequence of batches.
struct ProducerTable {
    /// One batch that a producer sent.
    struct Batch: Equatable {
        let firstSequence: Int32
        let lastSequence: Int32
        let baseOffset: Int64
        let lastOffset: Int64
        /// The checksum as the producer sent it; nil when only the log's own, restamped copy was seen.
        ///
        /// Two different batches with one sequence number are a fault of the client, and acknowledging the second
        /// would lose it.
        let checksum: UInt32?
        let logAppendTime: Int64
    }

    struct Entry {
        static let keptBatches = 5
        var epoch: Int16
        /// The last five, oldest first.
        var batches: [Batch]
        /// When the producer was last heard, for expiry.
        var lastSeenMilliseconds: Int64
        /// The latest time of its last batch, -1 without one.
        var lastTimestamp: Int64 = -1
        /// The first offset of its open transaction in this partition.
        var transactionStart: Int64?
        /// Of the last marker, -1 without one.
        var coordinatorEpoch: Int32 = -1
    }

    /// What a batch did to its producer's transaction.
    enum Transition: Equatable {
        case none
        case began
        case ended(isCommit: Bool)
    }

    enum Verdict {
        case accept
        case duplicate(Batch)
    }

    private(set) var entries: [Int64: Entry] = [:]

    subscript(producerID: Int64) -> Entry? { entries[producerID] }

    /// Decides about a batch of an idempotent producer (KIP-98, KIP-360).
    func check(_ header: RecordBatchHeader) throws(LogError) -> Verdict {
        guard let entry = entries[header.producerID] else { return .accept }
        let id = header.producerID
        if header.producerEpoch < entry.epoch {
            throw .invalidProducerEpoch(producerID: id, current: entry.epoch, got: header.producerEpoch)
        }
        // The broker's own batches in a transaction carry no sequence.
        if header.baseSequence < 0 { return .accept }
        if entry.transactionStart != nil, !header.attributes.isTransactional {
            throw .transactionNotOpen(producerID: id, reason: "has a transaction open and sent a batch outside it")
        }
        if header.producerEpoch > entry.epoch {
            guard header.baseSequence == 0 else {
                throw .outOfOrderSequence(producerID: id, expected: 0, got: header.baseSequence)
            }
            return .accept
        }
        guard let last = entry.batches.last, let oldest = entry.batches.first else {
            // Only a marker was seen of this epoch: the producer begins with it.
            guard header.baseSequence == 0 else {
                throw .outOfOrderSequence(producerID: id, expected: 0, got: header.baseSequence)
            }
            return .accept
        }
        let next = ProducerSequence.advance(last.lastSequence, by: 1)
        if header.baseSequence == next { return .accept }
        let same = entry.batches.first {
            $0.firstSequence == header.baseSequence && $0.lastSequence == header.lastSequence
        }
        if let same {
            guard same.checksum == nil || same.checksum == header.checksum else {
                throw .outOfOrderSequence(producerID: id, expected: next, got: header.baseSequence)
            }
            return .duplicate(same)
        }
        if Self.isBefore(header.lastSequence, oldest.firstSequence) {
            throw .duplicateSequence(producerID: id, sequence: header.baseSequence)
        }
        throw .outOfOrderSequence(producerID: id, expected: next, got: header.baseSequence)
    }

    /// Decides about a transaction marker: an older coordinator or epoch must not end what is newer.
    func checkMarker(producerID: Int64, epoch: Int16, coordinatorEpoch: Int32) throws(LogError) {
        guard let entry = entries[producerID] else { return }
        if epoch < entry.epoch {
            throw .invalidProducerEpoch(producerID: producerID, current: entry.epoch, got: epoch)
        }
        if coordinatorEpoch < entry.coordinatorEpoch {
            throw .coordinatorFenced(current: entry.coordinatorEpoch, got: coordinatorEpoch)
        }
    }

    /// Whether a batch would be the first of a transaction in this partition.
    func begins(_ header: RecordBatchHeader) -> Bool {
        header.attributes.isTransactional && entries[header.producerID]?.transactionStart == nil
    }

    /// Takes note of a batch that was appended at `baseOffset`.
    ///
    /// `header`: As the producer sent it. `marker`: of a control batch.
    @discardableResult
    mutating func record(
        _ header: RecordBatchHeader,
        baseOffset: Int64,
        checksum: UInt32?,
        logAppendTime: Int64,
        now: Int64,
        marker: EndMarker? = nil
    ) -> Transition {
        var entry =
            entries[header.producerID] ?? Entry(epoch: header.producerEpoch, batches: [], lastSeenMilliseconds: now)
        if entry.epoch != header.producerEpoch {
            entry.epoch = header.producerEpoch
            entry.batches = []
        }
        entry.lastSeenMilliseconds = now
        entry.lastTimestamp = header.maxTimestamp
        var transition = Transition.none
        if let marker {
            entry.coordinatorEpoch = marker.coordinatorEpoch
            if entry.transactionStart != nil { transition = .ended(isCommit: marker.isCommit) }
            entry.transactionStart = nil
        } else if header.attributes.isTransactional, !header.attributes.isControl, entry.transactionStart == nil {
            entry.transactionStart = baseOffset
            transition = .began
        }
        // A transaction marker has no sequence number; it only carries the epoch on.
        if !header.attributes.isControl && header.baseSequence >= 0 {
            if entry.batches.count == Entry.keptBatches { entry.batches.removeFirst() }
            entry.batches.append(
                Batch(
                    firstSequence: header.baseSequence,
                    lastSequence: header.lastSequence,
                    baseOffset: baseOffset,
                    lastOffset: baseOffset + Int64(header.lastOffsetDelta),
                    checksum: checksum,
                    logAppendTime: logAppendTime
                )
            )
        }
        entries[header.producerID] = entry
        return transition
    }

    /// Puts a producer back to what it was before a batch that could not be written.
    mutating func restore(_ producerID: Int64, to entry: Entry?) { entries[producerID] = entry }

    /// Forgets producers that were not heard since a time and have no transaction open.
    mutating func expire(before milliseconds: Int64) {
        func isKept(_ entry: Entry) -> Bool {
            entry.lastSeenMilliseconds >= milliseconds || entry.transactionStart != nil
        }
        guard entries.contains(where: { !isKept($0.value) }) else { return }
        entries = entries.filter { isKept($0.value) }
    }

    /// The open transactions, by their first offset.
    var openTransactions: [(producerID: Int64, firstOffset: Int64)] {
        entries.compactMap { id, entry in entry.transactionStart.map { (id, $0) } }.sorted {
            $0.firstOffset < $1.firstOffset
        }
    }

    /// Whether one sequence number comes before another, on a circle of 2^31.
    private static func isBefore(_ left: Int32, _ right: Int32) -> Bool {
        let distance = (Int64(right) - Int64(left)) & 0x7fff_ffff
        return distance > 0 && distance < 0x4000_0000
    }
}
