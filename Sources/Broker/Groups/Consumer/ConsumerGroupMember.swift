/// One member of a group whose assignment the broker makes (KIP-848).
package struct ConsumerGroupMember: Sendable, Equatable {
    /// How far the member is on its way to its target; Kafka's numbers.
    package enum Phase: Int8, Sendable {
        /// It owns what it may and knows it.
        case stable = 0
        /// It has been told to give partitions up and still owns some of them.
        case unrevoked = 1
        /// Partitions of its target still belong to others.
        case unreleased = 2
    }

    package var id: String
    package var instanceID: String?
    package var rackID: String?
    package var clientID = ""
    package var clientHost = ""
    /// Sorted, each once.
    package var topics: [String] = []
    package var regex: String?
    package var rebalanceTimeoutMilliseconds: Int64 = -1
    package var assignor: String?

    package var epoch: Int32 = 0
    /// An answer with a new epoch can be lost: the member may come with this one once more.
    package var previousEpoch: Int32 = 0
    package var phase = Phase.stable
    package var owned = OwnedPartitions()
    package var pendingRevocation = PartitionSet()

    /// When the member is taken for dead.
    var sessionDeadline: Int64 = 0
    /// When it must have given up `pendingRevocation`.
    var revocationDeadline: Int64?

    /// The epoch of a static member that said it would be back.
    package static let awayEpoch: Int32 = -2

    package init(id: String) { self.id = id }

    mutating func advance(to epoch: Int32) {
        guard epoch != self.epoch else { return }
        previousEpoch = self.epoch
        self.epoch = epoch
    }
}
