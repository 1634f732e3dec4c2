package import KafkaProtocol

/// Something that happens to a group.
package enum GroupEvent: Sendable {
    /// A join request. `candidateID` is the member id to give to whoever has none.
    case join(Join, token: RequestToken)
    case sync(Sync, token: RequestToken)
    case heartbeat(memberID: String, instanceID: String?, generation: Int32, token: RequestToken)
    case leave([Leaver], token: RequestToken)
    /// What `persist` of that ticket asked for is on disk, or could not be put there.
    case persisted(ticket: UInt64, ErrorCode)
    /// Time has passed.
    case tick

    package struct Join: Sendable {
        package var memberID: String
        package var candidateID: String
        package var instanceID: String?
        package var clientID: String
        package var clientHost: String
        package var sessionTimeoutMilliseconds: Int64
        package var rebalanceTimeoutMilliseconds: Int64
        package var protocolType: String
        package var strategies: [GroupMember.Strategy]
        /// The client joins twice, the second time with the id it was given (JoinGroup 4 and up).
        package var requiresKnownMemberID: Bool
        /// The client knows what to do when told to keep the assignment (JoinGroup 9).
        package var supportsSkippingAssignment: Bool

        package init(
            memberID: String,
            candidateID: String,
            instanceID: String? = nil,
            clientID: String = "",
            clientHost: String = "",
            sessionTimeoutMilliseconds: Int64,
            rebalanceTimeoutMilliseconds: Int64,
            protocolType: String,
            strategies: [GroupMember.Strategy],
            requiresKnownMemberID: Bool,
            supportsSkippingAssignment: Bool = false
        ) {
            self.memberID = memberID
            self.candidateID = candidateID
            self.instanceID = instanceID
            self.clientID = clientID
            self.clientHost = clientHost
            self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
            self.rebalanceTimeoutMilliseconds = rebalanceTimeoutMilliseconds
            self.protocolType = protocolType
            self.strategies = strategies
            self.requiresKnownMemberID = requiresKnownMemberID
            self.supportsSkippingAssignment = supportsSkippingAssignment
        }
    }

    package struct Sync: Sendable {
        package var memberID: String
        package var instanceID: String?
        package var generation: Int32
        /// Nil in versions that do not tell.
        package var protocolType: String?
        package var protocolName: String?
        package var assignments: [String: [UInt8]]

        package init(
            memberID: String,
            instanceID: String? = nil,
            generation: Int32,
            protocolType: String? = nil,
            protocolName: String? = nil,
            assignments: [String: [UInt8]] = [:]
        ) {
            self.memberID = memberID
            self.instanceID = instanceID
            self.generation = generation
            self.protocolType = protocolType
            self.protocolName = protocolName
            self.assignments = assignments
        }
    }

    package struct Leaver: Sendable, Equatable {
        package var memberID: String
        package var instanceID: String?

        package init(memberID: String, instanceID: String? = nil) {
            self.memberID = memberID
            self.instanceID = instanceID
        }
    }
}

/// What the coordinator must do after an event, in this order.
package enum GroupAction: Sendable, Equatable {
    case answerJoin(RequestToken, JoinAnswer)
    case answerSync(RequestToken, SyncAnswer)
    case answerHeartbeat(RequestToken, ErrorCode)
    /// One code for each leaver.
    case answerLeave(RequestToken, [ErrorCode])
    /// Write the group's metadata, then report `persisted` with the ticket.
    case persist(ticket: UInt64)
    /// Write what was written last once more with a new member id for an instance, then report `persisted`.
    case persistID(ticket: UInt64, instanceID: String, memberID: String)
    /// A member is gone because it was silent; for the log.
    case expired(memberID: String)

    package struct JoinAnswer: Sendable, Equatable {
        package var error: ErrorCode = .none
        package var generation: Int32 = -1
        package var protocolType: String?
        package var protocolName: String?
        package var leader = ""
        package var memberID = ""
        package var skipAssignment = false
        /// For the leader alone: all members with their subscriptions.
        package var members: [Entry] = []

        package struct Entry: Sendable, Equatable {
            package var memberID: String
            package var instanceID: String?
            package var metadata: [UInt8]
        }
    }

    package struct SyncAnswer: Sendable, Equatable {
        package var error: ErrorCode = .none
        package var protocolType: String?
        package var protocolName: String?
        package var assignment: [UInt8] = []
    }
}
