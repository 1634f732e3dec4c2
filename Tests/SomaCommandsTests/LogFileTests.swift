import Broker
import Bytes
import Glibc
import JSON
import RdKafka
import Testing

@testable import SomaCommands

/// `soma log verify` and `soma log dump`, beside a broker and after it.
@Suite struct LogFileTests {
    private func run(_ words: String...) -> (status: SomaCommands.ExitStatus, output: String, talk: String) {
        let console = Console(collecting: ())
        let status = CommandLineTool.run(
            words,
            environment: [:],
            root: CommandTree.root(bench: { _ in 0 }),
            console: console
        )
        return (status, console.output, console.talk)
    }

    private func fill(_ broker: TestBroker) throws {
        #expect(broker.soma("topic", "create", "orders", "-p", "1").status == .success)
        let producer = try Producer(brokers: broker.address, settings: ["enable.idempotence": "true"])
        for index in 0..<100 {
            try producer.produce(
                topic: "orders",
                partition: 0,
                key: Array("k\(index)".utf8),
                value: index == 7 ? [0xff, 0x00] : Array("v\(index)".utf8)
            )
        }
        try producer.close(deadline: .seconds(10))
        #expect(broker.soma("group", "seek", "readers", "--topics", "orders", "--to", "42", "-y").status == .success)
    }

    @Test func `a directory is verified and dumped beside a running broker, and damage is named after it`() throws {
        let broker = try TestBroker()
        try fill(broker)
        let beside = run("log", "verify", broker.data)
        #expect(beside.status == .success && beside.output.contains("orders-0"), "\(beside)")
        broker.stop()

        let verified = run("log", "verify", broker.data, "-o", "json")
        #expect(verified.status == .success, "\(verified)")
        let report = try JSON.parse(verified.output)
        #expect(report["closed_in_order"] == true && report["in_use"] == false)
        let orders = report["partitions"]?.array?.first { $0["partition"] == "orders-0" }
        #expect(orders?["records"] == 100 && orders?["damaged"] == false)
        #expect(run("log", "verify", broker.data, "other-0").status == .notFound)

        let dumped = run("log", "dump", "\(broker.data)/orders-0", "-v")
        #expect(dumped.status == .success, "\(dumped)")
        for words in ["baseOffset: 0 ", "producerId: ", "| offset: 99 ", "key: k99 value: v99", "value: 0xff00"] {
            #expect(dumped.output.contains(words), "\(words) is missing")
        }
        let log = "\(broker.data)/orders-0/00000000000000000000.log"
        let lines = try run("log", "dump", log, "-v", "-o", "jsonl").output.split(separator: "\n").map {
            try JSON.parse(String($0))
        }
        #expect(lines.filter { $0["key"] != nil }.count == 100)
        #expect(lines.first?["baseSequence"] == 0)
        let groups = run("log", "dump", "\(broker.data)/__consumer_offsets-0", "-v")
        #expect(groups.output.contains("readers") && groups.output.contains("42"), "\(groups.output)")

        let file = open(log, O_RDWR)
        var byte: UInt8 = 0
        #expect(pread(file, &byte, 1, 100) == 1)
        byte ^= 4
        #expect(pwrite(file, &byte, 1, 100) == 1)
        close(file)
        let damaged = run("log", "verify", broker.data)
        #expect(damaged.status == .unhealthy && damaged.output.contains("damage: \(log), byte 0"), "\(damaged)")
        #expect(run("log", "dump", log).status == .unhealthy)
        #expect(run("log", "verify", "/nonexistent").status == .failure)
    }
}
