import CommitLog
import EventLoop
import KafkaProtocol

/// OffsetFetch 0–8 (all topics KIP-88, several groups KIP-709).
///
/// A group that does not exist has offset -1 and no error.
enum OffsetFetchHandler: Handler {
    typealias Request = OffsetFetchRequest
    typealias Response = OffsetFetchResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.groups.run { groups in
            if exchange.version >= 8 {
                answerGroups(request.groups[...], Response(), groups, exchange)
            } else {
                groups.offsets(request.groupID) { offsets in
                    exchange.answer(answerOne(request, offsets, exchange.version))
                }
            }
        }
    }

    /// One group after the other: each may have to wait for what was just committed.
    private static func answerGroups(
        _ left: ArraySlice<Request.Group>,
        _ response: Response,
        _ groups: GroupCoordinator,
        _ exchange: Exchange<Response>
    ) {
        guard let asked = left.first else { return exchange.answer(response) }
        groups.offsets(asked.groupID) { offsets in
            var response = response
            var group = Response.Group()
            group.groupID = asked.groupID
            for (topic, partitions) in wanted(asked.topics?.map { ($0.name, $0.partitionIndexes) }, offsets) {
                var answer = Response.Group.Topics()
                answer.name = topic
                for index in partitions {
                    var partition = Response.Group.Topics.Partitions()
                    let found = offsets[TopicPartition(topic: topic, partition: index)]
                    partition.partitionIndex = index
                    partition.committedOffset = found?.offset ?? -1
                    partition.committedLeaderEpoch = found?.leaderEpoch ?? -1
                    partition.metadata = found?.metadata ?? ""
                    answer.partitions.append(partition)
                }
                group.topics.append(answer)
            }
            response.groups.append(group)
            groups.run { [response] groups in answerGroups(left.dropFirst(), response, groups, exchange) }
        }
    }

    private static func answerOne(
        _ request: Request,
        _ offsets: [TopicPartition: CommittedOffset],
        _ version: Int16
    ) -> Response {
        var response = Response()
        let asked = request.topics.map { $0.map { ($0.name, $0.partitionIndexes) } }
        for (topic, partitions) in wanted(asked, offsets) {
            var answer = Response.Topic()
            answer.name = topic
            for index in partitions {
                var partition = Response.Topic.Partition()
                let found = offsets[TopicPartition(topic: topic, partition: index)]
                partition.partitionIndex = index
                partition.committedOffset = found?.offset ?? -1
                partition.committedLeaderEpoch = found?.leaderEpoch ?? -1
                partition.metadata = found?.metadata ?? ""
                answer.partitions.append(partition)
            }
            response.topics.append(answer)
        }
        return response
    }

    /// What was asked for; null means everything that was committed.
    private static func wanted(
        _ asked: [(String, [Int32])]?,
        _ offsets: [TopicPartition: CommittedOffset]
    ) -> [(String, [Int32])] {
        if let asked { return asked }
        return Dictionary(grouping: offsets.keys, by: \.topic).sorted { $0.key < $1.key }
            .map { ($0.key, $0.value.map(\.partition).sorted()) }
    }
}
