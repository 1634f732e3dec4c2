package import Bytes
import CommitLog
import KafkaProtocol

/// One record of `__transaction_state`, in Kafka's own form: key version 0, value version 1, so that Kafka's tools read it.
package struct TransactionRecord: Equatable, Sendable {
    package let id: String
    /// nil forgets the id.
    package let state: TransactionState?

    package init(_ state: TransactionState) {
        id = state.id
        self.state = state
    }

    package init(forgetting id: String) {
        self.id = id
        state = nil
    }

    package var key: [UInt8] {
        var writer = WireWriter(isFlexible: false)
        writer.int16(0)
        writer.string(id)
        return Array(writer.output.bytes)
    }

    package var value: [UInt8]? {
        guard let state else { return nil }
        var head = WireWriter(isFlexible: false)
        head.int16(1)
        var writer = WireWriter(isFlexible: true)
        writer.int64(state.marking.id)
        writer.int16(state.marking.epoch)
        writer.int32(state.timeoutMilliseconds)
        writer.int8(state.phase.rawValue)
        writer.nullableArray(state.partitions.isEmpty && state.phase == .empty ? nil : Self.topics(state.partitions), 1)
        writer.int64(state.updateMilliseconds)
        writer.int64(state.startMilliseconds)
        // Tagged fields: 0 the producer id before, 1 and 3 the producer that goes on when the markers carry another's id,
        // 2 the protocol version of the last transaction: in version 2 its end raised the epoch.
        var tags: [(UInt32, [UInt8])] = []
        if let previous = state.previous, previous.id != state.producer.id { tags.append((0, Self.bytes(previous.id))) }
        if state.markerProducer != nil {
            tags.append((1, Self.bytes(state.producer.id)))
        }
        if state.phase != .empty, state.previous != nil { tags.append((2, Self.bytes(Self.secondVersion))) }
        if state.markerProducer != nil { tags.append((3, Self.bytes(state.producer.epoch))) }
        writer.output.writeUnsignedVarint(UInt32(tags.count))
        for (tag, bytes) in tags {
            writer.output.writeUnsignedVarint(tag)
            writer.output.writeUnsignedVarint(UInt32(bytes.count))
            writer.output.writeBytes(bytes)
        }
        return Array(head.output.bytes) + Array(writer.output.bytes)
    }

    /// Reads a record; nil for kinds that a newer version wrote.
    package init?(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) throws(ByteError) {
        guard let key else { return nil }
        var reader = WireReader(ByteReader(key), isFlexible: false)
        guard try reader.int16() == 0 else { return nil }
        id = try reader.string()
        guard let value else {
            state = nil
            return
        }
        var bytes = ByteReader(value)
        let form = try bytes.readInt16()
        guard (0...1).contains(form) else { return nil }
        var fields = WireReader(bytes, isFlexible: form >= 1)
        var state = TransactionState(id: id, now: 0)
        state.producer = ProducerIdentity(id: try fields.int64(), epoch: try fields.int16())
        state.timeoutMilliseconds = try fields.int32()
        guard let phase = TransactionPhase(rawValue: try fields.int8()) else { return nil }
        state.phase = phase
        for topic in try fields.nullableArray(of: Topic.self, form) ?? [] {
            for partition in topic.partitions {
                state.partitions.insert(TopicPartition(topic: topic.name, partition: partition))
            }
        }
        state.updateMilliseconds = try fields.int64()
        state.startMilliseconds = try fields.int64()
        var next: (id: Int64?, epoch: Int16) = (nil, 0)
        var previousID: Int64?
        var version: Int16 = 0
        var tags = try fields.taggedFields()
        while let tag = try fields.nextTag(&tags) {
            switch tag {
            case 0: previousID = try fields.int64()
            case 1: next.id = try fields.int64()
            case 2: version = try fields.int16()
            case 3: next.epoch = try fields.int16()
            default: try fields.skipTag(tags)
            }
        }
        if let id = next.id {
            state.markerProducer = state.producer
            state.producer = ProducerIdentity(id: id, epoch: next.epoch)
        }
        if let previousID {
            state.previous = ProducerIdentity(id: previousID, epoch: TransactionState.lastUsableEpoch)
        } else if version == Self.secondVersion, state.phase != .empty, state.producer.epoch > 0 {
            state.previous = ProducerIdentity(id: state.producer.id, epoch: state.producer.epoch - 1)
        }
        self.state = state
    }

    private static let secondVersion: Int16 = 2

    private struct Topic: WireStruct {
        var name = ""
        var partitions: [Int32] = []

        init() {}

        init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            partitions = try reader.int32s()
            try reader.skipTaggedFields()
        }

        func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.int32s(partitions)
            writer.emptyTaggedFields()
        }
    }

    private static func topics(_ partitions: Set<TopicPartition>) -> [Topic] {
        Dictionary(grouping: partitions, by: \.topic).sorted { $0.key < $1.key }.map { name, members in
            var topic = Topic()
            topic.name = name
            topic.partitions = members.map(\.partition).sorted()
            return topic
        }
    }

    private static func bytes<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
