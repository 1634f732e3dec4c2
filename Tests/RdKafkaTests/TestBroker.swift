import LogTestSupport
import RdKafka
import Synchronization

enum TestBroker {

    static func withTopic(
        _ partitions: Int32,
        configuration: [String: String] = [:],
        _ body: (String, String) throws -> Void
    ) throws {
        let brokers = TestLog.brokers
        let admin = try Admin(brokers: brokers)
        let topic = TestLog.unique("test")
        try admin.createTopics([
            .init(topic, partitions: partitions, replicationFactor: 1, configuration: configuration)
        ])
        defer { try? admin.deleteTopics([topic]) }
        try body(brokers, topic)
    }

    static func fill(_ brokers: String, _ topic: String, _ counts: [Int32: Int], from start: Int = 0) throws {
        let failures = Atomic<Int>(0)
        let producer = try Producer(brokers: brokers, settings: ["linger.ms": "5"]) { reports in
            failures.wrappingAdd(reports.count { !$0.isDelivered }, ordering: .relaxed)
        }
        for (partition, count) in counts.sorted(by: { $0.key < $1.key }) {
            for index in start..<start + count {
                let text = Array("\(partition)-\(index)".utf8)
                try producer.produce(topic: topic, partition: partition, key: text, value: text)
            }
        }
        try producer.close(deadline: .seconds(10))
        precondition(failures.load(ordering: .relaxed) == 0)
    }
}

/// Polls until the condition holds or ten seconds are over.
func drain(
    _ consumer: Consumer,
    _ handler: (any RebalanceHandler)? = nil,
    until done: () -> Bool,
    _ take: (TopicPartition, ConsumerRecord) throws -> Void
) throws {
    let end = ContinuousClock.now + .seconds(20)
    while !done() && ContinuousClock.now < end {
        let batch = try consumer.poll(maxRecords: 100, timeout: .milliseconds(100), handler: handler)
        for run in batch.runs {
            for index in run.range { try take(run.partition, batch[index]) }
        }
    }
}
