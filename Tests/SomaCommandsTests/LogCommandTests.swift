import Events
import JSON
import RdKafka
import Testing

@testable import SomaCommands

/// Commands that work on topics and groups, against the embedded broker.
@Suite struct LogCommandTests {
    private let broker: TestBroker

    init() throws { broker = try TestBroker() }

    private func fill(_ topic: String, _ count: Int) throws {
        #expect(broker.soma("topic", "create", topic, "-p", "2").status == .success)
        let producer = try Producer(brokers: broker.address)
        for index in 0..<count {
            try producer.produce(
                topic: topic,
                partition: Int32(index % 2),
                key: Array("k\(index)".utf8),
                value: Array("v\(index)".utf8),
                timestamp: 1_700_000_000_000 + Int64(index) * 1000
            )
        }
        try producer.close(deadline: .seconds(10))
    }

    @Test func `topics are created, listed, described and deleted`() throws {
        let created = broker.soma("topic", "create", "a", "-p", "3", "-c", "cleanup.policy=compact")
        #expect(created.status == .success && created.output == "TOPIC  STATUS\na      created\n", "\(created)")
        let list = try JSON.parse(broker.soma("topic", "list", "-o", "json").output)
        #expect(list.array?.first?["partitions"] == 3)
        let described = try JSON.parse(broker.soma("topic", "describe", "a", "-o", "json").output)
        #expect(described.array?.first?["config"]?["cleanup.policy"] == "compact")
        #expect(broker.soma("topic", "delete", "a").status == .usage)
        #expect(broker.soma("topic", "delete", "a", "-y").status == .success)
        let gone = broker.soma("topic", "describe", "a")
        #expect(gone.status == .notFound && gone.talk.contains("there is no topic a"), "\(gone)")
    }

    @Test(arguments: [
        (["-o", "start"], "v0 v1 v2 v3 v4 v5"), (["-o", "-1"], "v4 v5"), (["-o", "+2"], "v4 v5"),
        (["-o", "1:2"], "v2 v3"), (["-p", "1"], "v1 v3 v5"), (["-o", "end"], ""),
        (["-o", "@1700000002000"], "v2 v3 v4 v5"), (["-o", "@1700000001:1700000004"], "v1 v2 v3"),
    ])
    func `consume reads what the offset names and ends at the end`(options: [String], expected: String) throws {
        try fill("t", 6)
        let console = Console(collecting: ())
        let status = CommandLineTool.run(
            ["topic", "consume", "t", "-f", "%v\\n"] + options,
            environment: ["SOMA_BROKERS": broker.address],
            root: CommandTree.root(bench: { _ in 0 }),
            console: console
        )
        #expect(status == .success, "\(console.talk)")
        #expect(console.output.split(separator: "\n").sorted().joined(separator: " ") == expected)
    }

    @Test func `a group reads on where it stopped, and can be moved`() throws {
        try fill("t", 6)
        let first = broker.soma("topic", "consume", "t", "-g", "g", "-n", "4", "-f", "%v\\n")
        let second = broker.soma("topic", "consume", "t", "-g", "g", "-f", "%v\\n")
        let lines = (first.output + second.output).split(separator: "\n").sorted()
        #expect(lines == ["v0", "v1", "v2", "v3", "v4", "v5"], "\(first) \(second)")

        #expect(broker.soma("lag", "--check", "--max-seconds", "1").status == .success)
        let moved = broker.soma("group", "seek", "g", "--to", "-1", "-y", "-o", "json")
        #expect(moved.status == .success, "\(moved)")
        let described = try JSON.parse(broker.soma("group", "describe", "g", "-o", "json").output)
        #expect(described.array?.first?["lag"] == 2)
        #expect(described.array?.first?["state"] == "Empty")
        let late = broker.soma("lag", "--check", "--max-seconds", "1")
        #expect(late.status == .unhealthy && late.output.contains("STOP"), "\(late)")
        #expect(broker.soma("group", "describe", "nobody").status == .notFound)
        #expect(broker.soma("group", "delete", "g", "-y").status == .success)
    }

    @Test func `replay copies a range with its times and says so, or moves a group`() throws {
        try fill("t", 6)
        #expect(broker.soma("topic", "create", "copy", "-p", "2").status == .success)
        let dry = broker.soma("replay", "t", "--into", "topic/copy", "--dry-run", "-o", "json")
        #expect(dry.status == .success && dry.output.contains("\"offsets\": 6"), "\(dry)")
        let run = broker.soma(
            "replay",
            "t",
            "--from",
            "1700000002",
            "--to",
            "1700000005",
            "--into",
            "topic/copy",
            "-o",
            "json"
        )
        #expect(run.status == .success && run.output.contains("\"copied\": 3"), "\(run)")
        let copies = broker.soma("topic", "consume", "copy", "-f", "%p %k %v %d %h\\n").output
        let id = try JSON.parse(run.output)["run"]?.string ?? ""
        let expected = [0, 1, 0].enumerated().map { index, partition in
            "\(partition) k\(index + 2) v\(index + 2) \(1_700_000_002_000 + index * 1000) soma-replay=\(id)/copy"
        }
        #expect(copies.split(separator: "\n").map(String.init).sorted() == expected.sorted())

        #expect(broker.soma("replay", "t", "--from", "1", "--into", "group/new", "-y").status == .success)
        let group = try JSON.parse(broker.soma("group", "describe", "new", "-o", "json").output)
        #expect(group.array?.first?["lag"] == 4)
        #expect(broker.soma("replay", "t", "--into", "topic/nowhere").status == .notFound)
    }

    @Test func `trace shows the records of one request in order`() throws {
        for topic in ["conversation.events", "slm.requests", "billing"] {
            #expect(broker.soma("topic", "create", topic, "-p", "3").status == .success)
        }
        let time: Int64 = 1_700_000_000_000
        func event(_ id: String, _ type: String, _ after: Int64, _ request: String) -> (Envelope, String, [UInt8]) {
            (
                Envelope(id: id, source: "/t", type: type, time: time + after, correlationID: request), "s",
                Array("{}".utf8)
            )
        }
        try broker.produce(
            "conversation.events",
            [event("a", "message.user", 0, "r1"), event("x", "message.user", 1, "r2")]
        )
        try broker.produce("slm.requests", [event("b", "slm.request", 3, "r1")])
        try broker.produce("conversation.events", [event("c", "assistant.final", 9, "r1")])
        try broker.produce("billing", [event("d", "usage.recorded", 9, "r1")])
        let trace = broker.soma("trace", "r1", "-o", "json")
        let steps = try JSON.parse(trace.output).array ?? []
        #expect(steps.compactMap { $0["id"]?.string } == ["a", "b", "c", "d"], "\(trace)")
        #expect(steps.compactMap { $0["since_first_ms"]?.int64 } == [0, 3, 9, 9])
        let missing = broker.soma("trace", "r3")
        #expect(missing.status == .notFound, "\(missing)")
    }

    @Test func `billing usage adds each usage and charge once, exactly`() throws {
        #expect(broker.soma("topic", "create", "billing", "-p", "2").status == .success)
        func usage(_ id: String, _ tokens: Int64) -> (Envelope, String, [UInt8]) {
            let usage = UsageRecorded(
                usageID: id,
                tenant: "t",
                requestID: "r",
                sessionID: "s",
                service: "chat",
                model: "m",
                provider: "p",
                promptTokens: tokens,
                completionTokens: 1,
                totalTokens: tokens + 1,
                source: "counted",
                status: "complete",
                recordedAt: "2026-11-02T00:00:00.000Z"
            )
            return (Envelope(id: "e" + id, source: "/t", type: UsageRecorded.type, time: 1), "t", usage.bytes)
        }
        func charge(_ id: String, _ amount: String) -> (Envelope, String, [UInt8]) {
            let charge = ChargeRated(
                chargeID: "c" + id,
                usageID: id,
                tenant: "t",
                requestID: "r",
                sessionID: "s",
                service: "chat",
                model: "m",
                currency: "USD",
                amount: amount,
                priceBook: "b",
                lines: [],
                ratedAt: "2026-11-02T00:00:01.000Z"
            )
            return (Envelope(id: "f" + id, source: "/t", type: ChargeRated.type, time: 2), "t", charge.bytes)
        }
        try broker.produce(
            "billing",
            [
                usage("1", 10), charge("1", "0.000001"), usage("2", 20), usage("1", 10), charge("2", "0.30"),
                charge("1", "0.000001"),
            ]
        )
        let all = broker.soma("billing", "usage", "-o", "json")
        let line = try JSON.parse(all.output).array?.first
        #expect(line?["usages"] == 2 && line?["total_tokens"] == 32 && line?["charges"] == 2, "\(all)")
        #expect(line?["amounts"]?.array?.first?["amount"] == "0.300001")
        let none = broker.soma("billing", "usage", "--from", "2026-12-01", "-o", "json")
        #expect(none.status == .success && none.output == "[]\n", "\(none)")
    }
}
