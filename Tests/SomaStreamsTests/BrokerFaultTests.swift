import Glibc
import LogTestSupport
import RdKafka
import SomaStreams
import Synchronization
import Testing

@Suite(.serialized)
struct BrokerFaultTests {
    /// Produces until told to stop; what is acknowledged must come out at the other end.
    private final class Source: Sendable {
        let acknowledged = Mutex<Set<Int>>([])
        let signal = StopSignal()

        func run(_ brokers: String, _ topic: String) throws -> OwnThread {
            let producer = try Producer(brokers: brokers, settings: ["message.timeout.ms": "20000"]) { [self] reports in
                acknowledged.withLock { set in
                    for report in reports where report.isDelivered { set.insert(Int(report.opaque)) }
                }
            }
            return OwnThread(name: "source") { [self] in
                var index = 0
                while !signal.wait(.milliseconds(1)) {
                    let key = Array("k\(index % 8)".utf8)
                    try? producer.produce(
                        topic: topic,
                        key: key,
                        value: Array("v-\(index)".utf8),
                        opaque: UInt(index)
                    )
                    index += 1
                }
                try? producer.close(deadline: .seconds(20))
            }
        }
    }

    @Test func `a broker that goes and comes back costs no record, for processors and outside calls alike`() throws {
        let log = try OwnLog()
        let topics = ["in", "middle", "out"]
        try Admin(brokers: log.address).createTopics(topics.map { .init($0, partitions: 2, replicationFactor: 1) })
        let numberer = ProcessorRuntime(
            Numberer.definition("numberer", "in", "middle"),
            brokers: log.address,
            settings: LiveBroker.settings()
        )
        let worker = ProcessorRuntime(
            Worker.definition("worker", "middle", Worker(output: "out") { _ in .zero }),
            brokers: log.address,
            settings: LiveBroker.settings()
        )
        numberer.start()
        worker.start()
        try expectEventually { numberer.isReady && worker.isReady }
        let source = Source()
        let thread = try source.run(log.address, "in")
        for _ in 0..<2 {
            usleep(700_000)
            log.stop()
            usleep(700_000)
            try log.start()
        }
        usleep(500_000)
        source.signal.set()
        thread.join()
        let sent = source.acknowledged.withLock { $0 }
        #expect(sent.count > 500)
        let middle = try LiveBroker.read("middle", partitions: 2, atLeast: sent.count, brokers: log.address)
        let numbered = Set(middle.compactMap { Int($0.value.split(separator: ":")[0].dropFirst(2)) })
        #expect(numbered.isSuperset(of: sent))
        try expectEventually {
            try Admin(brokers: log.address).groupOffsets("worker").values.reduce(0, +) >= Int64(middle.count)
        }
        let out = try LiveBroker.read("out", partitions: 2, atLeast: middle.count * 2, brokers: log.address)
        let ids = Set(middle.compactMap { $0.headers["ce_id"] })
        let answered = Set(out.compactMap { $0.headers["ce_causationid"] })
        #expect(answered.isSuperset(of: ids))
        numberer.stop()
        worker.stop()
        log.stop()
    }
}
