import KafkaProtocol

/// The partitions that one consumer fetches, and which of them must be looked at, as a value without I/O.
///
/// A partition is in the queue until it was found to be at its end and a wait for more is registered ("armed"); so the
/// next look costs what has changed, not what there is. Partitions that gave records go to the end of the queue, so that
/// those behind them get their share of a bounded answer (KIP-74).
struct FetchState: Sendable {
    /// Which partition: its topic by name, or by id in the versions that have ids.
    struct Key: Hashable, Sendable {
        let topic: String
        let topicID: KafkaUUID
        let partition: Int32
    }

    /// What a client knows of a partition's ends.
    struct Ends: Equatable, Sendable {
        var highWatermark: Int64 = -1
        var logStartOffset: Int64 = -1
    }

    struct Partition: Sendable {
        let key: Key
        fileprivate(set) var offset: Int64
        fileprivate(set) var maxBytes: Int32
        fileprivate(set) var leaderEpoch: Int32
        /// What the last answer said; it matters in a session, which tells only what has changed.
        fileprivate(set) var told = Ends()
        /// Changes with each wait, so that a late call of an old one is known as such.
        fileprivate(set) var ticket = 0
        fileprivate var isQueued = true
        fileprivate(set) var isArmed = false
    }

    typealias Slot = Int

    private var partitions: [Partition?] = []
    private var free: [Slot] = []
    /// Built for sessions alone: a fetch without one never looks a partition up.
    private var slots: [Key: Slot] = [:]
    private(set) var queue: [Slot] = []
    private(set) var count = 0
    private let isSession: Bool
    private var lastTicket = 0

    init(isSession: Bool) { self.isSession = isSession }

    subscript(slot: Slot) -> Partition? { partitions.indices.contains(slot) ? partitions[slot] : nil }

    /// Notes what an answer says of a partition's ends.
    mutating func tell(_ slot: Slot, _ ends: Ends) { partitions[slot]?.told = ends }

    /// Adds the partitions of a request, or sets where they are read on.
    ///
    /// - Returns: Those whose waits mean nothing any more.
    mutating func update(_ topics: [FetchRequest.Topic]) -> [Slot] {
        var disarmed: [Slot] = []
        if partitions.isEmpty { partitions.reserveCapacity(topics.reduce(0) { $0 + $1.partitions.count }) }
        for topic in topics {
            for asked in topic.partitions {
                let key = Key(topic: topic.topic, topicID: topic.topicID, partition: asked.partition)
                guard isSession, let slot = slots[key] else {
                    add(Partition(key, asked))
                    continue
                }
                if disarm(slot) { disarmed.append(slot) }
                partitions[slot]?.set(asked)
                enqueue(slot)
            }
        }
        return disarmed
    }

    /// Forgets partitions of a session.
    ///
    /// - Returns: Those whose waits mean nothing any more.
    mutating func forget(_ topics: [FetchRequest.ForgottenTopic]) -> [Slot] {
        var disarmed: [Slot] = []
        var gone: Set<Slot> = []
        for topic in topics {
            for index in topic.partitions {
                let key = Key(topic: topic.topic, topicID: topic.topicID, partition: index)
                guard let slot = slots.removeValue(forKey: key) else { continue }
                if disarm(slot) { disarmed.append(slot) }
                partitions[slot] = nil
                gone.insert(slot)
                free.append(slot)
                count -= 1
            }
        }
        if !gone.isEmpty { queue.removeAll(where: gone.contains) }
        return disarmed
    }

    /// A wait is over: the partition must be looked at.
    mutating func wake(_ slot: Slot, ticket: Int) {
        guard let partition = self[slot], partition.ticket == ticket else { return }
        partitions[slot]?.isArmed = false
        enqueue(slot)
    }

    /// Takes note that a wait is about to be registered.
    ///
    /// - Returns: Its ticket.
    mutating func arm(_ slot: Slot) -> Int {
        lastTicket += 1
        partitions[slot]?.ticket = lastTicket
        partitions[slot]?.isArmed = true
        return lastTicket
    }

    /// Says what a look at the queue has brought: who gave records, and who was at its end and is armed now.
    mutating func settle(served: [Slot], resting: [Slot]) {
        guard !served.isEmpty || !resting.isEmpty else { return }
        for slot in served + resting { partitions[slot]?.isQueued = false }
        queue = queue.filter { partitions[$0]?.isQueued == true }
        for slot in served { enqueue(slot) }
    }

    /// Ends all waits; everything must be looked at.
    ///
    /// - Returns: Those that were armed.
    mutating func disarmAll() -> [Slot] {
        partitions.indices.filter { slot in
            guard disarm(slot) else { return false }
            enqueue(slot)
            return true
        }
    }

    private mutating func add(_ partition: Partition) {
        let slot: Slot
        if let reused = free.popLast() {
            slot = reused
            partitions[slot] = partition
        } else {
            slot = partitions.count
            partitions.append(partition)
        }
        if isSession { slots[partition.key] = slot }
        queue.append(slot)
        count += 1
    }

    private mutating func enqueue(_ slot: Slot) {
        guard partitions[slot]?.isQueued == false else { return }
        partitions[slot]?.isQueued = true
        queue.append(slot)
    }

    private mutating func disarm(_ slot: Slot) -> Bool {
        guard partitions[slot]?.isArmed == true else { return false }
        partitions[slot]?.isArmed = false
        partitions[slot]?.ticket = 0
        return true
    }
}

extension FetchState.Partition {
    fileprivate init(_ key: FetchState.Key, _ asked: FetchRequest.Topic.Partition) {
        self.key = key
        offset = asked.fetchOffset
        maxBytes = asked.partitionMaxBytes
        leaderEpoch = asked.currentLeaderEpoch
    }

    fileprivate mutating func set(_ asked: FetchRequest.Topic.Partition) {
        offset = asked.fetchOffset
        maxBytes = asked.partitionMaxBytes
        leaderEpoch = asked.currentLeaderEpoch
    }
}
