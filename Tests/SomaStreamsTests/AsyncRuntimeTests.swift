import LogTestSupport
import Events
import RdKafka
import SomaStreams
import SomaStreamsTesting
import Synchronization
import Testing

/// Answers each record from a thread of its own and notes what ran at the same time.
final class Worker: AsyncProcessor {
    struct Seen {
        var running: Set<String> = []
        var runningMax = 0
        var overlaps = 0
        var order: [String] = []
        var cancelled = 0
    }

    static func definition(
        _ name: String,
        _ input: String,
        _ worker: Worker,
        limits: AsyncLimits = AsyncLimits(inFlight: 8)
    ) -> ProcessorDefinition {
        ProcessorDefinition(
            name: name,
            inputs: [input],
            outputs: [worker.output],
            limits: limits,
            failure: FailurePolicy(retries: 1, backoff: .milliseconds(1))
        ) { worker }
    }

    let output: String
    let seen = Mutex(Seen())
    private let signal = StopSignal()
    private let delay: @Sendable (String) -> Duration

    init(output: String, delay: @escaping @Sendable (String) -> Duration = { _ in .milliseconds(1) }) {
        self.output = output
        self.delay = delay
    }

    func start(_ record: OwnedRecord, _ call: AsyncCall) {
        let key = record.keyText
        let value = String(decoding: record.value ?? [], as: UTF8.self)
        seen.withLock {
            if !$0.running.insert(key).inserted { $0.overlaps += 1 }
            $0.runningMax = max($0.runningMax, $0.running.count)
        }
        call.onCancel { [self] in seen.withLock { $0.cancelled += 1 } }
        // Waits for its thread: joined by the object's own end.
        _ = OwnThread(name: "call") { [self] in
            signal.wait(delay(value))
            seen.withLock {
                $0.running.remove(key)
                $0.order.append(value)
            }
            switch value {
            case let value where value.hasSuffix("-7"): call.fail(ProcessingError.permanent("refused", "seven"))
            case let value where value.hasSuffix("-8") && call.retry == 0:
                call.fail(ProcessingError.transient("busy", "eight"))
            default:
                for index in 0..<2 {
                    _ = try? call.emit(
                        AssistantDelta(requestID: value, sessionID: key, index: Int64(index), content: value),
                        to: output
                    )
                }
                call.finish()
            }
        }
    }
}

struct AsyncProcessorTests {
    @Test func `records of a key run one after the other, keys side by side, failures as the policy says`() throws {
        let worker = Worker(output: "out")
        let driver = try TopologyTestDriver(Worker.definition("worker", "in", worker))
        for index in 0..<40 {
            let key = Array("k\(index % 4)".utf8)
            try driver.pipe(topic: "in", key: key, value: key + Array("-\(index)".utf8))
        }
        try driver.settle()
        let seen = worker.seen.withLock { $0 }
        #expect(seen.overlaps == 0 && seen.runningMax > 1)
        for key in 0..<4 {
            let ours = seen.order.filter { $0.hasPrefix("k\(key)-") }.compactMap { Int($0.dropFirst(3)) }
            #expect(ours == ours.sorted())
        }
        #expect(driver.outputs(of: "out").count == 39 * 2)
        #expect(driver.deadLetters.map(\.valueText) == ["k3-7"])
        #expect(driver.failures.map(\.code).sorted() == ["busy", "refused"])
    }
}

@Suite(.serialized)
struct AsyncRuntimeTests {
    private func ids(_ records: [LiveBroker.Read]) -> Set<String> { Set(records.compactMap { $0.headers["ce_id"] }) }

    @Test func `positions follow the lowest unfinished record, and memory is bounded by pausing`() throws {
        let (input, output, name) = (TestLog.unique("in"), TestLog.unique("out"), TestLog.unique("worker"))
        try TestLog.createTopics([input, output], partitions: 2)
        try LiveBroker.fill(input, keys: 16, count: 2000)
        let worker = Worker(output: output) { $0.hasSuffix("-20") ? .seconds(2) : .zero }
        let limits = AsyncLimits(inFlight: 8, waitingBytes: 40_000)
        let runtime = ProcessorRuntime(
            Worker.definition(name, input, worker, limits: limits),
            brokers: TestLog.brokers,
            settings: LiveBroker.settings()
        )
        runtime.start()
        try expectEventually { try LiveBroker.committed(name) > 100 }
        let early = try LiveBroker.committed(name)
        #expect(early < 2000)
        try expectEventually { try LiveBroker.committed(name) == 2000 }
        runtime.stop()
        let seen = worker.seen.withLock { $0 }
        #expect(seen.overlaps == 0 && seen.runningMax <= 8)
        let outputs = try LiveBroker.read(output, partitions: 2, atLeast: 3998)
        #expect(outputs.count == 3998 && ids(outputs).count == 3998)
        let letters = try LiveBroker.read(input + ".dlq", partitions: 2, atLeast: 1)
        #expect(letters.map(\.value) == ["k7-7"])
    }

    @Test func `a stop cancels what is in flight and the next start does it again with the same ids`() throws {
        let (input, output, name) = (TestLog.unique("in"), TestLog.unique("out"), TestLog.unique("worker"))
        try TestLog.createTopics([input, output], partitions: 1)
        try LiveBroker.fill(input, keys: 3, count: 6)
        let slow = Worker(output: output) { $0.hasSuffix("-1") ? .seconds(4) : .milliseconds(10) }
        let limits = AsyncLimits(inFlight: 8, drain: .milliseconds(200))
        let first = ProcessorRuntime(
            Worker.definition(name, input, slow, limits: limits),
            brokers: TestLog.brokers,
            settings: LiveBroker.settings()
        )
        first.start()
        try expectEventually { slow.seen.withLock { $0.order.count } >= 4 }
        let start = ContinuousClock.now
        first.stop()
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(slow.seen.withLock { $0.cancelled } == 1)
        let committed = try LiveBroker.committed(name)
        #expect(committed == 1)
        let second = ProcessorRuntime(
            Worker.definition(name, input, Worker(output: output)),
            brokers: TestLog.brokers,
            settings: LiveBroker.settings()
        )
        second.start()
        try expectEventually { try LiveBroker.committed(name) == 6 }
        second.stop()
        let outputs = try LiveBroker.read(output, partitions: 1, atLeast: 12)
        #expect(ids(outputs).count == 12)
    }

    @Test func `calls go on through a rebalance when their partition comes back`() throws {
        let (input, output, name) = (TestLog.unique("in"), TestLog.unique("out"), TestLog.unique("worker"))
        try TestLog.createTopics([input, output], partitions: 2)
        let workers = (0..<2).map { _ in Worker(output: output) { _ in .milliseconds(30) } }
        let members = workers.map { worker in
            ProcessorRuntime(
                Worker.definition(name, input, worker),
                brokers: TestLog.brokers,
                settings: LiveBroker.settings()
            )
        }
        members[0].start()
        try LiveBroker.fill(input, keys: 16, count: 320, from: 100)
        try expectEventually { workers[0].seen.withLock { $0.order.count } > 20 }
        members[1].start()
        try expectEventually { members[1].isReady && members[0].isReady }
        try expectEventually { try LiveBroker.committed(name) == 320 }
        members[0].stop()
        try LiveBroker.fill(input, keys: 16, count: 32, from: 420)
        try expectEventually { try LiveBroker.committed(name) == 352 }
        members[1].stop()
        let outputs = try LiveBroker.read(output, partitions: 2, atLeast: 704)
        #expect(ids(outputs).count == 704)
        // What the first member kept was not called twice; only calls of the partition that moved were.
        let twice = outputs.count - 704
        #expect(twice <= 2 * 8, "\(twice) outputs repeated")
        #expect(workers[0].seen.withLock { $0.overlaps } == 0)
    }
}
