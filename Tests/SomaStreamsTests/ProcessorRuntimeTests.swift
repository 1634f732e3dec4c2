import LogTestSupport
import RdKafka
import SomaStreams
import StateStore
import Synchronization
import Testing

/// Numbers the records of each key: `key:count` for the value, in the task's store.
final class Numberer: Processor {
    static func definition(
        _ name: String,
        _ input: String,
        _ output: String,
        delivery: ProcessorDefinition.Delivery = .atLeastOnce,
        hook: @escaping @Sendable (String) throws -> Void = { _ in }
    ) -> ProcessorDefinition {
        ProcessorDefinition(
            name: name,
            inputs: [input],
            outputs: [output],
            stores: ["counts"],
            delivery: delivery,
            failure: FailurePolicy(retries: 2, backoff: .milliseconds(5))
        ) { _ in Numberer(output, hook) }
    }

    private let output: String
    private let hook: @Sendable (String) throws -> Void

    init(_ output: String, _ hook: @escaping @Sendable (String) throws -> Void) {
        self.output = output
        self.hook = hook
    }

    func process(_ record: RecordView, _ context: ProcessorContext) throws {
        let value = record.value.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let store = context.store("counts")
        let count = (store.get(record.keyText).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0) + 1
        store.put(record.keyText, Array(String(count).utf8))
        context.forward(
            value: Array("\(value):\(count)".utf8),
            type: "numbered",
            to: output,
            key: Array(record.keyText.utf8)
        )
        try hook(value)
    }
}

@Suite(.serialized)
struct ProcessorRuntimeTests {
    private func run(
        _ definition: ProcessorDefinition,
        instance: String? = nil,
        while body: (ProcessorRuntime) throws -> Void
    ) throws {
        let runtime = ProcessorRuntime(
            definition,
            brokers: TestLog.brokers,
            settings: LiveBroker.settings(instance: instance)
        )
        runtime.start()
        try expectEventually { runtime.isReady }
        try body(runtime)
        let start = ContinuousClock.now
        runtime.stop()
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(runtime.status.state == .stopped)
    }

    @Test func `records are processed, bad ones dead-lettered, positions committed at the stop`() throws {
        let (input, output, name) = (TestLog.unique("in"), TestLog.unique("out"), TestLog.unique("numberer"))
        try TestLog.createTopics([input, output], partitions: 3)
        try LiveBroker.fill(input, keys: 7, count: 500)
        let definition = Numberer.definition(name, input, output) { value in
            if value.hasSuffix("-100") { throw ProcessingError.permanent("bad_luck", "the record says 100") }
        }
        try run(definition) { runtime in
            try expectEventually { try LiveBroker.committed(name) == 500 }
            #expect(runtime.status.partitions.count == 3)
        }
        let outputs = try LiveBroker.read(output, partitions: 3, atLeast: 499)
        #expect(outputs.count == 499 && Set(outputs.compactMap { $0.headers["ce_id"] }).count == 499)
        let letters = try LiveBroker.read(input + ".dlq", partitions: 3, atLeast: 1)
        #expect(letters.map(\.value) == ["k2-100"])
        #expect(letters.first?.headers["soma-error-code"] == "bad_luck")
        #expect(letters.first?.headers["__connect.errors.topic"] == input)
    }

    @Test func `state is there again after a restart`() throws {
        let (input, output, name) = (TestLog.unique("in"), TestLog.unique("out"), TestLog.unique("numberer"))
        try TestLog.createTopics([input, output], partitions: 2)
        for round in 0..<3 {
            try LiveBroker.fill(input, keys: 5, count: 100, from: round * 100)
            try run(Numberer.definition(name, input, output)) { _ in
                try expectEventually { try LiveBroker.committed(name) == Int64(round + 1) * 100 }
            }
        }
        let outputs = try LiveBroker.read(output, partitions: 2, atLeast: 300)
        #expect(outputs.count == 300)
        for key in 0..<5 {
            let numbers = outputs.filter { $0.key == "k\(key)" }.compactMap {
                $0.value.split(separator: ":").last.map(String.init)
            }
            #expect(numbers == (1...60).map(String.init))
        }
    }

    @Test func `an instance that fails starts again and repeats the same ids`() throws {
        let (input, output, name) = (TestLog.unique("in"), TestLog.unique("out"), TestLog.unique("numberer"))
        try TestLog.createTopics([input, output], partitions: 1)
        try LiveBroker.fill(input, keys: 1, count: 50)
        let failures = Atomic<Int>(0)
        var definition = Numberer.definition(name, input, output) { value in
            if value == "k0-30", failures.wrappingAdd(1, ordering: .relaxed).newValue <= 3 {
                throw ProcessingError.permanent("crash", "three times")
            }
        }
        definition.failure.last = .stop
        let runtime = ProcessorRuntime(definition, brokers: TestLog.brokers, settings: LiveBroker.settings())
        runtime.start()
        try expectEventually { try LiveBroker.committed(name) == 50 }
        #expect(runtime.status.restarts == 3 && runtime.status.lastError?.contains("crash") == true)
        runtime.stop()
        let outputs = try LiveBroker.read(output, partitions: 1, atLeast: 50)
        #expect(Set(outputs.compactMap { $0.headers["ce_id"] }).count == 50)
    }

    @Test func `a missing topic is told and waited for`() throws {
        let (input, output, name) = (TestLog.unique("in"), TestLog.unique("out"), TestLog.unique("numberer"))
        try TestLog.createTopics([output], partitions: 1)
        let runtime = ProcessorRuntime(
            Numberer.definition(name, input, output),
            brokers: TestLog.brokers,
            settings: LiveBroker.settings()
        )
        runtime.start()
        try expectEventually { runtime.status.lastError?.contains("missing_topic: topic \(input)") == true }
        try TestLog.createTopics([input], partitions: 1)
        try expectEventually { runtime.isReady }
        runtime.stop()
    }

    @Test func `members come and go without losing a record`() throws {
        let (input, output, name) = (TestLog.unique("in"), TestLog.unique("out"), TestLog.unique("numberer"))
        try TestLog.createTopics([input, output], partitions: 4)
        let definition = Numberer.definition(name, input, output)
        let members = (0..<3).map { _ in
            ProcessorRuntime(definition, brokers: TestLog.brokers, settings: LiveBroker.settings())
        }
        for (index, member) in members.enumerated() {
            member.start()
            try LiveBroker.fill(input, keys: 20, count: 1000, from: index * 1000)
            try expectEventually { member.isReady }
        }
        members[0].stop()
        try LiveBroker.fill(input, keys: 20, count: 1000, from: 3000)
        try expectEventually { try LiveBroker.committed(name) == 4000 }
        members[1].stop()
        members[2].stop()
        let outputs = try LiveBroker.read(output, partitions: 4, atLeast: 4000)
        #expect(Set(outputs.compactMap { $0.headers["ce_id"] }).count == 4000)
        for key in 0..<20 {
            let numbers = outputs.filter { $0.key == "k\(key)" }.compactMap {
                $0.value.split(separator: ":").last.map(String.init)
            }
            // Graceful moves commit before they give a partition up, so nothing is even repeated.
            #expect(numbers == (1...200).map(String.init), "key \(key)")
        }
    }

    @Test func `exactly once stays exact when the processor crashes between commits`() throws {
        let (input, output, name) = (TestLog.unique("in"), TestLog.unique("out"), TestLog.unique("numberer"))
        try TestLog.createTopics([input, output], partitions: 1)
        try LiveBroker.fill(input, keys: 3, count: 600)
        let calls = Atomic<Int>(0)
        var definition = Numberer.definition(name, input, output, delivery: .exactlyOnce) { _ in
            let call = calls.wrappingAdd(1, ordering: .relaxed).newValue
            if call == 150 || call == 400 { throw ProcessingError.permanent("crash", "call \(call)") }
        }
        definition.failure.last = .stop
        definition.commitInterval = .milliseconds(1)
        var settings = LiveBroker.settings(instance: "one")
        settings.pollRecordsMax = 40
        let runtime = ProcessorRuntime(definition, brokers: TestLog.brokers, settings: settings)
        runtime.start()
        try expectEventually { try LiveBroker.committed(name) >= 600 }
        #expect(runtime.status.restarts == 2)
        runtime.stop()
        let outputs = try LiveBroker.read(output, partitions: 1, atLeast: 600)
        #expect(outputs.count == 600)
        for key in 0..<3 {
            let numbers = outputs.filter { $0.key == "k\(key)" }.compactMap {
                $0.value.split(separator: ":").last.map(String.init)
            }
            #expect(numbers == (1...200).map(String.init))
        }
    }
}
