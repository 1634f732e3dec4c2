import Bytes
import CommitLog
import Compression
import EventLoop
import KafkaProtocol
import Telemetry

/// Fetch 4–12 (leader epochs KIP-320, sessions KIP-227 answered without a session, which every client takes).
enum FetchHandler: Handler {
    typealias Request = FetchRequest
    typealias Response = FetchResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        if request.sessionID != 0 {
            // We never gave out a session.
            var response = Response()
            response.errorCode = .fetchSessionIDNotFound
            return exchange.answer(response)
        }
        let result = FetchResult(request, exchange)
        let mayWait = request.maxWaitMilliseconds > 0 && request.minBytes > 0
        guard mayWait, !result.hasError, result.byteCount < Int(request.minBytes), !result.isEmptyRequest else {
            return result.answer(exchange)
        }
        WaitingFetch(request, exchange).begin(result)
    }
}

/// What a fetch finds at one moment.
struct FetchResult {
    private(set) var response = FetchResponse()
    private(set) var records: [LogRead] = []
    private(set) var byteCount = 0
    private(set) var hasError = false
    /// The partitions that are at their end, with the offset to wait beyond.
    private(set) var ends: [(log: PartitionLog, offset: Int64)] = []
    /// The partitions that gave all they have, with the offset of their end.
    private(set) var partial: [(log: PartitionLog, offset: Int64)] = []

    var isEmptyRequest: Bool { response.responses.isEmpty }

    init(_ request: FetchRequest, _ exchange: Exchange<FetchResponse>) {
        let services = exchange.services
        let budget = min(Int(max(0, request.maxBytes)), services.settings.int("fetch.max.bytes"))
        response.responses.reserveCapacity(request.topics.count)
        for topic in request.topics {
            var answer = FetchResponse.Topic()
            answer.topic = topic.topic
            let isAllowed = exchange.authorize(.read, .topic, topic.topic)
            let found = services.catalogue.topic(topic.topic)
            for partition in topic.partitions {
                answer.partitions.append(
                    read(partition, found, isAllowed: isAllowed, request, limit: budget - byteCount, exchange)
                )
            }
            response.responses.append(answer)
        }
    }

    func answer(_ exchange: Exchange<FetchResponse>) {
        exchange.services.metrics.fetchedBytes.add(byteCount)
        exchange.answer(response, records: records)
    }

    private mutating func read(
        _ asked: FetchRequest.Topic.Partition,
        _ topic: Topic?,
        isAllowed: Bool,
        _ request: FetchRequest,
        limit: Int,
        _ exchange: Exchange<FetchResponse>
    ) -> FetchResponse.Topic.Partition {
        var answer = FetchResponse.Topic.Partition()
        answer.partitionIndex = asked.partition
        answer.highWatermark = -1
        guard isAllowed else { return fail(&answer, .topicAuthorizationFailed) }
        guard let log = topic?.partition(asked.partition) else { return fail(&answer, .unknownTopicOrPartition) }
        if let error = LeaderEpoch.problem(asked.currentLeaderEpoch) { return fail(&answer, error) }
        do throws(LogError) {
            // The first batch of an answer may be larger than any limit, or its reader would stand still for ever.
            let partitionLimit = min(Int(max(0, asked.partitionMaxBytes)), max(0, limit))
            let read = try log.read(
                from: asked.fetchOffset,
                maxBytes: partitionLimit,
                isolation: request.isolation
            )
            answer.highWatermark = read.highWatermark
            answer.lastStableOffset = read.lastStableOffset
            answer.logStartOffset = read.logStartOffset
            answer.abortedTransactions =
                request.isolation == .uncommitted ? nil : read.abortedTransactions.map(\.onWire)
            if read.isEmpty {
                ends.append((log, asked.fetchOffset))
            } else if byteCount == 0 || read.byteCount <= partitionLimit {
                if exchange.version < 10, FetchChecks.containsZstd(read) {
                    return fail(&answer, .unsupportedCompressionType)
                }
                answer.records = .external(index: records.count, byteCount: read.byteCount)
                records.append(read)
                byteCount += read.byteCount
                partial.append((log, request.isolation == .committed ? read.lastStableOffset : read.highWatermark))
            }
        } catch {
            if case .offsetOutOfRange(_, let start, let highWatermark) = error {
                answer.logStartOffset = start
                answer.highWatermark = highWatermark
            }
            return fail(&answer, ErrorCode(rawValue: error.kafkaErrorCode))
        }
        return answer
    }

    private mutating func fail(
        _ answer: inout FetchResponse.Topic.Partition,
        _ error: ErrorCode
    ) -> FetchResponse.Topic.Partition {
        hasError = true
        answer.errorCode = error
        return answer
    }
}

/// Compares what a client knows of the leader with what is: it leads alone, with one epoch for ever.
enum LeaderEpoch {
    /// -1 means that the client does not care.
    static func problem(_ current: Int32) -> ErrorCode? {
        if current > Topic.leaderEpoch { return .unknownLeaderEpoch }
        if current >= 0, current < Topic.leaderEpoch { return .fencedLeaderEpoch }
        return nil
    }
}

enum FetchChecks {
    /// Whether a batch is compressed with zstd, which clients below Fetch 10 do not know (KIP-110).
    static func containsZstd(_ read: LogRead) -> Bool {
        var bytes = ByteWriter(capacity: read.byteCount)
        read.copy(into: &bytes)
        var rest = bytes.bytes
        while let header = try? RecordBatchHeader(rest), header.totalByteCount <= rest.count {
            if header.attributes.codec == .zstd { return true }
            rest = UnsafeRawBufferPointer(rebasing: rest[header.totalByteCount...])
        }
        return false
    }
}

extension FetchRequest {
    var isolation: ReadIsolation { isolationLevel == 0 ? .uncommitted : .committed }
}

extension AbortedTransaction {
    fileprivate var onWire: FetchResponse.Topic.Partition.AbortedTransaction {
        var transaction = FetchResponse.Topic.Partition.AbortedTransaction()
        transaction.producerID = producerID
        transaction.firstOffset = firstOffset
        return transaction
    }
}
