import Bytes
import KafkaProtocol

/// One fact about a group of the consumer protocol as it is written to `__consumer_offsets`: keys 3 to 8 in Kafka's form.
package enum ConsumerGroupRecord: Sendable, Equatable {
    /// The group's epoch and a digest of the topics that it was computed from; nil ends the group.
    case group(epoch: Int32, topicsDigest: Int64)
    case groupGone
    case member(ConsumerGroupMember)
    case memberGone(String)
    case targetEpoch(Int32)
    case targetEpochGone
    case target(memberID: String, PartitionSet)
    case targetGone(String)
    /// The part of a member that changes with reconciliation.
    case current(memberID: String, CurrentAssignment)
    case currentGone(String)

    package struct CurrentAssignment: Sendable, Equatable {
        package var epoch: Int32
        package var previousEpoch: Int32
        package var phase: ConsumerGroupMember.Phase
        package var owned: OwnedPartitions
        package var pendingRevocation: PartitionSet
    }

    /// Removals make no group that is not there.
    package var makesGroup: Bool {
        switch self {
        case .groupGone, .memberGone, .targetEpochGone, .targetGone, .currentGone: false
        case .group, .member, .targetEpoch, .target, .current: true
        }
    }

    private var keyVersion: Int16 {
        switch self {
        case .group, .groupGone: 3
        case .member, .memberGone: 5
        case .targetEpoch, .targetEpochGone: 6
        case .target, .targetGone: 7
        case .current, .currentGone: 8
        }
    }

    private var memberID: String? {
        switch self {
        case .group, .groupGone, .targetEpoch, .targetEpochGone: nil
        case .member(let member): member.id
        case .target(let id, _), .current(let id, _), .memberGone(let id), .targetGone(let id), .currentGone(let id): id
        }
    }

    func key(group: String) -> [UInt8] {
        var writer = WireWriter(isFlexible: false)
        writer.int16(keyVersion)
        writer.string(group)
        if let memberID { writer.string(memberID) }
        return Array(writer.output.bytes)
    }

    /// Nil removes.
    var value: [UInt8]? {
        var writer = WireWriter(isFlexible: true)
        // The version of the value is plain, the rest is flexible.
        writer.int16(0)
        switch self {
        case .groupGone, .memberGone, .targetEpochGone, .targetGone, .currentGone: return nil
        case .group(let epoch, let digest):
            writer.int32(epoch)
            var tags = TaggedFieldsWriter()
            if digest != 0 { tags.add(0) { $0.int64(digest) } }
            writer.taggedFields(tags)
        case .member(let member): Self.write(member, to: &writer)
        case .targetEpoch(let epoch):
            writer.int32(epoch)
            writer.emptyTaggedFields()
        case .target(_, let partitions):
            writer.array(partitions.wire, 0)
            writer.emptyTaggedFields()
        case .current(_, let current): Self.write(current, to: &writer)
        }
        return Array(writer.output.bytes)
    }

    private static func write(_ member: ConsumerGroupMember, to writer: inout WireWriter) {
        writer.nullableString(member.instanceID)
        writer.nullableString(member.rackID)
        writer.string(member.clientID)
        writer.string(member.clientHost)
        writer.strings(member.topics)
        writer.nullableString(member.regex)
        writer.int32(Int32(clamping: member.rebalanceTimeoutMilliseconds))
        writer.nullableString(member.assignor)
        writer.emptyTaggedFields()
    }

    private static func write(_ current: CurrentAssignment, to writer: inout WireWriter) {
        writer.int32(current.epoch)
        writer.int32(current.previousEpoch)
        writer.int8(current.phase.rawValue)
        writer.array(
            current.owned.epochs.sorted { $0.key < $1.key }.map { topic, partitions in
                let ordered = partitions.sorted { $0.key < $1.key }
                return AssignedTopic(
                    topicID: topic,
                    partitions: ordered.map(\.key),
                    epochs: ordered.map(\.value)
                )
            },
            0
        )
        writer.array(current.pendingRevocation.wire, 0)
        writer.emptyTaggedFields()
    }

    /// Reads a record of key version 3 to 8; nil for what newer brokers write.
    init?(
        keyVersion: Int16,
        key: inout WireReader,
        value: UnsafeRawBufferPointer?
    ) throws(ByteError) {
        let memberID = keyVersion == 3 || keyVersion == 6 ? "" : try key.string()
        guard let value else {
            switch keyVersion {
            case 3: self = .groupGone
            case 5: self = .memberGone(memberID)
            case 6: self = .targetEpochGone
            case 7: self = .targetGone(memberID)
            case 8: self = .currentGone(memberID)
            default: return nil
            }
            return
        }
        var reader = WireReader(ByteReader(value), isFlexible: true)
        guard try reader.int16() == 0 else { return nil }
        switch keyVersion {
        case 3:
            let epoch = try reader.int32()
            var digest: Int64 = 0
            var tags = try reader.taggedFields()
            while let tag = try reader.nextTag(&tags) {
                if tag == 0 { digest = try reader.int64() } else { try reader.skipTag(tags) }
            }
            self = .group(epoch: epoch, topicsDigest: digest)
        case 5: self = .member(try ConsumerGroupMember(id: memberID, from: &reader))
        case 6: self = .targetEpoch(try reader.int32())
        case 7: self = .target(memberID: memberID, PartitionSet(try reader.array(of: TopicIDPartitions.self, 0)))
        case 8: self = .current(memberID: memberID, try CurrentAssignment(from: &reader))
        default: return nil
        }
    }
}

extension ConsumerGroupMember {
    fileprivate init(id: String, from reader: inout WireReader) throws(ByteError) {
        self.init(id: id)
        instanceID = try reader.nullableString()
        rackID = try reader.nullableString()
        clientID = try reader.string()
        clientHost = try reader.string()
        topics = try reader.strings()
        regex = try reader.nullableString()
        rebalanceTimeoutMilliseconds = Int64(try reader.int32())
        assignor = try reader.nullableString()
        try reader.skipTaggedFields()
    }
}

extension ConsumerGroupRecord.CurrentAssignment {
    fileprivate init(from reader: inout WireReader) throws(ByteError) {
        epoch = try reader.int32()
        previousEpoch = try reader.int32()
        phase = ConsumerGroupMember.Phase(rawValue: try reader.int8()) ?? .stable
        owned = OwnedPartitions()
        for topic in try reader.array(of: AssignedTopic.self, 0) {
            for (place, partition) in topic.partitions.enumerated() {
                let given = topic.epochs.indices.contains(place) ? topic.epochs[place] : epoch
                owned.set(topic.topicID, partition, epoch: given)
            }
        }
        pendingRevocation = PartitionSet(try reader.array(of: TopicIDPartitions.self, 0))
        try reader.skipTaggedFields()
    }
}

/// Partitions of a topic with the epochs that they were given at.
private struct AssignedTopic: WireStruct {
    var topicID: KafkaUUID = .zero
    var partitions: [Int32] = []
    var epochs: [Int32] = []

    init() {}

    init(topicID: KafkaUUID, partitions: [Int32], epochs: [Int32]) {
        self.topicID = topicID
        self.partitions = partitions
        self.epochs = epochs
    }

    init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        topicID = try reader.uuid()
        partitions = try reader.int32s()
        var tags = try reader.taggedFields()
        while let tag = try reader.nextTag(&tags) {
            if tag == 0 { epochs = try reader.nullableInt32s() ?? [] } else { try reader.skipTag(tags) }
        }
    }

    func write(to writer: inout WireWriter, version: Int16) {
        writer.uuid(topicID)
        writer.int32s(partitions)
        var tags = TaggedFieldsWriter()
        tags.add(0) { $0.int32s(epochs) }
        writer.taggedFields(tags)
    }
}
