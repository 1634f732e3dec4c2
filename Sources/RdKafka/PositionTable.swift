import CRdKafka

/// The consumer's own account of what is assigned and what comes next in each partition.
struct PositionTable {
    struct Slot {
        let partition: TopicPartition
        /// The next offset expected; -1 while it is not known.
        var position: Int64
        /// Where reading began; counts while there is no position.
        var start: OffsetPosition
        var isPaused = false
        /// After an assignment, seek or resume the first record is checked once against the position, because
        /// librdkafka 2.0.2 may skip records there.
        ///
        /// A gap that is read twice is one of the log: compaction, or a transaction's marker.
        var checksNextGap = true
    }

    private struct Place: Hashable {
        let topic: OpaquePointer
        let partition: Int32
    }

    private(set) var slots: [Slot?] = []
    private var byPartition: [TopicPartition: Int] = [:]
    private var byPlace: [Place: Int] = [:]

    var partitions: [TopicPartition] { slots.compactMap { $0?.partition } }

    /// Where each partition goes on.
    var places: [TopicPartition: OffsetPosition] {
        var places: [TopicPartition: OffsetPosition] = [:]
        for case .some(let slot) in slots {
            places[slot.partition] = slot.position >= 0 ? .offset(slot.position) : slot.start
        }
        return places
    }

    subscript(_ index: Int) -> Slot? {
        get { slots[index] }
        set { slots[index] = newValue }
    }

    func index(of partition: TopicPartition) -> Int? { byPartition[partition] }

    /// The slot of a record, nil when its partition is not assigned (any more).
    mutating func index(of message: UnsafePointer<rd_kafka_message_t>) -> Int? {
        guard let topic = message.pointee.rkt else { return nil }
        let place = Place(topic: topic, partition: message.pointee.partition)
        if let found = byPlace[place] { return found }
        let partition = TopicPartition(String(cString: rd_kafka_topic_name(topic)), message.pointee.partition)
        guard let found = byPartition[partition] else { return nil }
        byPlace[place] = found
        return found
    }

    mutating func add(_ partition: TopicPartition, at start: OffsetPosition) {
        remove(partition)
        var position: Int64 = -1
        if case .offset(let offset) = start { position = offset }
        let slot = Slot(partition: partition, position: position, start: start)
        if let free = slots.firstIndex(where: { $0 == nil }) {
            slots[free] = slot
            byPartition[partition] = free
        } else {
            byPartition[partition] = slots.count
            slots.append(slot)
        }
    }

    mutating func remove(_ partition: TopicPartition) {
        guard let index = byPartition.removeValue(forKey: partition) else { return }
        slots[index] = nil
        byPlace = byPlace.filter { $0.value != index }
    }

    mutating func update(_ partition: TopicPartition, _ change: (inout Slot) -> Void) {
        guard let index = byPartition[partition], var slot = slots[index] else { return }
        change(&slot)
        slots[index] = slot
    }
}
