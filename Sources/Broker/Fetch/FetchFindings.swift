import CommitLog
import KafkaProtocol

/// What a fetch has found in its partitions so far.
struct FetchFindings {
    struct End {
        let slot: FetchState.Slot
        let log: PartitionLog
        let offset: Int64
    }

    typealias Slot = FetchState.Slot

    private let exchange: Exchange<FetchResponse>
    private let budget: Int
    private var answers: [Slot: FetchResponse.Topic.Partition] = [:]
    private var reads: [Slot: LogRead] = [:]
    /// What reader threads have brought.
    private var loaded: [Slot: Result<LogRead, LogError>] = [:]
    private var topic: (key: FetchState.Key, topic: Topic?, isAllowed: Bool)?
    private var loadingBytes = 0

    /// Partitions that the disk is being asked for.
    private(set) var loading: [Slot: Int] = [:]
    /// Bytes of records that the answer would have now.
    private(set) var byteCount = 0
    private(set) var hasError = false
    /// Partitions that are at their end.
    private(set) var ends: [End] = []
    /// Partitions that gave records, with the end that is to be waited beyond for more.
    private(set) var partial: [End] = []

    var served: [Slot] { partial.map(\.slot) }

    init(_ request: FetchRequest, _ exchange: Exchange<FetchResponse>) {
        self.exchange = exchange
        budget = min(Int(max(0, request.maxBytes)), exchange.services.settings.int("fetch.max.bytes"))
    }

    /// Begins a new look; what was found at partitions that have not changed since stays.
    mutating func begin() {
        byteCount = 0
        hasError = false
        ends.removeAll(keepingCapacity: true)
        partial.removeAll(keepingCapacity: true)
        reads.removeAll(keepingCapacity: true)
        loadingBytes = loading.values.reduce(0, +)
    }

    mutating func take(_ result: Result<LogRead, LogError>, _ slot: Slot) {
        loading[slot] = nil
        loaded[slot] = result
    }

    mutating func look(
        at partition: FetchState.Partition,
        _ slot: Slot,
        _ isolation: ReadIsolation,
        whenRead: @escaping @Sendable (Result<LogRead, LogError>) -> Bool
    ) {
        var answer = FetchResponse.Topic.Partition()
        answer.partitionIndex = partition.key.partition
        answer.highWatermark = -1
        answer.abortedTransactions = isolation == .committed ? [] : nil
        do throws(FetchRefusal) {
            let log = try log(of: partition)
            do throws(LogError) {
                try read(log, partition, slot, isolation, &answer, whenRead)
            } catch {
                if case .offsetOutOfRange(_, let start, let highWatermark) = error {
                    answer.logStartOffset = start
                    answer.highWatermark = highWatermark
                }
                throw FetchRefusal(code: ErrorCode(rawValue: error.kafkaErrorCode))
            }
        } catch {
            hasError = true
            answer.errorCode = error.code
        }
        answers[slot] = answer
    }

    private mutating func log(of partition: FetchState.Partition) throws(FetchRefusal) -> PartitionLog {
        let key = partition.key
        if topic?.key.topic != key.topic || topic?.key.topicID != key.topicID {
            let found = exchange.services.catalogue.topic(key.topic, id: key.topicID)
            topic = (key, found, exchange.authorize(.read, .topic, found?.name ?? key.topic))
        }
        guard let topic else { throw FetchRefusal(code: .unknownServerError) }
        guard topic.topic != nil || key.topicID == .zero else { throw FetchRefusal(code: .unknownTopicID) }
        guard topic.isAllowed else { throw FetchRefusal(code: .topicAuthorizationFailed) }
        guard let log = topic.topic?.partition(key.partition) else {
            throw FetchRefusal(code: .unknownTopicOrPartition)
        }
        if let error = LeaderEpoch.problem(partition.leaderEpoch) { throw FetchRefusal(code: error) }
        return log
    }

    /// The first batch of an answer may be larger than any limit, or its reader would stand still for ever (KIP-74).
    private mutating func read(
        _ log: PartitionLog,
        _ partition: FetchState.Partition,
        _ slot: Slot,
        _ isolation: ReadIsolation,
        _ answer: inout FetchResponse.Topic.Partition,
        _ whenRead: @escaping @Sendable (Result<LogRead, LogError>) -> Bool
    ) throws(LogError) {
        let limit = min(Int(max(0, partition.maxBytes)), max(0, budget - byteCount))
        answer.highWatermark = log.highWatermark
        answer.lastStableOffset = log.lastStableOffset
        answer.logStartOffset = log.logStartOffset
        let hasRoom = byteCount == 0 ? loadingBytes < max(1, budget) : limit > 0 && byteCount + loadingBytes < budget
        guard loading[slot] == nil else { return }
        guard hasRoom || loaded[slot] != nil else {
            // It has its turn in a later answer; an offset that is wrong is told at once.
            guard partition.offset >= answer.logStartOffset, partition.offset <= answer.highWatermark else {
                throw .offsetOutOfRange(
                    offset: partition.offset,
                    logStartOffset: answer.logStartOffset,
                    highWatermark: answer.highWatermark
                )
            }
            return
        }
        let result: LogRead?
        if let brought = loaded[slot] {
            result = try brought.get().prefix(limit)
        } else {
            result = try log.read(from: partition.offset, maxBytes: limit, isolation: isolation, whenRead: whenRead)
        }
        guard let read = result else {
            loading[slot] = limit
            loadingBytes += limit
            return
        }
        answer.highWatermark = read.highWatermark
        answer.lastStableOffset = read.lastStableOffset
        answer.logStartOffset = read.logStartOffset
        if read.isEmpty {
            ends.append(End(slot: slot, log: log, offset: partition.offset))
        } else if byteCount == 0 || read.byteCount <= limit {
            if exchange.version < 10, FetchChecks.containsZstd(read) {
                hasError = true
                answer.errorCode = .unsupportedCompressionType
                return
            }
            reads[slot] = read
            byteCount += read.byteCount
            let end = isolation == .committed ? read.lastStableOffset : read.highWatermark
            if isolation == .committed { answer.abortedTransactions = read.abortedTransactions.map(\.onWire) }
            partial.append(End(slot: slot, log: log, offset: end))
        }
    }

    /// The answer with its record sets; partitions of one topic that follow one another are together.
    func assemble(
        _ sessionID: Int32,
        isFull: Bool,
        _ state: inout FetchState
    ) -> (FetchResponse, [LogRead]) {
        var response = FetchResponse()
        var records: [LogRead] = []
        response.sessionID = sessionID
        for slot in answers.keys.sorted() {
            guard let partition = state[slot], var answer = answers[slot] else { continue }
            if let read = reads[slot] {
                answer.records = .external(index: records.count, byteCount: read.byteCount)
                records.append(read)
            }
            let ends = FetchState.Ends(
                highWatermark: answer.highWatermark,
                logStartOffset: answer.logStartOffset
            )
            guard isFull || answer.records != .none || answer.errorCode != .none || ends != partition.told else {
                continue
            }
            if sessionID != 0 { state.tell(slot, ends) }
            if let last = response.responses.last, last.topic == partition.key.topic,
                last.topicID == partition.key.topicID
            {
                response.responses[response.responses.count - 1].partitions.append(answer)
            } else {
                var topic = FetchResponse.Topic()
                topic.topic = partition.key.topic
                topic.topicID = partition.key.topicID
                topic.partitions = [answer]
                response.responses.append(topic)
            }
        }
        return (response, records)
    }
}

extension AbortedTransaction {
    fileprivate var onWire: FetchResponse.Topic.Partition.AbortedTransaction {
        var transaction = FetchResponse.Topic.Partition.AbortedTransaction()
        transaction.producerID = producerID
        transaction.firstOffset = firstOffset
        return transaction
    }
}

/// Why a partition gives no records.
struct FetchRefusal: Error {
    let code: ErrorCode
}
