import CommitLog
import EventLoop
import KafkaProtocol

/// DeleteRecords 0–2 (KIP-107): moves the log start up.
enum DeleteRecordsHandler: Handler {
    typealias Request = DeleteRecordsRequest
    typealias Response = DeleteRecordsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.administration.post {
            var response = Response()
            for topic in request.topics {
                var answer = Response.Topic()
                answer.name = topic.name
                let isAllowed = exchange.authorize(.delete, .topic, topic.name)
                let found = exchange.services.catalogue.topic(topic.name)
                for asked in topic.partitions {
                    guard isAllowed else {
                        answer.partitions.append(refused(asked, .topicAuthorizationFailed))
                        continue
                    }
                    answer.partitions.append(delete(asked, found, exchange.services.directory))
                }
                response.topics.append(answer)
            }
            exchange.answer(response)
        }
    }

    private static func refused(_ asked: Request.Topic.Partition, _ error: ErrorCode) -> Response.Topic.Partition {
        var answer = Response.Topic.Partition()
        answer.partitionIndex = asked.partitionIndex
        answer.lowWatermark = -1
        answer.errorCode = error
        return answer
    }

    private static func delete(
        _ asked: Request.Topic.Partition,
        _ topic: Topic?,
        _ directory: LogDirectory
    ) -> Response.Topic.Partition {
        var answer = Response.Topic.Partition()
        answer.partitionIndex = asked.partitionIndex
        answer.lowWatermark = -1
        guard let topic, let log = topic.partition(asked.partitionIndex) else {
            answer.errorCode = .unknownTopicOrPartition
            return answer
        }
        guard !topic.isInternal else {
            answer.errorCode = .invalidTopic
            return answer
        }
        if let problem = log.readProblem {
            answer.errorCode = problem
            return answer
        }
        guard asked.offset >= -1, asked.offset <= log.highWatermark else {
            answer.errorCode = .offsetOutOfRange
            return answer
        }
        do throws(LogError) {
            answer.lowWatermark = try directory.deleteRecords(of: log, before: asked.offset)
        } catch {
            answer.errorCode = ErrorCode(rawValue: error.kafkaErrorCode)
        }
        return answer
    }
}
