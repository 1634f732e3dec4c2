package import RdKafka

/// The records of an asynchronous processor: which may start, which wait, which are done.
///
/// Does no I/O; the time comes in as an argument.
package final class AsyncQueue {
    /// One record on its way.
    package final class Entry {
        package enum State { case waiting, running, backingOff, writing, done }

        package let id: UInt
        package let record: OwnedRecord
        package fileprivate(set) var state = State.waiting
        package fileprivate(set) var retry = 0
        fileprivate var retryAt: Int64 = 0
        fileprivate let lane: Lane?

        fileprivate init(id: UInt, record: OwnedRecord) {
            self.id = id
            self.record = record
            lane = record.key.map { Lane(partition: record.partition, key: $0) }
        }
    }

    /// What follows from a failed try.
    package enum Verdict {
        case retry
        case deadLetter(Entry)
        case stop(ProcessingError)
        /// The record belongs to a partition that went away.
        case none
    }

    /// Records of one lane run one after the other.
    fileprivate struct Lane: Hashable {
        let partition: Int32
        let key: [UInt8]
    }

    private let limits: AsyncLimits
    private let policy: FailurePolicy
    private var nextID: UInt = 1
    private var byID: [UInt: Entry] = [:]
    /// In order of offset; finished entries leave at the front.
    private var byPartition: [TopicPartition: [Entry]] = [:]
    private var positions: [TopicPartition: Int64] = [:]
    private var nextOffsets: [TopicPartition: Int64] = [:]
    /// Entries behind a running one of their lane, in order.
    private var lanes: [Lane: [Entry]] = [:]
    private var ready: [Entry] = []
    private var backingOff: [Entry] = []

    /// Records that are being worked on.
    package private(set) var inFlight = 0
    /// Bytes of all records that are not done.
    package private(set) var byteCount = 0

    package init(limits: AsyncLimits, policy: FailurePolicy) {
        self.limits = limits
        self.policy = policy
    }

    package var isIdle: Bool { byID.isEmpty }
    package var count: Int { byID.count }
    package var isFull: Bool { byteCount > limits.waitingBytes }
    /// Half empty again: time to fetch more.
    package var hasRoom: Bool { byteCount <= limits.waitingBytes / 2 }

    package func add(_ record: OwnedRecord) {
        let entry = Entry(id: nextID, record: record)
        nextID += 1
        byID[entry.id] = entry
        let partition = TopicPartition(record.topic, record.partition)
        byPartition[partition, default: []].append(entry)
        nextOffsets[partition] = record.offset + 1
        byteCount += record.byteCount
        if let lane = entry.lane {
            if lanes[lane] != nil {
                lanes[lane]?.append(entry)
                return
            }
            lanes[lane] = []
        }
        ready.append(entry)
    }

    /// The records to start now, within the limit of records in flight.
    package func takeReady(now: Int64) -> [Entry] {
        if !backingOff.isEmpty {
            ready.append(contentsOf: backingOff.filter { $0.retryAt <= now })
            backingOff.removeAll { $0.retryAt <= now }
        }
        let room = limits.inFlight - inFlight
        guard room > 0, !ready.isEmpty else { return [] }
        let taken = Array(ready.prefix(room))
        ready.removeFirst(taken.count)
        for entry in taken { entry.state = .running }
        inFlight += taken.count
        return taken
    }

    /// When the next retry is due, in the clock of `takeReady`; nil when none waits.
    package var nextRetry: Int64? { backingOff.map(\.retryAt).min() }

    /// The work for a record ended well; its outputs are not acknowledged yet.
    package func finished(_ id: UInt) {
        guard let entry = byID[id], entry.state == .running else { return }
        inFlight -= 1
        entry.state = .writing
        release(entry)
    }

    package func failed(_ id: UInt, _ failure: ProcessingError, now: Int64) -> Verdict {
        guard let entry = byID[id], entry.state == .running else { return .none }
        inFlight -= 1
        if failure.kind == .transient && entry.retry < policy.retries {
            entry.retry += 1
            entry.state = .backingOff
            let (seconds, attoseconds) = policy.pause(before: entry.retry).components
            entry.retryAt = now + seconds * 1000 + attoseconds / 1_000_000_000_000_000
            backingOff.append(entry)
            return .retry
        }
        guard policy.last == .deadLetter else { return .stop(failure) }
        entry.state = .writing
        release(entry)
        return .deadLetter(entry)
    }

    /// All outputs of a finished record are in the log.
    package func acknowledged(_ id: UInt) {
        guard let entry = byID.removeValue(forKey: id), entry.state == .writing else { return }
        entry.state = .done
        byteCount -= entry.record.byteCount
        let partition = TopicPartition(entry.record.topic, entry.record.partition)
        guard var entries = byPartition[partition] else { return }
        let done = entries.prefix { $0.state == .done }
        guard let last = done.last else { return }
        positions[partition] = last.record.offset + 1
        entries.removeFirst(done.count)
        byPartition[partition] = entries
    }

    /// The next offset to commit of each partition that moved since the last call.
    package func takePositions() -> [TopicPartition: Int64] {
        defer { positions.removeAll(keepingCapacity: true) }
        return positions
    }

    /// The offset after the last record that was added of a partition; nil when none was.
    package func nextOffset(_ partition: TopicPartition) -> Int64? { nextOffsets[partition] }

    /// Forgets the records of partitions that go away.
    ///
    /// - Returns: The calls to cancel, in order of their start.
    package func revoke(_ partitions: [TopicPartition]) -> [UInt] {
        let gone = Set(partitions)
        let entries = byID.values.filter { gone.contains(TopicPartition($0.record.topic, $0.record.partition)) }
        for entry in entries {
            byID[entry.id] = nil
            byteCount -= entry.record.byteCount
            if entry.state == .running { inFlight -= 1 }
        }
        let removed = Set(entries.map(\.id))
        ready.removeAll { removed.contains($0.id) }
        backingOff.removeAll { removed.contains($0.id) }
        let numbers = Set(partitions.map(\.partition))
        for lane in lanes.keys where numbers.contains(lane.partition) {
            lanes[lane]?.removeAll { removed.contains($0.id) }
        }
        // A lane whose runner is gone goes on with what another topic's partition of that number has waiting.
        for entry in entries where entry.state != .waiting || removed.contains(entry.id) {
            if let lane = entry.lane, !isHeld(lane) { advance(lane) }
        }
        for partition in partitions {
            byPartition[partition] = nil
            positions[partition] = nil
            nextOffsets[partition] = nil
        }
        return entries.filter { $0.state == .running }.map(\.id).sorted()
    }

    /// The record behind a call that is in flight.
    package subscript(_ id: UInt) -> Entry? { byID[id] }

    private func isHeld(_ lane: Lane) -> Bool {
        byID.values.contains { $0.lane == lane && ($0.state == .running || $0.state == .backingOff) }
            || ready.contains { $0.lane == lane }
    }

    private func release(_ entry: Entry) {
        if let lane = entry.lane { advance(lane) }
    }

    private func advance(_ lane: Lane) {
        guard var waiting = lanes[lane] else { return }
        guard !waiting.isEmpty else {
            lanes[lane] = nil
            return
        }
        ready.append(waiting.removeFirst())
        lanes[lane] = waiting
    }
}
