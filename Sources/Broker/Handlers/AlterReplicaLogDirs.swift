import CommitLog
import EventLoop
import KafkaProtocol

/// AlterReplicaLogDirs 0–2 (KIP-113): there is one directory, in which everything is already.
enum AlterReplicaLogDirsHandler: Handler {
    typealias Request = AlterReplicaLogDirsRequest
    typealias Response = AlterReplicaLogDirsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let services = exchange.services
        let isAllowed = exchange.authorizeCluster(.alter)
        var response = Response()
        for directory in request.dirs {
            let isOurs = directory.path == DescribeLogDirsHandler.absolute(services.directory.path)
            for topic in directory.topics {
                var answer = Response.Topic()
                answer.topicName = topic.name
                answer.partitions = topic.partitions.map { index in
                    var partition = Response.Topic.Partition()
                    partition.partitionIndex = index
                    if !isAllowed {
                        partition.errorCode = .clusterAuthorizationFailed
                    } else if !isOurs {
                        partition.errorCode = .logDirNotFound
                    } else if services.catalogue.partition(topic.name, index) == nil {
                        partition.errorCode = .unknownTopicOrPartition
                    }
                    return partition
                }
                response.results.append(answer)
            }
        }
        exchange.answer(response)
    }
}
