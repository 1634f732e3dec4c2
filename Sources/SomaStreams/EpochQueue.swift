import RdKafka

/// Which positions may be committed: those whose outputs and changelog records are all acknowledged.
///
/// Work is cut into epochs. The open one collects positions and counts what is written; a closed one is complete when
/// as many records are acknowledged as were written, and its positions are given out when all before it are complete.
struct EpochQueue {
    private struct Epoch {
        let tag: UInt
        var written = 0
        var acknowledged = 0
        var positions: [TopicPartition: Int64] = [:]
        var isComplete: Bool { acknowledged >= written }
    }

    private var open = Epoch(tag: 1)
    private var closed: [Epoch] = []

    /// The tag of what is written now.
    var tag: UInt { open.tag }
    /// Whether the open epoch has anything to commit.
    var isDirty: Bool { !open.positions.isEmpty || open.written > 0 }
    /// Whether closed epochs wait for acknowledgements.
    var isWaiting: Bool { !closed.isEmpty }
    /// The positions of the open epoch.
    var openPositions: [TopicPartition: Int64] { open.positions }

    mutating func wrote() { open.written += 1 }

    mutating func processed(_ partition: TopicPartition, next offset: Int64) { open.positions[partition] = offset }

    mutating func close() {
        closed.append(open)
        open = Epoch(tag: open.tag + 1)
    }

    mutating func acknowledge(_ counts: [UInt: Int]) {
        for (tag, count) in counts {
            if tag == open.tag {
                open.acknowledged += count
            } else if let index = closed.firstIndex(where: { $0.tag == tag }) {
                closed[index].acknowledged += count
            }
        }
    }

    /// The positions of complete epochs since the last call.
    mutating func takeComplete() -> [TopicPartition: Int64] {
        var positions: [TopicPartition: Int64] = [:]
        while let first = closed.first, first.isComplete {
            positions.merge(first.positions) { max($0, $1) }
            closed.removeFirst()
        }
        return positions
    }

    /// Forgets the positions of partitions that are another's now.
    mutating func forget(_ partitions: [TopicPartition]) {
        for partition in partitions {
            open.positions[partition] = nil
            for index in closed.indices { closed[index].positions[partition] = nil }
        }
    }
}
