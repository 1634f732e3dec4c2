import Broker
import Bytes
import Clocks
import KafkaProtocol
import Telemetry
import TestSupport

/// A broker in a folder of its own, stopped with the test.
final class BrokerFixture {
    let directory: TemporaryDirectory
    private var settings: [String: String]
    private let clock: Clock
    let log = LogSink(collectingWith: .system)
    private(set) var port: UInt16 = 0
    private(set) var metrics = MetricsRegistry()
    private var broker: Broker?

    init(_ settings: [String: String] = [:], clock: Clock = .system) throws {
        directory = try TemporaryDirectory()
        self.clock = clock
        self.settings = settings
        try start()
    }

    deinit { broker?.stop() }

    func start() throws {
        metrics = MetricsRegistry()
        let settings = try BrokerSettings(
            dataDirectory: directory.path + "/data",
            listen: .init(port: 0),
            self.settings
        )
        let broker = Broker(
            settings: settings,
            clock: clock,
            logger: Logger("broker", sink: log),
            metrics: metrics
        )
        port = try broker.start().port
        self.broker = broker
    }

    func stop() {
        broker?.stop()
        broker = nil
    }

    func restart(_ settings: [String: String]? = nil) throws {
        stop()
        if let settings { self.settings = settings }
        try start()
    }

    func client(waitSeconds: Int = 10) throws -> WireClient { try WireClient(port: port, waitSeconds: waitSeconds) }

    func createTopic(_ name: String, partitions: Int32 = 1, configs: [String: String] = [:]) throws {
        var request = CreateTopicsRequest()
        var topic = CreateTopicsRequest.Topic()
        topic.name = name
        topic.numPartitions = partitions
        topic.replicationFactor = 1
        topic.configs = configs.map { key, value in
            var config = CreateTopicsRequest.Topic.Config()
            config.name = key
            config.value = value
            return config
        }
        request.topics = [topic]
        let response = try client().call(request, version: 5, as: CreateTopicsResponse.self)
        guard response.topics.first?.errorCode == ErrorCode.none else {
            throw WireClient.Failure(description: "create \(name): \(response)")
        }
    }
}

/// The bytes of a record batch with these values.
func batch(
    _ values: [String],
    producerID: Int64 = -1,
    epoch: Int16 = -1,
    sequence: Int32 = -1,
    keys: Bool = true
) throws -> [UInt8] {
    var builder = RecordBatchBuilder(
        baseTimestamp: 1_000,
        producerID: producerID,
        producerEpoch: epoch,
        baseSequence: sequence
    )
    for value in values {
        builder.add(key: keys ? Array("k".utf8) : nil, value: Array(value.utf8), timestamp: 1_000)
    }
    var writer = ByteWriter()
    try builder.encode(into: &writer)
    return Array(writer.bytes)
}

func produceRequest(_ topic: String, _ records: [UInt8], acks: Int16 = -1, partition: Int32 = 0) -> ProduceRequest {
    var request = ProduceRequest()
    request.acks = acks
    request.timeoutMilliseconds = 5_000
    var data = ProduceRequest.Topic()
    data.name = topic
    var part = ProduceRequest.Topic.Partition()
    part.index = partition
    part.records = .external(index: 0, byteCount: records.count)
    data.partitionData = [part]
    request.topicData = [data]
    return request
}

func fetchRequest(
    _ topic: String,
    offset: Int64,
    maxWait: Int32 = 0,
    minBytes: Int32 = 1,
    maxBytes: Int32 = 1 << 20
) -> FetchRequest {
    var request = FetchRequest()
    request.maxWaitMilliseconds = maxWait
    request.minBytes = minBytes
    request.maxBytes = maxBytes
    var asked = FetchRequest.Topic()
    asked.topic = topic
    var partition = FetchRequest.Topic.Partition()
    partition.fetchOffset = offset
    partition.partitionMaxBytes = maxBytes
    asked.partitions = [partition]
    request.topics = [asked]
    return request
}

extension WireClient {
    func produce(
        _ topic: String,
        _ records: [UInt8],
        version: Int16 = 9,
        partition: Int32 = 0
    ) throws -> ProduceResponse.Topic.Partition {
        let response = try call(
            produceRequest(topic, records, partition: partition),
            version: version,
            as: ProduceResponse.self,
            records: records
        )
        guard let partition = response.responses.first?.partitionResponses.first else {
            throw Failure(description: "no partition in \(response)")
        }
        return partition
    }

    func fetch(_ request: FetchRequest, version: Int16 = 12) throws -> FetchResponse.Topic.Partition {
        let response = try call(request, version: version, as: FetchResponse.self)
        guard let partition = response.responses.first?.partitions.first else {
            throw Failure(description: "no partition in \(response)")
        }
        return partition
    }
}
