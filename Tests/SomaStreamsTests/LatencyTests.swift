import Clocks
import Glibc
import LogTestSupport
import RdKafka
import SomaStreams
import Testing

/// Passes records on as they are.
private final class Relay: Processor {
    private let output: String

    init(_ output: String) { self.output = output }

    func process(_ record: RecordView, _ context: ProcessorContext) {
        context.forward(
            value: record.value.map { Array($0) },
            type: "relay",
            to: output,
            key: record.key.map { Array($0) }
        )
    }
}

/// `SOMA_MEASURE=1` prints figures; not part of the ordinary run.
@Suite(.enabled(if: getenv("SOMA_MEASURE") != nil, "set SOMA_MEASURE=1"), .serialized)
struct LatencyTests {
    @Test(arguments: [50, 1000])
    func `a hop adds little at a steady rate`(perSecond: Int) throws {
        let (input, output) = (TestLog.unique("in"), TestLog.unique("out"))
        try TestLog.createTopics([input, output], partitions: 4)
        let definition = ProcessorDefinition(name: TestLog.unique("relay"), inputs: [input], outputs: [output]) { _ in
            Relay(output)
        }
        let runtime = ProcessorRuntime(definition, brokers: TestLog.brokers, settings: LiveBroker.settings())
        runtime.start()
        try expectEventually { runtime.isReady }
        defer { runtime.stop() }
        let consumer = try Consumer(brokers: TestLog.brokers, group: nil)
        try consumer.assign(Dictionary(uniqueKeysWithValues: (0..<4).map { (TopicPartition(output, $0), .offset(0)) }))
        let count = perSecond * 4
        let brokers = TestLog.brokers
        let source = OwnThread(name: "source") {
            guard let producer = try? Producer(brokers: brokers) else { return }
            let start = Clock.system.monotonicNanoseconds
            for index in 0..<count {
                let due = start + Int64(index) * 1_000_000_000 / Int64(perSecond)
                let wait = due - Clock.system.monotonicNanoseconds
                if wait > 0 { usleep(UInt32(wait / 1000)) }
                let text = Array(String(Clock.system.monotonicNanoseconds).utf8)
                try? producer.produce(topic: input, key: Array("k\(index % 64)".utf8), value: text)
            }
            try? producer.close(deadline: .seconds(5))
        }
        var latencies: [Int64] = []
        try drain(consumer, count: count) { record in
            let now = Clock.system.monotonicNanoseconds
            let sent = record.value.flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? now
            latencies.append(now - sent)
        }
        source.join()
        latencies = Array(latencies.dropFirst(count / 10)).sorted()
        func at(_ share: Double) -> Double { Double(latencies[Int(Double(latencies.count - 1) * share)]) / 1e6 }
        print(
            "hop latency (produce, process, produce, consume) at \(perSecond)/s on "
                + "\(TestLog.isApacheKafka ? "Apache Kafka" : "the embedded broker"): p50 \(at(0.5)) ms, "
                + "p99 \(at(0.99)) ms, max \(at(1)) ms, \(latencies.count) records"
        )
        #expect(latencies.count == count - count / 10)
    }

    private func drain(_ consumer: Consumer, count: Int, _ take: (ConsumerRecord) -> Void) throws {
        var seen = 0
        let end = ContinuousClock.now + .seconds(30)
        while seen < count && ContinuousClock.now < end {
            let batch = try consumer.poll(timeout: .milliseconds(200))
            for index in 0..<batch.count { take(batch[index]) }
            seen += batch.count
        }
    }
}
