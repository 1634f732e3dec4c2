import CommitLog
import EventLoop
import KafkaProtocol

/// ListOffsets 0–11 (by time KIP-79, isolation KIP-98, leader epochs KIP-320, max timestamp KIP-734, tiers KIP-405,
/// KIP-1005, KIP-1023).
///
/// Version 0, which Kafka dropped, is served for tools such as Burrow. The log has no tiers: what is local is all.
enum ListOffsetsHandler: Handler {
    typealias Request = ListOffsetsRequest
    typealias Response = ListOffsetsResponse

    private enum Wanted {
        static let latest: Int64 = -1
        static let earliest: Int64 = -2
        static let maxTimestamp: Int64 = -3
        static let earliestLocal: Int64 = -4
        static let latestTiered: Int64 = -5
        static let earliestPendingUpload: Int64 = -6
    }

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        // Looking for a time reads index and batches; the ends are known without the disk.
        let readsDisk = request.topics.contains {
            $0.partitions.contains { $0.timestamp >= 0 || $0.timestamp == Wanted.maxTimestamp }
        }
        guard readsDisk else { return exchange.answer(response(request, exchange)) }
        exchange.services.administration.post { exchange.answer(response(request, exchange)) }
    }

    private static func response(_ request: Request, _ exchange: Exchange<Response>) -> Response {
        var response = Response()
        for topic in request.topics {
            var answer = Response.Topic()
            answer.name = topic.name
            let isAllowed = exchange.authorize(.describe, .topic, topic.name)
            let found = exchange.services.catalogue.topic(topic.name)
            for asked in topic.partitions {
                var partition = Response.Topic.Partition()
                partition.partitionIndex = asked.partitionIndex
                do throws(LogError) {
                    if !isAllowed {
                        partition.errorCode = .topicAuthorizationFailed
                    } else if let log = found?.partition(asked.partitionIndex) {
                        if let error = LeaderEpoch.problem(asked.currentLeaderEpoch) ?? log.readProblem {
                            partition.errorCode = error
                        } else if exchange.version == 0 {
                            partition.oldStyleOffsets = try oldStyle(asked, log)
                        } else {
                            try look(asked.timestamp, log, request.isolationLevel, exchange.version, &partition)
                        }
                    } else {
                        partition.errorCode = .unknownTopicOrPartition
                    }
                } catch {
                    partition.errorCode = ErrorCode(rawValue: error.kafkaErrorCode)
                }
                answer.partitions.append(partition)
            }
            response.topics.append(answer)
        }
        return response
    }

    private static func look(
        _ timestamp: Int64,
        _ log: PartitionLog,
        _ isolation: Int8,
        _ version: Int16,
        _ partition: inout Response.Topic.Partition
    ) throws(LogError) {
        switch timestamp {
        case Wanted.latest:
            partition.offset = isolation == 1 ? log.lastStableOffset : log.highWatermark
            partition.leaderEpoch = Topic.leaderEpoch
        case Wanted.earliest:
            partition.offset = log.logStartOffset
            partition.leaderEpoch = Topic.leaderEpoch
        case Wanted.earliestLocal where version >= 8:
            partition.offset = log.logStartOffset
            partition.leaderEpoch = Topic.leaderEpoch
        case Wanted.latestTiered where version >= 9, Wanted.earliestPendingUpload where version >= 11:
            break
        case Wanted.maxTimestamp where version >= 7:
            take(try log.offsetOfMaxTimestamp(), &partition)
        case 0...:
            take(try log.offset(forTimestamp: timestamp), &partition)
        default:
            partition.errorCode = .unsupportedVersion
        }
    }

    private static func take(_ found: TimestampedOffset?, _ partition: inout Response.Topic.Partition) {
        guard let found else { return }
        partition.offset = found.offset
        partition.timestamp = found.timestamp
        partition.leaderEpoch = found.leaderEpoch
    }

    /// Version 0 answers up to so many offsets, newest first.
    private static func oldStyle(_ asked: Request.Topic.Partition, _ log: PartitionLog) throws(LogError) -> [Int64] {
        let (start, end) = (log.logStartOffset, log.highWatermark)
        guard asked.maxNumOffsets > 0 else { return [] }
        if asked.timestamp == Wanted.earliest { return [start] }
        let newest = asked.timestamp >= 0 ? try log.offset(forTimestamp: asked.timestamp)?.offset ?? end : end
        return newest == start || asked.maxNumOffsets == 1 ? [newest] : [newest, start]
    }
}
