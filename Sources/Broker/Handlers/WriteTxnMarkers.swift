import CommitLog
import EventLoop
import KafkaProtocol
import Synchronization

/// WriteTxnMarkers 0–2 (KIP-98): ends a transaction in partitions by hand, which `kafka-transactions abort` does for one
/// that its coordinator has forgotten.
enum WriteTxnMarkersHandler: Handler {
    typealias Request = WriteTxnMarkersRequest
    typealias Response = WriteTxnMarkersResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let isAllowed = exchange.authorizeCluster(.clusterAction) || exchange.authorizeCluster(.alter)
        var response = Response()
        var waits: [(Place, PartitionLog, AppendResult, Request.Marker)] = []
        for (markerIndex, marker) in request.markers.enumerated() {
            var answer = Response.Marker()
            answer.producerID = marker.producerID
            for (topicIndex, topic) in marker.topics.enumerated() {
                var topicAnswer = Response.Marker.Topic()
                topicAnswer.name = topic.name
                for (index, number) in topic.partitionIndexes.enumerated() {
                    var partition = Response.Marker.Topic.Partition()
                    partition.partitionIndex = number
                    if !isAllowed {
                        partition.errorCode = .clusterAuthorizationFailed
                    } else if let log = exchange.services.catalogue.topic(topic.name)?.partition(number) {
                        do throws(LogError) {
                            let result = try log.appendMarker(
                                producerID: marker.producerID,
                                producerEpoch: marker.producerEpoch,
                                isCommit: marker.transactionResult,
                                coordinatorEpoch: marker.coordinatorEpoch,
                                leaderEpoch: Topic.leaderEpoch
                            )
                            waits.append((Place(markerIndex, topicIndex, index), log, result, marker))
                        } catch {
                            partition.errorCode = ErrorCode(rawValue: error.kafkaErrorCode)
                        }
                    } else {
                        partition.errorCode = .unknownTopicOrPartition
                    }
                    topicAnswer.partitions.append(partition)
                }
                answer.topics.append(topicAnswer)
            }
            response.markers.append(answer)
        }
        guard !waits.isEmpty else { return exchange.answer(response) }
        let pending = PendingMarkers(response, left: waits.count)
        for (place, log, result, marker) in waits {
            log.whenDurable(result) { error in
                if error == nil, log.name.topic == TopicName.consumerOffsets {
                    exchange.services.groups.run { groups in
                        groups.endTransaction(
                            producerID: marker.producerID,
                            partition: log.name.partition,
                            isCommit: marker.transactionResult,
                            markerOffset: result.baseOffset
                        )
                    }
                }
                if let done = pending.finish(place, error) { exchange.answer(done) }
            }
        }
    }

    fileprivate struct Place: Sendable {
        let marker: Int
        let topic: Int
        let partition: Int

        init(_ marker: Int, _ topic: Int, _ partition: Int) {
            self.marker = marker
            self.topic = topic
            self.partition = partition
        }
    }
}

/// Collects the ends of a request's appends.
private final class PendingMarkers: Sendable {
    private let state: Mutex<(response: WriteTxnMarkersResponse, left: Int)>

    init(_ response: WriteTxnMarkersResponse, left: Int) { state = Mutex((response, left)) }

    /// - Returns: The answer, when this was the last.
    func finish(_ place: WriteTxnMarkersHandler.Place, _ error: LogError?) -> WriteTxnMarkersResponse? {
        state.withLock { state in
            if let error {
                state.response.markers[place.marker].topics[place.topic].partitions[place.partition].errorCode =
                    ErrorCode(rawValue: error.kafkaErrorCode)
            }
            state.left -= 1
            return state.left == 0 ? state.response : nil
        }
    }
}
