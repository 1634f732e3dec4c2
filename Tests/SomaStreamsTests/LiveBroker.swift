import LogTestSupport
import Events
import Glibc
import RdKafka
import SomaStreams
import Synchronization
import Telemetry
import Testing

enum LiveBroker {
    /// Writes records `key-index` with keys in turn.
    static func fill(_ topic: String, keys: Int, count: Int, from start: Int = 0) throws {
        let producer = try Producer(brokers: TestLog.brokers, settings: ["linger.ms": "5"])
        for index in start..<start + count {
            let key = "k\(index % keys)"
            try producer.produce(topic: topic, key: Array(key.utf8), value: Array("\(key)-\(index)".utf8))
        }
        try producer.close(deadline: .seconds(10))
    }

    struct Read {
        let key: String
        let value: String
        let headers: [String: String]
    }

    /// Reads a topic from its start until there are so many records, then a moment longer to see surplus ones.
    static func read(
        _ topic: String,
        partitions: Int32,
        atLeast count: Int,
        deadline: Duration = .seconds(30),
        brokers: String = TestLog.brokers
    ) throws
        -> [Read]
    {
        let consumer = try Consumer(brokers: brokers, group: nil, settings: ["fetch.wait.max.ms": "20"])
        let places = (0..<partitions).map { (TopicPartition(topic, $0), OffsetPosition.beginning) }
        try consumer.assign(Dictionary(uniqueKeysWithValues: places))
        var records: [Read] = []
        var end = ContinuousClock.now + deadline
        var isComplete = false
        while ContinuousClock.now < end {
            let batch = try consumer.poll(timeout: .milliseconds(50))
            for index in 0..<batch.count {
                let record = batch[index]
                var headers: [String: String] = [:]
                record.forEachHeader { headers[$0] = $1.map { String(decoding: $0, as: UTF8.self) } }
                records.append(
                    Read(
                        key: record.key.map { String(decoding: $0, as: UTF8.self) } ?? "",
                        value: record.value.map { String(decoding: $0, as: UTF8.self) } ?? "",
                        headers: headers
                    )
                )
            }
            if records.count >= count && !isComplete {
                isComplete = true
                end = ContinuousClock.now + .milliseconds(300)
            }
        }
        return records
    }

    static func committed(_ group: String) throws -> Int64 {
        try Admin(brokers: TestLog.brokers).groupOffsets(group).values.reduce(0, +)
    }

    static func settings(instance: String? = nil) -> RuntimeSettings {
        var settings = RuntimeSettings(instanceID: instance, consumer: ["fetch.wait.max.ms": "20"])
        settings.metrics = MetricsRegistry()
        settings.logSink = LogSink(descriptor: 2, level: .warning)
        return settings
    }
}

/// Waits until something holds, at most so long.
func expectEventually(
    _ deadline: Duration = .seconds(30),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ holds: () throws -> Bool
) throws {
    let end = ContinuousClock.now + deadline
    while ContinuousClock.now < end {
        if try holds() { return }
        usleep(5000)
    }
    let holdsNow = try holds()
    #expect(holdsNow, "does not hold after \(deadline)", sourceLocation: sourceLocation)
}
