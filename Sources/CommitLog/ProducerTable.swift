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
        if header.producerEpoch > entry.epoch {
            guard header.baseSequence == 0 else {
                throw .outOfOrderSequence(producerID: id, expected: 0, got: header.baseSequence)
            }
            return .accept
        }
        guard let last = entry.batches.last, let oldest = entry.batches.first else { return .accept }
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

    /// Takes note of a batch that was appended at `baseOffset`.
    ///
    /// `header`: As the producer sent it.
    mutating func record(
        _ header: RecordBatchHeader,
        baseOffset: Int64,
        checksum: UInt32?,
        logAppendTime: Int64,
        now: Int64
    ) {
        var entry =
            entries[header.producerID] ?? Entry(epoch: header.producerEpoch, batches: [], lastSeenMilliseconds: now)
        if entry.epoch != header.producerEpoch {
            entry.epoch = header.producerEpoch
            entry.batches = []
        }
        entry.lastSeenMilliseconds = now
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
    }

    /// Puts a producer back to what it was before a batch that could not be written.
    mutating func restore(_ producerID: Int64, to entry: Entry?) { entries[producerID] = entry }

    /// Forgets producers that were not heard since a time.
    mutating func expire(before milliseconds: Int64) {
        guard entries.contains(where: { $0.value.lastSeenMilliseconds < milliseconds }) else { return }
        entries = entries.filter { $0.value.lastSeenMilliseconds >= milliseconds }
    }

    /// Whether one sequence number comes before another, on a circle of 2^31.
    private static func isBefore(_ left: Int32, _ right: Int32) -> Bool {
        let distance = (Int64(right) - Int64(left)) & 0x7fff_ffff
        return distance > 0 && distance < 0x4000_0000
    }
}
