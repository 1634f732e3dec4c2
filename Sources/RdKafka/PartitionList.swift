import CRdKafka

/// librdkafka's list of partitions, freed with its owner.
struct PartitionList: ~Copyable {
    private let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(capacity: Int) {
        // NULL only when memory is out, which librdkafka itself treats as the end of the process.
        guard let made = rd_kafka_topic_partition_list_new(Int32(clamping: capacity)) else {
            preconditionFailure("librdkafka has no memory for \(capacity) partitions")
        }
        pointer = made
    }

    init(_ partitions: some Collection<TopicPartition>) {
        self.init(capacity: partitions.count)
        for partition in partitions { add(partition) }
    }

    init(offsets: [TopicPartition: Int64]) {
        self.init(capacity: offsets.count)
        for (partition, offset) in offsets { add(partition, offset: offset) }
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    func add(_ partition: TopicPartition, offset: Int64? = nil) {
        let element = rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.partition)
        if let offset { element?.pointee.offset = offset }
    }

    /// Lends the list to a C call; it lives at least as long as that.
    func lend<Result>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Result) -> Result {
        body(pointer)
    }

    var elements: [Element] { Self.elements(pointer) }

    /// One line of the list, with what the broker answered for it.
    struct Element {
        let partition: TopicPartition
        let offset: Int64
        let error: rd_kafka_resp_err_t
    }

    static func elements(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [Element] {
        guard let list else { return [] }
        return (0..<Int(list.pointee.cnt)).map { index in
            let element = list.pointee.elems[index]
            return Element(
                partition: TopicPartition(String(cString: element.topic), element.partition),
                offset: element.offset,
                error: element.err
            )
        }
    }
}
