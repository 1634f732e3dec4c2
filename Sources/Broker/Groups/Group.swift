import CommitLog
import EventLoop
import KafkaProtocol

/// A group in the coordinator: its state machine, its offsets and its timer.
final class Group {
    /// Of the classic protocol; at rest while `consumer` is set.
    var state: GroupState
    /// Of the consumer protocol (KIP-848), once a member of that kind has come.
    var consumer: ConsumerGroupState?
    var offsets: [TopicPartition: CommittedOffset] = [:]
    /// What was last written about the group.
    var written: GroupSnapshot?
    var timer: TimerQueue.Token?
    var timerDeadline: Int64?

    init(state: GroupState) { self.state = state }

    /// Nobody is in the group.
    var isEmpty: Bool { consumer.map(\.members.isEmpty) ?? (state.phase == .empty) }

    /// Nothing of the group needs to be remembered.
    var isVacant: Bool { isEmpty && offsets.isEmpty && state.pendingMembers.isEmpty }

    /// What it is called when groups are listed.
    var phaseName: String { consumer?.phase.rawValue ?? state.phase.rawValue }
    var typeName: String { consumer == nil ? "classic" : "consumer" }
    var protocolType: String { consumer == nil ? state.protocolType ?? "" : ConsumerSubscription.protocolType }

    /// The topics that members read; nil when nobody can tell.
    var subscribedTopics: Set<String>? {
        if let consumer { return consumer.subscribedTopics }
        guard state.phase != .empty else { return [] }
        guard state.protocolType == ConsumerSubscription.protocolType else { return nil }
        return Set(
            state.members.flatMap { member in
                member.strategies.first.map { ConsumerSubscription.topics(in: $0.metadata) } ?? []
            }
        )
    }

    /// When the group lost its last member, in wall milliseconds; nil when it never had one, or has one now.
    var emptySince: Int64?

    var holder: OffsetExpiry.Holder {
        if isEmpty { return emptySince.map { .nobody(since: $0) } ?? .standalone }
        guard consumer != nil || state.phase == .stable, let topics = subscribedTopics else { return .members }
        return .readers(of: topics)
    }

    /// Notes whether anybody is in the group.
    func noteEmptiness(wasEmpty: Bool, now wallMilliseconds: Int64) {
        guard isEmpty != wasEmpty else { return }
        emptySince = isEmpty ? wallMilliseconds : nil
    }

    var nextDeadline: Int64? { consumer.map(\.nextDeadline) ?? state.nextDeadline }

    /// What makes the disk forget the group, its offsets apart.
    var endRecords: [GroupRecord] {
        let id = state.id
        if let consumer { return consumer.endRecords.map { .consumer(group: id, $0) } }
        return written == nil ? [] : [.group(id, nil)]
    }
}
