package import KafkaProtocol

/// How partitions are spread over the members of a group; Kafka's two server-side ways.
package enum GroupAssignor: String, Sendable, CaseIterable {
    /// Each member about as many as the others, moving as little as possible.
    case uniform
    /// Each topic cut into runs, one for each member in order.
    case range

    package struct Member: Sendable {
        package let id: String
        package let instanceID: String?
        package let topics: Set<KafkaUUID>
        /// What it was to have before.
        package let previous: PartitionSet

        package init(id: String, instanceID: String? = nil, topics: Set<KafkaUUID>, previous: PartitionSet) {
            self.id = id
            self.instanceID = instanceID
            self.topics = topics
            self.previous = previous
        }
    }

    /// What each member is to have; `partitionCounts` is of every topic that exists and that a member wants.
    package func assign(_ members: [Member], _ partitionCounts: [KafkaUUID: Int32]) -> [String: PartitionSet] {
        switch self {
        case .uniform: UniformAssignment(members, partitionCounts).result
        case .range: Self.range(members, partitionCounts)
        }
    }

    private static func range(_ members: [Member], _ partitionCounts: [KafkaUUID: Int32]) -> [String: PartitionSet] {
        let ordered = members.sorted { ($0.instanceID ?? $0.id, $0.id) < ($1.instanceID ?? $1.id, $1.id) }
        var result: [String: PartitionSet] = [:]
        for member in members { result[member.id] = PartitionSet() }
        for (topic, count) in partitionCounts {
            let takers = ordered.filter { $0.topics.contains(topic) }
            guard !takers.isEmpty else { continue }
            let (share, more) = Int(count).quotientAndRemainder(dividingBy: takers.count)
            var next: Int32 = 0
            for (place, taker) in takers.enumerated() {
                let end = next + Int32(share + (place < more ? 1 : 0))
                result[taker.id]?.insert(topic, next..<end)
                next = end
            }
        }
        return result
    }
}

/// One run of the uniform way.
private struct UniformAssignment {
    private struct Place {
        let topic: KafkaUUID
        let partition: Int32
    }

    private let members: [GroupAssignor.Member]
    private var owned: [[KafkaUUID: Set<Int32>]]
    private var counts: [Int]

    init(_ unordered: [GroupAssignor.Member], _ partitionCounts: [KafkaUUID: Int32]) {
        members = unordered.sorted { $0.id < $1.id }
        owned = members.map { _ in [:] }
        counts = members.map { _ in 0 }
        guard !members.isEmpty else { return }
        let topics = partitionCounts.sorted { $0.key < $1.key }
        let free = keepPrevious(topics)
        // What few may have is given out first, or others would have taken their room.
        let takers = Dictionary(uniqueKeysWithValues: topics.map { topic, _ in (topic, indices(wanting: topic)) })
        let byTakers = free.sorted {
            let (left, right) = (takers[$0.topic]?.count ?? 0, takers[$1.topic]?.count ?? 0)
            return (left, $0.topic, $0.partition) < (right, $1.topic, $1.partition)
        }
        for place in byTakers {
            guard let taker = takers[place.topic]?.min(by: { (counts[$0], $0) < (counts[$1], $1) }) else { continue }
            give(place, to: taker)
        }
        balance(takers)
    }

    var result: [String: PartitionSet] {
        var result: [String: PartitionSet] = [:]
        for (index, member) in members.enumerated() {
            var set = PartitionSet()
            for (topic, partitions) in owned[index] { set.insert(topic, partitions) }
            result[member.id] = set
        }
        return result
    }

    private func indices(wanting topic: KafkaUUID) -> [Int] {
        members.indices.filter { members[$0].topics.contains(topic) }
    }

    /// Leaves members what they had and may have still; gives what nobody has then.
    private mutating func keepPrevious(_ topics: [(key: KafkaUUID, value: Int32)]) -> [Place] {
        var free: [Place] = []
        for (topic, count) in topics {
            let wanting = indices(wanting: topic)
            var owners: [Int32: Int] = [:]
            for index in wanting {
                for partition in members[index].previous.byTopic[topic] ?? [] where partition < count {
                    if owners[partition] == nil { owners[partition] = index }
                }
            }
            for partition in 0..<max(0, count) {
                let place = Place(topic: topic, partition: partition)
                if let owner = owners[partition] { give(place, to: owner) } else { free.append(place) }
            }
        }
        return free
    }

    /// Moves partitions from those who have most to those who have least, until no move makes it evener.
    ///
    /// Each move lowers the sum of squares, so it ends.
    private mutating func balance(_ takers: [KafkaUUID: [Int]]) {
        var moved = true
        while moved {
            moved = false
            for giver in members.indices.sorted(by: { (counts[$1], $0) < (counts[$0], $1) }) {
                while let (place, taker) = move(from: giver, takers) {
                    owned[giver][place.topic]?.remove(place.partition)
                    counts[giver] -= 1
                    give(place, to: taker)
                    moved = true
                }
            }
        }
    }

    private func move(from giver: Int, _ takers: [KafkaUUID: [Int]]) -> (Place, Int)? {
        var best: (place: Place, taker: Int)?
        for (topic, partitions) in owned[giver].sorted(by: { $0.key < $1.key }) {
            guard let partition = partitions.max(),
                let taker = takers[topic]?.min(by: { (counts[$0], $0) < (counts[$1], $1) }),
                counts[taker] + 1 < counts[giver], counts[taker] < best.map({ counts[$0.taker] }) ?? Int.max
            else { continue }
            best = (Place(topic: topic, partition: partition), taker)
        }
        return best.map { ($0.place, $0.taker) }
    }

    private mutating func give(_ place: Place, to index: Int) {
        owned[index][place.topic, default: []].insert(place.partition)
        counts[index] += 1
    }
}
