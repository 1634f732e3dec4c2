/// One member of a classic consumer group.
package struct GroupMember: Sendable, Equatable {
    /// One way to assign partitions that the member knows, with its subscription in that way's form.
    package struct Strategy: Sendable, Equatable {
        package var name: String
        package var metadata: [UInt8]

        package init(name: String, metadata: [UInt8]) {
            self.name = name
            self.metadata = metadata
        }
    }

    package var id: String
    /// Set for a static member (KIP-345).
    package var instanceID: String?
    package var clientID: String
    package var clientHost: String
    package var sessionTimeoutMilliseconds: Int64
    package var rebalanceTimeoutMilliseconds: Int64
    package var strategies: [Strategy]
    package var assignment: [UInt8] = []

    /// The join that waits for the rebalance to end.
    var joinWaiting: RequestToken?
    /// The sync that waits for the leader's assignment.
    var syncWaiting: RequestToken?
    /// When the member is taken for dead, unless a request of it waits.
    var sessionDeadline: Int64 = 0
    /// It has not been in a generation yet: then its session runs while it waits, too.
    var isNew = false
    /// A static member's id is on its way to the disk with this ticket; until then its join is not answered.
    var idTicket: UInt64?
    /// It has still to ask for the assignment of this generation.
    var owesSync = false

    package init(
        id: String,
        instanceID: String?,
        clientID: String,
        clientHost: String,
        sessionTimeoutMilliseconds: Int64,
        rebalanceTimeoutMilliseconds: Int64,
        strategies: [Strategy]
    ) {
        self.id = id
        self.instanceID = instanceID
        self.clientID = clientID
        self.clientHost = clientHost
        self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
        self.rebalanceTimeoutMilliseconds = rebalanceTimeoutMilliseconds
        self.strategies = strategies
    }

    package func metadata(for strategy: String?) -> [UInt8] {
        strategies.first { $0.name == strategy }?.metadata ?? []
    }

    /// Whether a request of the member is under way, which proves it alive.
    var isWaiting: Bool { joinWaiting != nil || syncWaiting != nil }

    /// What the group remembers of the member for other members and the disk.
    package var metadataByteCount: Int {
        let strategies = strategies.reduce(0) { $0 + $1.name.utf8.count + $1.metadata.count }
        let names = id.utf8.count + (instanceID?.utf8.count ?? 0) + clientID.utf8.count + clientHost.utf8.count
        return strategies + names + assignment.count
    }
}

/// Names a request that a group holds back; the coordinator knows how to answer it.
package typealias RequestToken = UInt64
