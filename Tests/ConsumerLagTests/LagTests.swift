import LogTestSupport
import Glibc
import RdKafka
import Telemetry
import Testing

@testable import ConsumerLag

struct LagWindowTests {
    private func status(_ samples: [(Int64, Int64)], hasOwner: Bool = true) -> LagStatus {
        var window = LagWindow()
        for (committed, lag) in samples { window.add(committed: committed, lag: lag) }
        return window.status(hasOwner: hasOwner)
    }

    @Test func `verdicts follow positions and lag within the window`() {
        #expect(status([]) == .ok)
        #expect(status([(1, 9), (1, 9), (1, 9), (1, 9)]) == .ok)
        #expect(status((0..<6).map { _ in (5, 9) }) == .stall)
        #expect(status((0..<6).map { _ in (5, 9) }, hasOwner: false) == .stop)
        #expect(status((0..<6).map { (Int64($0), 9 + Int64($0)) }) == .warn)
        #expect(status((0..<6).map { (Int64($0), 9 - Int64($0)) }) == .ok)
        #expect(status([(9, 1), (9, 1), (9, 1), (9, 1), (3, 7)]) == .rewind)
        #expect(status([(9, 0), (9, 1), (9, 2), (9, 3), (9, 4)]) == .ok)
        #expect(status((0..<6).map { (Int64($0), 0) }) == .ok)
        #expect(status([(9, 0)] + (0..<15).map { _ in (9, 4) }) == .stall)
    }
}

struct LagMeterTests {
    private let brokers = TestLog.brokers

    @Test func `lag is told in records and seconds, clamped to the log start`() throws {
        let admin = try Admin(brokers: brokers)
        let topic = "lag-\(UInt64.random(in: 0 ... .max))"
        let group = "lag-group-\(UInt64.random(in: 0 ... .max))"
        try admin.createTopics([.init(topic, partitions: 3, replicationFactor: 1)])
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let milliseconds = Int64(now.tv_sec) * 1000
        let producer = try Producer(brokers: brokers)
        for partition in 0..<3 as Range<Int32> {
            for index in 0..<10 as Range<Int64> {
                let time = milliseconds - (100 - index) * 1000
                try producer.produce(topic: topic, partition: partition, key: nil, value: [1], timestamp: time)
            }
        }
        try producer.close(deadline: .seconds(10))
        let places = (0..<3).map { TopicPartition(topic, Int32($0)) }
        try admin.alterGroupOffsets(group, [places[0]: 10, places[1]: 4, places[2]: 2])
        _ = try admin.deleteRecords(before: [places[2]: .offset(7)])

        let meter = try LagMeter(brokers: brokers)
        let snapshot = try meter.measure(groups: [group])
        let measured = try #require(snapshot.group(group))
        #expect(measured.partitions.map(\.place) == places)
        #expect(measured.partitions.map(\.lag) == [0, 6, 3])
        #expect(measured.lag == 9 && measured.state == "Empty" && measured.memberCount == 0)
        let seconds = measured.partitions.compactMap(\.lagSeconds)
        try #require(seconds.count == 3)
        #expect(seconds[0] == 0 && (95.0...99).contains(seconds[1]) && (92.0...96).contains(seconds[2]))
        #expect(snapshot.topic(topic)?.recordCount == 23 && snapshot.topic(topic)?.recordsPerSecond == nil)
        #expect(try meter.measure(groups: [group]).topic(topic)?.recordsPerSecond == 0)

        var text = PrometheusText()
        snapshot.write(to: &text)
        for line in [
            "kafka_brokers 1", "kafka_topic_partitions{topic=\"\(topic)\"} 3",
            "kafka_topic_partition_current_offset{partition=\"2\",topic=\"\(topic)\"} 10",
            "kafka_topic_partition_oldest_offset{partition=\"2\",topic=\"\(topic)\"} 7",
            "kafka_consumergroup_current_offset{consumergroup=\"\(group)\",partition=\"1\",topic=\"\(topic)\"} 4",
            "kafka_consumergroup_lag{consumergroup=\"\(group)\",partition=\"1\",topic=\"\(topic)\"} 6",
            "kafka_consumergroup_lag_sum{consumergroup=\"\(group)\",topic=\"\(topic)\"} 9",
            "kafka_consumergroup_members{consumergroup=\"\(group)\"} 0",
            "soma_consumergroup_status{consumergroup=\"\(group)\"} 1",
        ] { #expect(text.text.contains(line + "\n"), "\(line)") }
        try admin.deleteGroups([group])
        try admin.deleteTopics([topic])
    }

    @Test func `a member's partitions are shown with their owner and without a lag before the first commit`() throws {
        let admin = try Admin(brokers: brokers)
        let topic = "lag-\(UInt64.random(in: 0 ... .max))"
        let group = "lag-group-\(UInt64.random(in: 0 ... .max))"
        try admin.createTopics([.init(topic, partitions: 2, replicationFactor: 1)])
        let consumer = try Consumer(brokers: brokers, group: group, settings: ["client.id": "reader"])
        try consumer.subscribe([topic])
        let end = ContinuousClock.now + .seconds(20)
        while consumer.assignment.isEmpty && ContinuousClock.now < end {
            _ = try consumer.poll(timeout: .milliseconds(50))
        }
        let snapshot = try LagMeter(brokers: brokers).measure()
        let measured = try #require(snapshot.group(group))
        #expect(measured.memberCount == 1 && measured.partitions.count == 2)
        #expect(measured.partitions.allSatisfy { $0.clientID == "reader" && $0.exportedLag == -1 })
        try consumer.close(deadline: .seconds(2))
    }
}
