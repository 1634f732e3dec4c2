import LogTestSupport
import Events
import Glibc
import RdKafka
import SinkRuntime
import Synchronization
import Telemetry
import Testing

/// A table in memory with positions beside its rows; survives the sinks that write it, as a database would.
final class Table: Sendable {
    struct State {
        var rows: [String] = []
        var positions: [TopicPartition: Int64] = [:]
        var epochs: [TopicPartition: Int] = [:]
        var failuresLeft = 0
    }

    let state = Mutex(State())
    var rows: [String] { state.withLock { $0.rows } }
}

final class TableSink: Sink {
    private let table: Table
    private var epochs: [TopicPartition: Int] = [:]

    init(_ table: Table) { self.table = table }

    func claim(_ partitions: [TopicPartition], generation: Int32) -> [TopicPartition: Int64] {
        table.state.withLock { state in
            for partition in partitions {
                state.epochs[partition, default: 0] += 1
                epochs[partition] = state.epochs[partition]
            }
            return state.positions.filter { partitions.contains($0.key) }
        }
    }

    func write(_ batch: SinkBatch) throws {
        try table.state.withLock { state in
            if state.failuresLeft > 0 {
                state.failuresLeft -= 1
                throw SinkError.transient("the table is down")
            }
            for partition in batch.positions.keys where state.epochs[partition] != epochs[partition] {
                throw SinkError.fenced("\(partition)")
            }
            var refused: [SinkError.Refusal] = []
            for (index, record) in batch.records.enumerated() {
                let value = String(decoding: record.value ?? [], as: UTF8.self)
                if value.hasSuffix("-13") { refused.append(.init(index: index, code: "unlucky", message: value)) }
                if value.hasSuffix("-66") { throw SinkError.damaged(code: "cursed", message: "some row") }
            }
            guard refused.isEmpty else { throw SinkError.refused(refused) }
            state.rows += batch.records.map { String(decoding: $0.value ?? [], as: UTF8.self) }
            state.positions.merge(batch.positions) { $1 }
        }
    }
}

@Suite(.serialized)
struct SinkRunnerTests {
    private let brokers = TestLog.brokers

    private func makeTopic(_ partitions: Int32) throws -> String {
        let topic = "sink-in-\(UInt64.random(in: 0 ... .max))"
        try Admin(brokers: brokers).createTopics([.init(topic, partitions: partitions, replicationFactor: 1)])
        return topic
    }

    private func fill(_ topic: String, _ range: Range<Int>) throws {
        let producer = try Producer(brokers: brokers)
        for index in range {
            try producer.produce(topic: topic, key: Array("k\(index % 9)".utf8), value: Array("v-\(index)".utf8))
        }
        try producer.close(deadline: .seconds(10))
    }

    private func runner(_ name: String, _ topic: String, _ table: Table) -> SinkRunner {
        var definition = SinkDefinition(name: name, topics: [topic]) { TableSink(table) }
        definition.recordsMax = 40
        definition.linger = .milliseconds(10)
        definition.backoff = .milliseconds(10)
        var settings = SinkSettings()
        settings.metrics = MetricsRegistry()
        settings.consumer = ["fetch.wait.max.ms": "20"]
        return SinkRunner(definition, brokers: brokers, settings: settings)
    }

    private func expectEventually(_ sourceLocation: SourceLocation = #_sourceLocation, _ holds: () throws -> Bool)
        throws
    {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if try holds() { return }
            usleep(5000)
        }
        Issue.record("does not hold after 30 seconds", sourceLocation: sourceLocation)
    }

    @Test func `rows and positions agree through restarts, failures and bad records`() throws {
        let topic = try makeTopic(3)
        let name = "sink-\(UInt64.random(in: 0 ... .max))"
        let table = Table()
        try fill(topic, 0..<500)
        table.state.withLock { $0.failuresLeft = 3 }
        let first = runner(name, topic, table)
        first.start()
        try expectEventually { table.rows.count >= 200 }
        let start = ContinuousClock.now
        first.stop()
        #expect(ContinuousClock.now - start < .seconds(2))
        try fill(topic, 500..<1000)
        let second = runner(name, topic, table)
        second.start()
        try expectEventually { table.rows.count == 998 }
        try expectEventually {
            try Admin(brokers: brokers).groupOffsets(name).values.reduce(0, +) == 1000
        }
        second.stop()
        let expected = Set((0..<1000).filter { $0 != 13 && $0 != 66 }.map { "v-\($0)" })
        #expect(table.rows.count == 998 && Set(table.rows) == expected)
        #expect(table.state.withLock { $0.positions.values.reduce(0, +) } == 1000)
        let letters = try Admin(brokers: brokers).listOffsets(
            (0..<3).map { TopicPartition(topic + ".dlq", $0) },
            .latest
        )
        #expect(letters.values.reduce(0, +) == 2)
    }

    @Test func `two members share the partitions and no row is written twice`() throws {
        let topic = try makeTopic(4)
        let name = "sink-\(UInt64.random(in: 0 ... .max))"
        let table = Table()
        let members = [runner(name, topic, table), runner(name, topic, table)]
        members[0].start()
        try fill(topic, 100..<600)
        try expectEventually { members[0].isReady }
        members[1].start()
        try fill(topic, 600..<1100)
        try expectEventually { members[1].isReady && !members[1].status.partitions.isEmpty }
        members[0].stop()
        try fill(topic, 1100..<1600)
        try expectEventually { table.rows.count >= 1500 }
        members[1].stop()
        #expect(table.rows.count == 1500 && Set(table.rows).count == 1500)
    }
}
