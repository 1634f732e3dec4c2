import CommitLog
import EventLoop
import KafkaProtocol
import Telemetry

/// Writes the markers of one decided transaction into all its partitions, as often as it takes.
///
/// On the coordinator's loop. A partition that has no room is tried again, and keeps nobody waiting but its own producer;
/// one that is gone, or has seen a newer epoch, needs no marker.
final class MarkerRun: @unchecked Sendable {
    // Sendable holds: everything is used on the coordinator's loop; the log's calls are posted to it.

    private static let pauseMillisecondsMin: Int64 = 250
    private static let pauseMillisecondsMax: Int64 = 15_000

    private let state: TransactionState
    private let coordinator: TransactionCoordinator
    private var left: Set<TopicPartition>
    private var pauseMilliseconds = MarkerRun.pauseMillisecondsMin
    private let onDelay: @Sendable () -> Void
    private var isLate = false
    private var then: (@Sendable (Bool) -> Void)?

    /// `onDelay`: called once, when a marker has to be tried again.
    init(_ state: TransactionState, _ coordinator: TransactionCoordinator, onDelay: @escaping @Sendable () -> Void) {
        self.state = state
        self.coordinator = coordinator
        self.onDelay = onDelay
        left = state.partitions
    }

    /// `then`: all markers are on disk; whether that was late.
    func start(then: @escaping @Sendable (Bool) -> Void) {
        self.then = then
        guard !left.isEmpty else { return end() }
        for partition in left { write(partition) }
    }

    private func write(_ partition: TopicPartition) {
        guard let log = coordinator.catalogue.topic(partition.topic)?.partition(partition.partition) else {
            return done(partition)
        }
        do throws(LogError) {
            let result = try log.appendMarker(
                producerID: state.marking.id,
                producerEpoch: state.marking.epoch,
                isCommit: state.phase == .prepareCommit,
                coordinatorEpoch: 0,
                leaderEpoch: Topic.leaderEpoch
            )
            let loop = coordinator.loop
            log.whenDurable(result) { error in
                loop.post {
                    if let error {
                        self.failed(partition, error)
                    } else {
                        self.written(partition, at: result.baseOffset)
                    }
                }
            }
        } catch {
            failed(partition, error)
        }
    }

    private func failed(_ partition: TopicPartition, _ error: LogError) {
        switch error {
        case .invalidProducerEpoch, .coordinatorFenced: return done(partition)
        default: break
        }
        coordinator.logger.warning(
            "transaction marker not written, trying again",
            ["id": .value(state.id), "partition": "\(partition)", "cause": .value(error)]
        )
        if !isLate {
            isLate = true
            onDelay()
        }
        _ = coordinator.loop.schedule(afterMilliseconds: pauseMilliseconds) { self.write(partition) }
        pauseMilliseconds = min(pauseMilliseconds * 2, Self.pauseMillisecondsMax)
    }

    private func written(_ partition: TopicPartition, at offset: Int64) {
        if partition.topic == TopicName.consumerOffsets {
            coordinator.groups.endTransaction(
                producerID: state.marking.id,
                partition: partition.partition,
                isCommit: state.phase == .prepareCommit,
                markerOffset: offset
            )
        }
        done(partition)
    }

    private func done(_ partition: TopicPartition) {
        guard left.remove(partition) != nil else { return }
        if left.isEmpty { end() }
    }

    private func end() {
        let then = then
        self.then = nil
        then?(isLate)
    }
}
