import Clocks
import CommitLog
import EventLoop
import KafkaProtocol

/// OffsetCommit 1–10 (leader epochs KIP-320, static members KIP-345, member epochs and topic ids KIP-848): answered
/// when the offsets are on disk.
enum OffsetCommitHandler: Handler {
    typealias Request = OffsetCommitRequest
    typealias Response = OffsetCommitResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let services = exchange.services
        let now = services.clock.wallMilliseconds
        let metadataMax = services.settings.int("offset.metadata.max.bytes")
        let mayCommit = request.groupID.isEmpty || exchange.authorize(.read, .group, request.groupID)
        var response = Response()
        var offsets: [(TopicPartition, CommittedOffset)] = []
        for topic in request.topics {
            var answer = Response.Topic()
            let byID = exchange.version >= 10
            let found = byID ? services.catalogue.topic(id: topic.topicID) : services.catalogue.topic(topic.name)
            answer.name = topic.name
            answer.topicID = topic.topicID
            let isAllowed = exchange.authorize(.read, .topic, found?.name ?? topic.name)
            for asked in topic.partitions {
                var partition = Response.Topic.Partition()
                partition.partitionIndex = asked.partitionIndex
                let metadata = asked.committedMetadata ?? ""
                if request.groupID.isEmpty {
                    partition.errorCode = .invalidGroupID
                } else if !mayCommit {
                    partition.errorCode = .groupAuthorizationFailed
                } else if byID, found == nil {
                    partition.errorCode = .unknownTopicID
                } else if !isAllowed {
                    partition.errorCode = .topicAuthorizationFailed
                } else if found?.partition(asked.partitionIndex) == nil {
                    partition.errorCode = .unknownTopicOrPartition
                } else if metadata.utf8.count > metadataMax {
                    partition.errorCode = .offsetMetadataTooLarge
                } else if let found {
                    let offset = CommittedOffset(
                        offset: asked.committedOffset,
                        leaderEpoch: asked.committedLeaderEpoch,
                        metadata: metadata,
                        commitMilliseconds: asked.commitTimestamp > 0 ? asked.commitTimestamp : now
                    )
                    offsets.append((TopicPartition(topic: found.name, partition: asked.partitionIndex), offset))
                }
                answer.partitions.append(partition)
            }
            response.topics.append(answer)
        }
        guard mayCommit, !request.groupID.isEmpty else { return exchange.answer(response) }
        commit(request, offsets, response, exchange)
    }

    private static func commit(
        _ request: Request,
        _ offsets: [(TopicPartition, CommittedOffset)],
        _ response: Response,
        _ exchange: Exchange<Response>
    ) {
        exchange.services.groups.run { groups in
            groups.commit(
                request.groupID,
                memberID: request.memberID,
                instanceID: request.groupInstanceID,
                generation: request.generationIDOrMemberEpoch,
                version: exchange.version,
                offsets
            ) { error in
                var response = response
                if error != .none {
                    // One code for all that were not refused before.
                    for topic in response.topics.indices {
                        for partition in response.topics[topic].partitions.indices
                        where response.topics[topic].partitions[partition].errorCode == .none {
                            response.topics[topic].partitions[partition].errorCode = error
                        }
                    }
                }
                exchange.answer(response)
            }
        }
    }
}
