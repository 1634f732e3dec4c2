import Bytes
import Compression
import KafkaProtocol
import Testing

/// A transactional producer that speaks frames.
struct TransactionalProducer {
    let client: WireClient
    let id: String
    var producerID: Int64 = -1
    var epoch: Int16 = -1
    var sequence: Int32 = 0

    init(_ fixture: BrokerFixture, _ id: String = "tx", timeout: Int32 = 60_000) throws {
        client = try fixture.client()
        self.id = id
        var request = InitProducerIdRequest()
        request.transactionalID = id
        request.transactionTimeoutMilliseconds = timeout
        let response = try client.call(request, version: 4, as: InitProducerIdResponse.self)
        guard response.errorCode == .none else { throw response.errorCode }
        producerID = response.producerID
        epoch = response.producerEpoch
    }

    /// The same producer on another connection, as after a restart of the broker.
    init(_ other: TransactionalProducer, _ fixture: BrokerFixture) throws {
        client = try fixture.client()
        id = other.id
        producerID = other.producerID
        epoch = other.epoch
        sequence = other.sequence
    }

    func add(_ topic: String = "t", partitions: [Int32] = [0]) throws -> ErrorCode {
        var request = AddPartitionsToTxnRequest()
        request.transactionalID = id
        request.producerID = producerID
        request.producerEpoch = epoch
        var asked = AddPartitionsToTxnRequest.Topic()
        asked.name = topic
        asked.partitions = partitions
        request.topics = [asked]
        let response = try client.call(request, version: 3, as: AddPartitionsToTxnResponse.self)
        return response.topics[0].partitions[0].errorCode
    }

    mutating func produce(_ value: String, to topic: String = "t", partition: Int32 = 0) throws -> ErrorCode {
        var builder = RecordBatchBuilder(
            baseTimestamp: 1,
            attributes: RecordBatchAttributes(codec: .none, isTransactional: true),
            producerID: producerID,
            producerEpoch: epoch,
            baseSequence: sequence
        )
        builder.add(key: Array("k".utf8), value: Array(value.utf8), timestamp: 1)
        var writer = ByteWriter()
        try builder.encode(into: &writer)
        let records = Array(writer.bytes)
        var request = produceRequest(topic, records, partition: partition)
        request.transactionalID = id
        let response = try client.call(request, version: 9, as: ProduceResponse.self, records: records)
        let error = response.responses[0].partitionResponses[0].errorCode
        if error == .none { sequence += 1 }
        return error
    }

    func end(commit: Bool, version: Int16 = 3) throws -> ErrorCode {
        var request = EndTxnRequest()
        request.transactionalID = id
        request.producerID = producerID
        request.producerEpoch = epoch
        request.committed = commit
        return try client.call(request, version: version, as: EndTxnResponse.self).errorCode
    }

    func addOffsets(group: String) throws -> ErrorCode {
        var request = AddOffsetsToTxnRequest()
        request.transactionalID = id
        request.producerID = producerID
        request.producerEpoch = epoch
        request.groupID = group
        return try client.call(request, version: 3, as: AddOffsetsToTxnResponse.self).errorCode
    }

    func commitOffset(_ offset: Int64, group: String) throws -> ErrorCode {
        var request = TxnOffsetCommitRequest()
        request.transactionalID = id
        request.producerID = producerID
        request.producerEpoch = epoch
        request.groupID = group
        var topic = TxnOffsetCommitRequest.Topic()
        topic.name = "t"
        var partition = TxnOffsetCommitRequest.Topic.Partition()
        partition.committedOffset = offset
        topic.partitions = [partition]
        request.topics = [topic]
        let response = try client.call(request, version: 3, as: TxnOffsetCommitResponse.self)
        return response.topics[0].partitions[0].errorCode
    }
}

/// What a reader of committed records sees, and where it has to stop.
func committed(_ fixture: BrokerFixture, _ topic: String = "t", partition: Int32 = 0) throws -> (
    values: [String], stable: Int64
) {
    let client = try fixture.client()
    var request = fetchRequest(topic, offset: 0)
    request.isolationLevel = 1
    request.topics[0].partitions[0].partition = partition
    let id = client.send(request, version: 11)
    let frame = try #require(client.receiveFrame())
    return try frame.withUnsafeBytes { bytes in
        var reader = WireReader(ByteReader(bytes), isFlexible: false)
        #expect(try reader.int32() == id)
        let response = try FetchResponse(from: &reader, version: 11)
        let partition = response.responses[0].partitions[0]
        var aborted: [Int64: [Int64]] = [:]
        for transaction in partition.abortedTransactions ?? [] {
            aborted[transaction.producerID, default: []].append(transaction.firstOffset)
        }
        var values: [String] = []
        guard case .slice(let range) = partition.records else { return ([], partition.lastStableOffset) }
        var rest = UnsafeRawBufferPointer(rebasing: bytes[range])
        while let header = try? RecordBatchHeader(rest), header.totalByteCount <= rest.count {
            let isDropped = aborted[header.producerID]?.contains { $0 <= header.baseOffset } ?? false
            if header.attributes.isControl {
                if isDropped { aborted[header.producerID]?.removeFirst() }
            } else if !isDropped {
                try RecordBatch.forEachRecord(in: rest, header: header) { record in
                    values.append(String(decoding: record.value ?? .init(start: nil, count: 0), as: UTF8.self))
                    return true
                }
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[header.totalByteCount...])
        }
        return (values, partition.lastStableOffset)
    }
}

func committedOffset(_ fixture: BrokerFixture, group: String, stable: Bool) throws -> (Int64, ErrorCode) {
    var request = OffsetFetchRequest()
    request.requireStable = stable
    var asked = OffsetFetchRequest.Group()
    asked.groupID = group
    var topic = OffsetFetchRequest.Group.Topics()
    topic.name = "t"
    topic.partitionIndexes = [0]
    asked.topics = [topic]
    request.groups = [asked]
    let response = try fixture.client().call(request, version: 8, as: OffsetFetchResponse.self)
    let partition = response.groups[0].topics[0].partitions[0]
    return (partition.committedOffset, partition.errorCode)
}
