import EventLoop
import KafkaProtocol

/// JoinGroup 0–9 (rebalance timeout KIP-62, known member ids KIP-394, static members KIP-345, skipped assignment
/// KIP-814).
enum JoinGroupHandler: Handler {
    typealias Request = JoinGroupRequest
    typealias Response = JoinGroupResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        guard exchange.authorize(.read, .group, request.groupID) else {
            var response = Response()
            response.errorCode = .groupAuthorizationFailed
            return exchange.answer(response)
        }
        let clientID = exchange.header.clientID ?? ""
        let session = Int64(request.sessionTimeoutMilliseconds)
        let join = GroupEvent.Join(
            memberID: request.memberID,
            candidateID: "\(request.groupInstanceID ?? clientID)-\(KafkaUUID.random().text)",
            instanceID: request.groupInstanceID,
            clientID: clientID,
            clientHost: exchange.session.clientHost,
            sessionTimeoutMilliseconds: session,
            // Before version 1 there was one timeout for both.
            rebalanceTimeoutMilliseconds: exchange.version == 0
                ? session : Int64(max(0, request.rebalanceTimeoutMilliseconds)),
            protocolType: request.protocolType,
            strategies: request.protocols.map { .init(name: $0.name, metadata: $0.metadata) },
            requiresKnownMemberID: exchange.version >= 4,
            supportsSkippingAssignment: exchange.version >= 9
        )
        let groupID = request.groupID
        exchange.services.groups.run { groups in
            groups.join(groupID, join) { answer in exchange.answer(Response(answer)) }
        }
    }
}

extension JoinGroupResponse {
    fileprivate init(_ answer: GroupAction.JoinAnswer) {
        self.init()
        errorCode = answer.error
        generationID = answer.generation
        protocolType = answer.protocolType
        protocolName = answer.protocolName
        leader = answer.leader
        skipAssignment = answer.skipAssignment
        memberID = answer.memberID
        members = answer.members.map { entry in
            var member = Member()
            member.memberID = entry.memberID
            member.groupInstanceID = entry.instanceID
            member.metadata = entry.metadata
            return member
        }
    }
}
