import CommitLog
import EventLoop
import Glibc
import KafkaProtocol

/// DescribeLogDirs 0–5 (KIP-113, an error for the whole KIP-784, space of the volume KIP-827): the one data directory.
enum DescribeLogDirsHandler: Handler {
    typealias Request = DescribeLogDirsRequest
    typealias Response = DescribeLogDirsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        guard exchange.authorizeCluster(.describe) else {
            var response = Response()
            response.errorCode = .clusterAuthorizationFailed
            return exchange.answer(response)
        }
        // The file system may take its time to tell.
        exchange.services.administration.post { exchange.answer(response(request, exchange.services)) }
    }

    private static func response(_ request: Request, _ services: BrokerServices) -> Response {
        var directory = Response.Directory()
        directory.logDir = absolute(services.directory.path)
        (directory.totalBytes, directory.usableBytes) = space(of: services.directory.path)
        if let asked = request.topics {
            directory.topics = asked.compactMap { asked in
                services.catalogue.topic(asked.topic).flatMap { describe($0, only: Set(asked.partitions)) }
            }
        } else {
            directory.topics = services.catalogue.all.compactMap { describe($0, only: nil) }
        }
        var response = Response()
        response.results = [directory]
        return response
    }

    private static func describe(_ topic: Topic, only wanted: Set<Int32>?) -> Response.Directory.Topic? {
        var answer = Response.Directory.Topic()
        answer.name = topic.name
        for (index, log) in topic.partitions.enumerated() where wanted?.contains(Int32(index)) ?? true {
            var partition = Response.Directory.Topic.Partition()
            partition.partitionIndex = Int32(index)
            partition.partitionSize = log.byteCount
            answer.partitions.append(partition)
        }
        return answer.partitions.isEmpty ? nil : answer
    }

    /// The path as clients compare it, whatever we were started with.
    static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Size and free bytes of the volume; -1 when the system does not say.
    private static func space(of path: String) -> (total: Int64, usable: Int64) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return (-1, -1) }
        let unit = Int64(clamping: status.f_frsize)
        func bytes(_ blocks: some BinaryInteger) -> Int64 {
            let (product, overflow) = Int64(clamping: blocks).multipliedReportingOverflow(by: unit)
            return overflow ? Int64.max : product
        }
        return (bytes(status.f_blocks), bytes(status.f_bavail))
    }
}
