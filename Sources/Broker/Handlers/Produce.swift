import Bytes
import CommitLog
import EventLoop
import KafkaProtocol
import Synchronization
import Telemetry

/// Produce 3–13 (message format 2; idempotence KIP-98, record errors KIP-467, topics by id KIP-516).
///
/// Advertised from 0, as Kafka does: librdkafka would silently stop compressing otherwise. The batches are given to the
/// log where the socket put them; acks=1 and acks=all are answered when they are on disk.
enum ProduceHandler: FrameHandling {
    typealias Request = ProduceRequest
    typealias Response = ProduceResponse

    static let advertised: ClosedRange<Int16> = 0...13

    static func handle(
        _ request: Request,
        frame: UnsafeRawBufferPointer,
        _ exchange: Exchange<Response>
    ) throws(ConnectionFault) {
        var response = Response()
        var waits: [PendingProduce.Wait] = []
        var refused: ErrorCode?
        response.responses.reserveCapacity(request.topicData.count)
        let mayTransact = request.transactionalID.map { exchange.authorize(.write, .transactionalID, $0) } ?? true
        for (topicIndex, topicData) in request.topicData.enumerated() {
            var answer = Response.Topic()
            answer.name = topicData.name
            answer.topicID = topicData.topicID
            let topic = exchange.services.catalogue.topic(topicData.name, id: topicData.topicID)
            let isAllowed = exchange.authorize(.write, .topic, topic?.name ?? topicData.name)
            for (partitionIndex, data) in topicData.partitionData.enumerated() {
                var partition = Response.Topic.Partition()
                partition.index = data.index
                do throws(ProduceRefusal) {
                    guard mayTransact else { throw ProduceRefusal(.transactionalIDAuthorizationFailed) }
                    let (log, result) = try append(data, to: topic, isAllowed: isAllowed, request, frame, exchange)
                    partition.baseOffset = result.baseOffset
                    partition.logAppendTimeMilliseconds = result.logAppendTime
                    partition.logStartOffset = result.logStartOffset
                    waits.append(.init(topic: topicIndex, partition: partitionIndex, log: log, result: result))
                } catch {
                    exchange.services.metrics.produceErrors.add()
                    refused = error.code
                    partition.errorCode = error.code
                    partition.baseOffset = -1
                    partition.errorMessage = error.message
                    partition.recordErrors = error.recordErrors
                }
                answer.partitionResponses.append(partition)
            }
            response.responses.append(answer)
        }
        if request.acks == 0 {
            // There is no answer to carry an error, so the connection carries it, as in Kafka.
            if let refused { throw ConnectionFault("produce with acks=0 failed with error \(refused.rawValue)") }
            return exchange.finishSilently()
        }
        PendingProduce.start(response, waits, exchange)
    }

    private static func append(
        _ data: Request.Topic.Partition,
        to topic: Topic?,
        isAllowed: Bool,
        _ request: Request,
        _ frame: UnsafeRawBufferPointer,
        _ exchange: Exchange<Response>
    ) throws(ProduceRefusal) -> (PartitionLog, AppendResult) {
        guard (-1...1).contains(request.acks) else { throw ProduceRefusal(.invalidRequiredAcks) }
        guard topic != nil || exchange.version < 13 else { throw ProduceRefusal(.unknownTopicID) }
        guard isAllowed else { throw ProduceRefusal(.topicAuthorizationFailed) }
        guard let topic, let log = topic.partition(data.index) else { throw ProduceRefusal(.unknownTopicOrPartition) }
        guard !topic.isInternal else { throw ProduceRefusal(.invalidTopic) }
        guard case .slice(let range) = data.records else {
            throw ProduceRefusal(.invalidRecord, "the partition has no records")
        }
        let batch = UnsafeRawBufferPointer(rebasing: frame[range])
        try ProduceChecks.check(batch, version: exchange.version, transactionalID: request.transactionalID)
        let transactions = exchange.services.transactions.table
        do throws(LogError) {
            let result = try log.append(batch, leaderEpoch: Topic.leaderEpoch) { header in
                request.transactionalID.map { transactions.admits($0, header, to: log.name) } ?? false
            }
            exchange.services.metrics.producedBytes.add(batch.count)
            exchange.services.metrics.producedBatches.add()
            return (log, result)
        } catch {
            var refusal = ProduceRefusal(ErrorCode(rawValue: error.kafkaErrorCode), "\(error)")
            if refusal.code == .invalidTransactionState, let id = request.transactionalID,
                let header = try? RecordBatchHeader(batch), header.attributes.isTransactional
            {
                refusal = ProduceRefusal(transactions.refusal(id, header), "\(error)")
            }
            if refusal.code == .invalidRecord, topic.isCompacted {
                refusal.recordErrors = ProduceChecks.recordsWithoutKey(in: batch)
            }
            throw refusal
        }
    }
}

/// Why a partition's records are not taken.
struct ProduceRefusal: Error {
    let code: ErrorCode
    let message: String?
    var recordErrors: [ProduceResponse.Topic.Partition.RecordError] = []

    init(_ code: ErrorCode, _ message: String? = nil) {
        self.code = code
        self.message = message
    }
}

/// Collects the ends of a request's appends; answers when the last is on disk.
private final class PendingProduce: Sendable {
    struct Wait: Sendable {
        let topic: Int
        let partition: Int
        let log: PartitionLog
        let result: AppendResult
    }

    private struct State {
        var response: ProduceResponse
        var left: Int
    }

    private let state: Mutex<State>
    private let exchange: Exchange<ProduceResponse>

    private init(_ response: ProduceResponse, left: Int, _ exchange: Exchange<ProduceResponse>) {
        state = Mutex(State(response: response, left: left))
        self.exchange = exchange
    }

    static func start(_ response: ProduceResponse, _ waits: [Wait], _ exchange: Exchange<ProduceResponse>) {
        guard !waits.isEmpty else { return exchange.answer(response) }
        let pending = PendingProduce(response, left: waits.count, exchange)
        for wait in waits {
            wait.log.whenDurable(wait.result) { error in pending.finish(wait, error) }
        }
    }

    /// Called from a thread of the log, or at once.
    private func finish(_ wait: Wait, _ error: LogError?) {
        let done: ProduceResponse? = state.withLock { state in
            if let error {
                exchange.services.metrics.produceErrors.add()
                var partition = state.response.responses[wait.topic].partitionResponses[wait.partition]
                partition.errorCode = ErrorCode(rawValue: error.kafkaErrorCode)
                partition.errorMessage = "\(error)"
                partition.baseOffset = -1
                state.response.responses[wait.topic].partitionResponses[wait.partition] = partition
            }
            state.left -= 1
            return state.left == 0 ? state.response : nil
        }
        guard let done else { return }
        // Encoding is the loop's work, not the disk writer's.
        if exchange.loop.isCurrent { exchange.answer(done) } else { exchange.loop.post { self.exchange.answer(done) } }
    }
}
