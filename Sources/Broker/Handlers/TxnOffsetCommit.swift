import Clocks
import CommitLog
import EventLoop
import KafkaProtocol

/// TxnOffsetCommit 0–5 (KIP-98; checks of the group's generation, KIP-447, from version 3; joins the transaction by
/// itself, KIP-890, from version 5): answered when the offsets are on disk, in effect when the transaction commits.
enum TxnOffsetCommitHandler: Handler {
    typealias Request = TxnOffsetCommitRequest
    typealias Response = TxnOffsetCommitResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let services = exchange.services
        var offsets: [(TopicPartition, CommittedOffset)] = []
        var refusal: ErrorCode = .none
        if request.groupID.isEmpty { refusal = .invalidGroupID }
        if !exchange.authorize(.write, .transactionalID, request.transactionalID) {
            refusal = .transactionalIDAuthorizationFailed
        } else if !exchange.authorize(.read, .group, request.groupID) {
            refusal = .groupAuthorizationFailed
        }
        let now = services.clock.wallMilliseconds
        let metadataMax = services.settings.int("offset.metadata.max.bytes")
        var response = Response()
        for topic in request.topics {
            var answer = Response.Topic()
            answer.name = topic.name
            let found = services.catalogue.topic(topic.name)
            let isAllowed = exchange.authorize(.read, .topic, topic.name)
            for asked in topic.partitions {
                var partition = Response.Topic.Partition()
                partition.partitionIndex = asked.partitionIndex
                let metadata = asked.committedMetadata ?? ""
                if refusal != .none {
                    partition.errorCode = refusal
                } else if !isAllowed {
                    partition.errorCode = .topicAuthorizationFailed
                } else if found?.partition(asked.partitionIndex) == nil {
                    partition.errorCode = .unknownTopicOrPartition
                } else if metadata.utf8.count > metadataMax {
                    partition.errorCode = .offsetMetadataTooLarge
                } else {
                    let offset = CommittedOffset(
                        offset: asked.committedOffset,
                        leaderEpoch: asked.committedLeaderEpoch,
                        metadata: metadata,
                        commitMilliseconds: now
                    )
                    offsets.append((TopicPartition(topic: topic.name, partition: asked.partitionIndex), offset))
                }
                answer.partitions.append(partition)
            }
            response.topics.append(answer)
        }
        guard refusal == .none, !offsets.isEmpty else { return exchange.answer(response) }
        commit(request, offsets, response, exchange)
    }

    private static func commit(
        _ request: Request,
        _ offsets: [(TopicPartition, CommittedOffset)],
        _ response: Response,
        _ exchange: Exchange<Response>
    ) {
        let producer = ProducerIdentity(id: request.producerID, epoch: request.producerEpoch)
        let answer: @Sendable (ErrorCode) -> Void = { error in
            var response = response
            let error = error.forTransactionalClient(knowsFencing: false)
            if error != .none {
                for topic in response.topics.indices {
                    for partition in response.topics[topic].partitions.indices
                    where response.topics[topic].partitions[partition].errorCode == .none {
                        response.topics[topic].partitions[partition].errorCode = error
                    }
                }
            }
            exchange.answer(response)
        }
        exchange.services.transactions.run { coordinator in
            let partition = coordinator.groups.offsetsPartition(request.groupID)
            let store: @Sendable (ErrorCode) -> Void = { error in
                guard error == .none else { return answer(error) }
                coordinator.groups.commitInTransaction(
                    request.groupID,
                    memberID: request.memberID,
                    instanceID: request.groupInstanceID,
                    generation: request.generationID,
                    producer: producer,
                    version: exchange.version,
                    offsets,
                    answer
                )
            }
            if exchange.version >= 5 {
                coordinator.add([partition], to: request.transactionalID, by: producer, store)
            } else {
                store(coordinator.verify([partition], in: request.transactionalID, by: producer))
            }
        }
    }
}
