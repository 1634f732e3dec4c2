import CommitLog
import EventLoop

/// A group in the coordinator: its state machine, its offsets and its timer.
final class Group {
    var state: GroupState
    var offsets: [TopicPartition: CommittedOffset] = [:]
    /// What was last written about the group, for the next rewrite.
    var written: GroupSnapshot?
    var timer: TimerQueue.Token?
    var timerDeadline: Int64?

    init(state: GroupState) { self.state = state }

    /// Nothing of the group needs to be remembered.
    var isVacant: Bool {
        state.phase == .empty && offsets.isEmpty && state.pendingMembers.isEmpty
    }
}
