package import Bytes
package import CommitLog
import KafkaProtocol

/// One record of `__consumer_offsets`, in Kafka's own form: keys of version 1 (offset), 2 (classic group) and 3 to 8
/// (group of the consumer protocol), offset values of version 3 and group values of version 3, so that Kafka's tools and
/// Burrow read it.
package enum GroupRecord: Sendable, Equatable {
    /// A committed offset, or its removal.
    case offset(group: String, TopicPartition, CommittedOffset?)
    /// A group's generation and members, or the group's removal.
    case group(String, GroupSnapshot?)
    case consumer(group: String, ConsumerGroupRecord)

    package var key: [UInt8] {
        var writer = WireWriter(isFlexible: false)
        switch self {
        case .offset(let group, let partition, _):
            writer.int16(1)
            writer.string(group)
            writer.string(partition.topic)
            writer.int32(partition.partition)
        case .group(let group, _):
            writer.int16(2)
            writer.string(group)
        case .consumer(let group, let record): return record.key(group: group)
        }
        return Array(writer.output.bytes)
    }

    /// Nil removes.
    package var value: [UInt8]? {
        var writer = WireWriter(isFlexible: false)
        switch self {
        case .offset(_, _, nil), .group(_, nil):
            return nil
        case .offset(_, _, let offset?):
            writer.int16(3)
            writer.int64(offset.offset)
            writer.int32(offset.leaderEpoch)
            writer.string(offset.metadata)
            writer.int64(offset.commitMilliseconds)
        case .group(_, let snapshot?):
            snapshot.write(to: &writer)
        case .consumer(_, let record): return record.value
        }
        return Array(writer.output.bytes)
    }

    /// Reads a record; nil for kinds that a newer version or another program wrote.
    package init?(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) throws(ByteError) {
        guard let key else { return nil }
        var reader = WireReader(ByteReader(key), isFlexible: false)
        switch try reader.int16() {
        case 0, 1:
            let group = try reader.string()
            let partition = TopicPartition(topic: try reader.string(), partition: try reader.int32())
            self = .offset(group: group, partition, try value.map(CommittedOffset.init(value:)) ?? nil)
        case 2:
            let group = try reader.string()
            self = .group(group, try value.map(GroupSnapshot.init(value:)) ?? nil)
        case let version where (3...8).contains(version):
            let group = try reader.string()
            guard let record = try ConsumerGroupRecord(keyVersion: version, key: &reader, value: value) else {
                return nil
            }
            self = .consumer(group: group, record)
        default:
            return nil
        }
    }
}

/// How far a group has got in a partition.
package struct CommittedOffset: Sendable, Equatable {
    package var offset: Int64
    package var leaderEpoch: Int32
    package var metadata: String
    package var commitMilliseconds: Int64

    package init(offset: Int64, leaderEpoch: Int32, metadata: String, commitMilliseconds: Int64) {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
        self.commitMilliseconds = commitMilliseconds
    }

    init?(value: UnsafeRawBufferPointer) throws(ByteError) {
        var reader = WireReader(ByteReader(value), isFlexible: false)
        let version = try reader.int16()
        guard (0...3).contains(version) else { return nil }
        offset = try reader.int64()
        leaderEpoch = version >= 3 ? try reader.int32() : -1
        metadata = try reader.string()
        commitMilliseconds = try reader.int64()
    }
}

/// What is written about a group: enough for its members to go on after a restart of the broker.
package struct GroupSnapshot: Sendable, Equatable {
    package var protocolType: String
    package var generation: Int32
    package var protocolName: String?
    package var leader: String?
    package var stateMilliseconds: Int64
    package var members: [GroupMember]

    /// `now`: wall time, written as the time of the state.
    package init(_ state: GroupState, now: Int64) {
        protocolType = state.protocolType ?? ""
        generation = state.generation
        protocolName = state.protocolName
        leader = state.leader
        stateMilliseconds = now
        members = state.members
    }

    /// The same with another member id for an instance.
    package func renaming(_ instanceID: String, to memberID: String) -> GroupSnapshot {
        var renamed = self
        for index in members.indices where members[index].instanceID == instanceID {
            if leader == members[index].id { renamed.leader = memberID }
            renamed.members[index].id = memberID
        }
        return renamed
    }

    init?(value: UnsafeRawBufferPointer) throws(ByteError) {
        var reader = WireReader(ByteReader(value), isFlexible: false)
        let version = try reader.int16()
        guard (0...3).contains(version) else { return nil }
        protocolType = try reader.string()
        generation = try reader.int32()
        protocolName = try reader.nullableString()
        leader = try reader.nullableString()
        stateMilliseconds = version >= 2 ? try reader.int64() : -1
        members = []
        for _ in 0..<max(0, try reader.int32()) {
            let id = try reader.string()
            let instanceID = version >= 3 ? try reader.nullableString() : nil
            let clientID = try reader.string()
            let clientHost = try reader.string()
            let rebalanceTimeout = version >= 1 ? try reader.int32() : 0
            let sessionTimeout = try reader.int32()
            let subscription = try reader.bytes()
            var member = GroupMember(
                id: id,
                instanceID: instanceID,
                clientID: clientID,
                clientHost: clientHost,
                sessionTimeoutMilliseconds: Int64(sessionTimeout),
                rebalanceTimeoutMilliseconds: Int64(version >= 1 ? rebalanceTimeout : sessionTimeout),
                strategies: [.init(name: protocolName ?? "", metadata: subscription)]
            )
            member.assignment = try reader.bytes()
            members.append(member)
        }
    }

    func write(to writer: inout WireWriter) {
        writer.int16(3)
        writer.string(protocolType)
        writer.int32(generation)
        writer.nullableString(protocolName)
        writer.nullableString(leader)
        writer.int64(stateMilliseconds)
        writer.int32(Int32(clamping: members.count))
        for member in members {
            writer.string(member.id)
            writer.nullableString(member.instanceID)
            writer.string(member.clientID)
            writer.string(member.clientHost)
            writer.int32(Int32(clamping: member.rebalanceTimeoutMilliseconds))
            writer.int32(Int32(clamping: member.sessionTimeoutMilliseconds))
            writer.bytes(member.metadata(for: protocolName))
            writer.bytes(member.assignment)
        }
    }
}
