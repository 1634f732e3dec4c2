import CommitLog
import EventLoop
import KafkaProtocol

/// OffsetFetch 0–10 (all topics KIP-88, several groups KIP-709, member epochs and topic ids KIP-848).
///
/// A group that does not exist has offset -1 and no error.
enum OffsetFetchHandler: Handler {
    typealias Request = OffsetFetchRequest
    typealias Response = OffsetFetchResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.groups.run { groups in
            if exchange.version >= 8 {
                answerGroups(request.groups[...], request.requireStable, Response(), groups, exchange)
            } else if exchange.authorize(.describe, .group, request.groupID) {
                let isUnstable = Unstable(request.requireStable ? groups : nil, request.groupID)
                groups.offsets(request.groupID) { error, offsets in
                    exchange.answer(answerOne(request, error, offsets, isUnstable, exchange))
                }
            } else {
                exchange.answer(
                    answerOne(request, .groupAuthorizationFailed, [:], Unstable(nil, request.groupID), exchange)
                )
            }
        }
    }

    /// One group after the other: each may have to wait for what was just committed.
    private static func answerGroups(
        _ left: ArraySlice<Request.Group>,
        _ requireStable: Bool,
        _ response: Response,
        _ groups: GroupCoordinator,
        _ exchange: Exchange<Response>
    ) {
        guard let asked = left.first else { return exchange.answer(response) }
        guard exchange.authorize(.describe, .group, asked.groupID) else {
            var response = response
            var group = Response.Group()
            group.groupID = asked.groupID
            group.errorCode = .groupAuthorizationFailed
            response.groups.append(group)
            return answerGroups(left.dropFirst(), requireStable, response, groups, exchange)
        }
        let isUnstable = Unstable(requireStable ? groups : nil, asked.groupID)
        groups.offsets(asked.groupID, memberID: asked.memberID, memberEpoch: asked.memberEpoch) { error, offsets in
            var response = response
            var group = Response.Group()
            group.groupID = asked.groupID
            group.errorCode = error
            if error == .none {
                let catalogue = exchange.services.catalogue
                let topics = asked.topics.map { $0.map { WantedTopic($0, exchange.version, catalogue) } }
                let shown =
                    topics ?? everything(offsets, exchange.version, catalogue).filter { mayDescribe($0, exchange) }
                group.topics = shown.map { answer($0, offsets, isUnstable, isAllowed: mayDescribe($0, exchange)) }
            }
            response.groups.append(group)
            groups.run { [response] groups in answerGroups(left.dropFirst(), requireStable, response, groups, exchange)
            }
        }
    }

    private static func mayDescribe(_ topic: WantedTopic, _ exchange: Exchange<Response>) -> Bool {
        topic.name.map { exchange.authorize(.describe, .topic, $0) } ?? true
    }

    private static func answer(
        _ topic: WantedTopic,
        _ offsets: [TopicPartition: CommittedOffset],
        _ isUnstable: Unstable,
        isAllowed: Bool
    ) -> Response.Group.Topics {
        var answer = Response.Group.Topics()
        answer.name = topic.name ?? ""
        answer.topicID = topic.id
        for index in topic.partitions {
            var partition = Response.Group.Topics.Partitions()
            let found = isAllowed ? topic.name.flatMap { offsets[TopicPartition(topic: $0, partition: index)] } : nil
            partition.partitionIndex = index
            partition.committedOffset = found?.offset ?? -1
            partition.committedLeaderEpoch = found?.leaderEpoch ?? -1
            partition.metadata = found?.metadata ?? ""
            if let name = topic.name, isUnstable(name, index) {
                partition.errorCode = .unstableOffsetCommit
                partition.committedOffset = -1
            }
            if topic.name == nil { partition.errorCode = .unknownTopicID }
            if !isAllowed { partition.errorCode = .topicAuthorizationFailed }
            answer.partitions.append(partition)
        }
        return answer
    }

    private static func answerOne(
        _ request: Request,
        _ error: ErrorCode,
        _ offsets: [TopicPartition: CommittedOffset],
        _ isUnstable: Unstable,
        _ exchange: Exchange<Response>
    ) -> Response {
        let version = exchange.version
        var response = Response()
        response.errorCode = error
        let asked = request.topics.map { $0.map { ($0.name, $0.partitionIndexes) } }
        for (topic, partitions) in asked ?? committed(offsets) {
            let isAllowed = exchange.authorize(.describe, .topic, topic)
            if asked == nil, !isAllowed { continue }
            var answer = Response.Topic()
            answer.name = topic
            for index in partitions {
                var partition = Response.Topic.Partition()
                let found = isAllowed ? offsets[TopicPartition(topic: topic, partition: index)] : nil
                partition.partitionIndex = index
                partition.committedOffset = found?.offset ?? -1
                partition.committedLeaderEpoch = found?.leaderEpoch ?? -1
                partition.metadata = found?.metadata ?? ""
                if isUnstable(topic, index) {
                    partition.errorCode = .unstableOffsetCommit
                    partition.committedOffset = -1
                }
                if !isAllowed { partition.errorCode = .topicAuthorizationFailed }
                // Version 1 has no place for an error of the whole.
                if version < 2 { partition.errorCode = error }
                answer.partitions.append(partition)
            }
            response.topics.append(answer)
        }
        return response
    }

    /// A null list of topics means everything that was committed; by id, what no longer exists cannot be named.
    private static func everything(
        _ offsets: [TopicPartition: CommittedOffset],
        _ version: Int16,
        _ catalogue: TopicCatalogue
    ) -> [WantedTopic] {
        committed(offsets).compactMap { name, partitions in
            let id = catalogue.topic(name)?.id
            return version >= 10 && id == nil ? nil : WantedTopic(name: name, id: id ?? .zero, partitions: partitions)
        }
    }

    private static func committed(_ offsets: [TopicPartition: CommittedOffset]) -> [(String, [Int32])] {
        Dictionary(grouping: offsets.keys, by: \.topic).sorted { $0.key < $1.key }
            .map { ($0.key, $0.value.map(\.partition).sorted()) }
    }

    /// Whether a commit may still come with an open transaction, for clients that want to wait for it (KIP-447).
    ///
    /// Taken in the same turn as the offsets: a transaction that ends in between must not make old offsets look stable.
    private struct Unstable {
        let pending: Set<TopicPartition>

        init(_ groups: GroupCoordinator?, _ groupID: String) {
            pending = groups?.pending.partitions(group: groupID) ?? []
        }

        func callAsFunction(_ topic: String, _ index: Int32) -> Bool {
            !pending.isEmpty && pending.contains(TopicPartition(topic: topic, partition: index))
        }
    }

    /// A topic that was asked for, by name or by id; without a name when nothing has the id.
    private struct WantedTopic {
        let name: String?
        let id: KafkaUUID
        let partitions: [Int32]

        init(name: String, id: KafkaUUID, partitions: [Int32]) {
            self.name = name
            self.id = id
            self.partitions = partitions
        }

        init(_ asked: Request.Group.Topics, _ version: Int16, _ catalogue: TopicCatalogue) {
            name = version >= 10 ? catalogue.topic(id: asked.topicID)?.name : asked.name
            id = asked.topicID
            partitions = asked.partitionIndexes
        }
    }
}
