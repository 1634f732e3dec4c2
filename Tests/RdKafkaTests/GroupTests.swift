import LogTestSupport
import RdKafka
import Synchronization
import Testing

struct GroupTests {
    /// Counts what a member sees and commits at each revocation.
    final class Member: RebalanceHandler {
        let consumer: Consumer
        var next: [TopicPartition: Int64] = [:]
        var assigned = 0
        var revoked = 0

        init(_ consumer: Consumer) { self.consumer = consumer }

        func partitionsAssigned(_ partitions: [TopicPartition], positions: [TopicPartition: Int64]) { assigned += 1 }

        func partitionsWillBeRevoked(_ partitions: [TopicPartition], isLost: Bool) throws {
            revoked += 1
            try consumer.commit(next.filter { partitions.contains($0.key) }, deadline: .seconds(5))
            for partition in partitions { next[partition] = nil }
        }
    }

    @Test(arguments: ["cooperative-sticky", "range"])
    func `partitions move between members without loss or repetition`(strategy: String) throws {
        try TestBroker.withTopic(4) { brokers, topic in
            try TestBroker.fill(brokers, topic, [0: 2000, 1: 2000, 2: 2000, 3: 2000])
            let group = TestLog.unique("group")
            let settings = ["partition.assignment.strategy": strategy, "fetch.message.max.bytes": "4096"]
            let first = Member(try Consumer(brokers: brokers, group: group, settings: settings))
            try first.consumer.subscribe([topic])
            var counts: [String: Int] = [:]
            func step(_ member: Member) throws {
                let batch = try member.consumer.poll(maxRecords: 40, timeout: .milliseconds(20), handler: member)
                for run in batch.runs {
                    for index in run.range {
                        counts[
                            String(decoding: batch[index].value ?? .init(start: nil, count: 0), as: UTF8.self),
                            default: 0
                        ] += 1
                        member.next[run.partition] = batch[index].offset + 1
                    }
                }
            }
            let end = ContinuousClock.now + .seconds(40)
            while counts.count < 1000 && ContinuousClock.now < end { try step(first) }
            let second = Member(try Consumer(brokers: brokers, group: group, settings: settings))
            try second.consumer.subscribe([topic])
            while counts.count < 7000 && ContinuousClock.now < end {
                try step(first)
                try step(second)
                if second.assigned == 0 && counts.count > 6000 { break }
            }
            try second.consumer.close(deadline: .seconds(5), handler: second)
            while counts.count < 8000 && ContinuousClock.now < end { try step(first) }
            #expect(counts.count == 8000)
            #expect(counts.values.allSatisfy { $0 == 1 })
            #expect(first.consumer.irregularities.missingOffsets == 0)
            let generation = first.consumer.groupMetadata?.generation
            #expect((generation ?? 0) >= 1)
            try first.consumer.close(deadline: .seconds(5), handler: first)
            let offsets = try Admin(brokers: brokers).groupOffsets(group)
            #expect(offsets.values.reduce(0, +) == 8000)
        }
    }

    @Test func `a transaction's records and offsets appear together or not at all`() throws {
        try TestBroker.withTopic(1) { brokers, topic in
            let producer = try Producer(brokers: brokers, settings: ["transactional.id": TestLog.unique("tx")])
            try producer.initTransactions(deadline: .seconds(10))
            try producer.beginTransaction()
            try producer.produce(topic: topic, key: nil, value: [1])
            try producer.abortTransaction(deadline: .seconds(10))
            try producer.beginTransaction()
            try producer.produce(topic: topic, key: nil, value: [2])
            try producer.commitTransaction(deadline: .seconds(10))
            try producer.close(deadline: .seconds(5))
            let consumer = try Consumer(brokers: brokers, group: nil)
            try consumer.assign([TopicPartition(topic, 0): .beginning])
            var values: [UInt8] = []
            try drain(consumer, until: { values.count == 1 }) { values += $1.value.map { Array($0) } ?? [] }
            #expect(values == [2])
        }
    }

    @Test func `the administrator sees and changes topics, offsets and groups`() throws {
        let brokers = TestLog.brokers
        let admin = try Admin(brokers: brokers)
        let topic = TestLog.unique("admin")
        try admin.createTopics([
            .init(topic, partitions: 2, replicationFactor: 1, configuration: ["cleanup.policy": "compact"])
        ])
        let again = #expect(throws: KafkaError.self) { try admin.createTopics([.init(topic, partitions: 2)]) }
        #expect(again?.code == .topicAlreadyExists)
        try admin.createTopics([.init(topic, partitions: 2)], allowExisting: true)
        #expect(try admin.topic(topic).partitions.map(\.index) == [0, 1])
        try admin.createPartitions(topic, total: 3)
        #expect(try admin.topicConfiguration(topic).first { $0.name == "cleanup.policy" }?.value == "compact")
        #expect(try admin.cluster().topics.contains { $0.name == topic })
        #expect(try !admin.cluster().brokers.isEmpty)

        try TestBroker.fill(brokers, topic, [0: 5, 1: 3])
        let places = (0..<3).map { TopicPartition(topic, Int32($0)) }
        #expect(try admin.listOffsets(places, .latest) == [places[0]: 5, places[1]: 3, places[2]: 0])
        #expect(try admin.listOffsets(places, .earliest).values.allSatisfy { $0 == 0 })
        #expect(try admin.listOffsets(places, .timestamp(1)) == [places[0]: 0, places[1]: 0])
        #expect(try admin.watermarks(places[0]) == Watermarks(low: 0, high: 5))

        let group = TestLog.unique("group")
        try admin.alterGroupOffsets(group, [places[0]: 2])
        #expect(try admin.groupOffsets(group) == [places[0]: 2])
        #expect(try admin.groups().contains { $0.id == group && $0.state == "Empty" })
        #expect(try admin.describeGroups([group]).first?.members.isEmpty == true)
        try admin.deleteGroups([group])
        #expect(try !admin.groups().contains { $0.id == group })
        try admin.deleteTopics([topic])
        let gone = #expect(throws: KafkaError.self) {
            try admin.topic(TestLog.unique("never"), deadline: .seconds(5))
        }
        #expect(gone?.code == .unknownTopicOrPartition)
    }
}
