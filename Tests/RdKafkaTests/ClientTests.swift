import LogTestSupport
import RdKafka
import Synchronization
import Testing

struct ClientTests {
    @Test func `a record comes back with key, value, headers and timestamp`() throws {
        try TestBroker.withTopic(1) { brokers, topic in
            let reports = Mutex<[DeliveryReport]>([])
            let producer = try Producer(brokers: brokers) { batch in reports.withLock { $0 += batch } }
            let headers: [(name: String, value: [UInt8]?)] = [("a", [1, 2]), ("empty", []), ("none", nil), ("a", [3])]
            try producer.produce(
                topic: topic,
                key: Array("key".utf8),
                value: Array("value".utf8),
                headers: headers,
                timestamp: 1_700_000_000_123,
                opaque: 7
            )
            try producer.produce(topic: topic, key: nil, value: nil as [UInt8]?, opaque: 8)
            try producer.produce(topic: topic, key: [], value: [], opaque: 9)
            try producer.flush(deadline: .seconds(10))
            #expect(reports.withLock { $0.map(\.opaque) } == [7, 8, 9])
            #expect(reports.withLock { $0.allSatisfy(\.isDelivered) })
            #expect(reports.withLock { $0.map(\.offset) } == [0, 1, 2])

            let consumer = try Consumer(brokers: brokers, group: nil)
            try consumer.assign([TopicPartition(topic, 0): .beginning])
            var seen = 0
            try drain(consumer, until: { seen == 3 }) { partition, record in
                #expect(partition == TopicPartition(topic, 0) && record.offset == Int64(seen))
                switch seen {
                case 0:
                    #expect(record.key?.elementsEqual("key".utf8) == true)
                    #expect(record.value?.elementsEqual("value".utf8) == true)
                    #expect(record.timestamp == 1_700_000_000_123)
                    let copies = record.headers
                    #expect(copies.map(\.name) == ["a", "empty", "none", "a"])
                    #expect(copies.map(\.value) == [[1, 2], [], nil, [3]])
                case 1: #expect(record.key == nil && record.value == nil)
                default: #expect(record.key?.isEmpty == true && record.value?.isEmpty == true)
                }
                seen += 1
            }
            #expect(seen == 3)
            try producer.close(deadline: .seconds(5))
        }
    }

    @Test func `a full queue is a typed error and purged records are reported`() throws {
        let purged = Atomic<Int>(0)
        let producer = try Producer(
            brokers: "127.0.0.1:1",
            settings: ["queue.buffering.max.messages": "10", "log_level": "0"]
        ) { batch in purged.wrappingAdd(batch.count { $0.code == .purged }, ordering: .relaxed) }
        var refused: KafkaError?
        for index in 0..<11 {
            do { try producer.produce(topic: "t", partition: 0, key: nil, value: [UInt8(index)]) } catch {
                refused = error
            }
        }
        #expect(refused?.code == .queueFull && refused?.isRetriable == true)
        #expect(throws: KafkaError.self) { try producer.close(deadline: .milliseconds(50)) }
        #expect(purged.load(ordering: .relaxed) == 10)
    }

    @Test func `an unknown setting is refused with its name`() {
        let error = #expect(throws: KafkaError.self) {
            try Producer(brokers: "127.0.0.1:1", settings: ["linger.mss": "1"])
        }
        #expect(error?.description.contains("linger.mss") == true)
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `pause, resume and seek lose and repeat nothing`(seed: UInt64) throws {
        try TestBroker.withTopic(3) { brokers, topic in
            try TestBroker.fill(brokers, topic, [0: 3000, 1: 3000, 2: 3000])
            var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
            func next(_ bound: UInt64) -> UInt64 {
                random ^= random << 13
                random ^= random >> 7
                random ^= random << 17
                return random % bound
            }
            let consumer = try Consumer(brokers: brokers, group: nil, settings: ["fetch.message.max.bytes": "4096"])
            let partitions = (0..<3).map { TopicPartition(topic, Int32($0)) }
            try consumer.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, .offset(0)) }))
            var expected = [TopicPartition: Int64](uniqueKeysWithValues: partitions.map { ($0, 0) })
            var paused: Set<TopicPartition> = []
            let end = ContinuousClock.now + .seconds(30)
            while expected.values.contains(where: { $0 < 3000 }) && ContinuousClock.now < end {
                do {
                    let batch = try consumer.poll(maxRecords: 50 + Int(next(100)), timeout: .milliseconds(20))
                    for run in batch.runs {
                        for index in run.range {
                            #expect(batch[index].offset == expected[run.partition])
                            #expect(!paused.contains(run.partition))
                            expected[run.partition] = batch[index].offset + 1
                        }
                    }
                }
                let victim = partitions[Int(next(3))]
                switch next(6) {
                case 0 where !paused.contains(victim):
                    try consumer.pause([victim])
                    paused.insert(victim)
                case 1, 2:
                    if paused.remove(victim) != nil { try consumer.resume([victim]) }
                case 3 where !paused.contains(victim) && next(4) == 0:
                    let back = max(0, (expected[victim] ?? 0) - Int64(next(200)))
                    try consumer.seek([victim: .offset(back)])
                    expected[victim] = back
                default: break
                }
            }
            #expect(expected.values.allSatisfy { $0 == 3000 })
            #expect(consumer.irregularities.missingOffsets == 0)
        }
    }

    @Test func `a position that the log has dropped is told and the policy is followed`() throws {
        try TestBroker.withTopic(1) { brokers, topic in
            try TestBroker.fill(brokers, topic, [0: 20])
            let place = TopicPartition(topic, 0)
            let left = try Admin(brokers: brokers).deleteRecords(before: [place: .offset(15)])
            #expect(left == [place: 15])
            final class Policy: RebalanceHandler {
                var told: [Int64] = []
                func offsetIsOutOfRange(_ partition: TopicPartition, position: Int64) -> OffsetPosition? {
                    told.append(position)
                    return .beginning
                }
            }
            let policy = Policy()
            let consumer = try Consumer(brokers: brokers, group: nil)
            try consumer.assign([place: .offset(3)])
            var offsets: [Int64] = []
            try drain(consumer, policy, until: { offsets.count == 5 }) { offsets.append($1.offset) }
            #expect(policy.told == [3] && offsets == [15, 16, 17, 18, 19])
            try consumer.assign([place: .offset(3)])
            #expect(throws: KafkaError.self) { try drain(consumer, until: { false }) { _, _ in } }
        }
    }

    @Test func `wake ends a poll that waits`() throws {
        let consumer = try Consumer(brokers: TestLog.brokers, group: nil)
        let waker = consumer.waker
        let thread = OwnThread(name: "waker") { waker.wake() }
        let start = ContinuousClock.now
        let batch = try consumer.poll(timeout: .seconds(30))
        #expect(batch.isEmpty && ContinuousClock.now - start < .seconds(10))
        thread.join()
    }
}
