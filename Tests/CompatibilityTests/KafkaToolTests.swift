import Foundation
import TestSupport
import Testing

private let kafkaHome = ProcessInfo.processInfo.environment["KAFKA_HOME"]

/// What comes with Apache Kafka, against the embedded broker; `KAFKA_HOME` says where it is.
@Suite(.enabled(if: kafkaHome != nil, "KAFKA_HOME is not set"))
struct KafkaToolTests {
    @Test func `Kafka's own tools work with the broker`() throws {
        let broker = try BrokerProcess(["num.partitions": "2"])
        func tool(_ name: String, _ words: String...) throws -> String {
            let script = "\(kafkaHome ?? "")/bin/kafka-\(name).sh"
            let result = try ChildProcess.run(["timeout", "60", script, "--bootstrap-server", broker.address] + words)
            #expect(result.status == 0, "\(name) \(words): \(result.output.suffix(2000))")
            return result.output
        }
        _ = try tool("topics", "--create", "--topic", "tools", "--partitions", "3")
        let described = try tool("topics", "--describe", "--topic", "tools")
        #expect(described.contains("PartitionCount: 3"), "\(described)")
        _ = try tool(
            "configs",
            "--alter",
            "--entity-type",
            "topics",
            "--entity-name",
            "tools",
            "--add-config",
            "retention.ms=77777777"
        )
        #expect(
            try tool("configs", "--describe", "--entity-type", "topics", "--entity-name", "tools").contains("77777777")
        )
        let perf = try tool(
            "producer-perf-test",
            "--topic",
            "tools",
            "--num-records",
            "5000",
            "--record-size",
            "100",
            "--throughput",
            "-1"
        )
        #expect(perf.contains("5000 records sent"), "\(perf)")
        let offsets = try tool("get-offsets", "--topic", "tools").split(separator: "\n")
            .compactMap { $0.split(separator: ":").last.flatMap { Int($0) } }
        #expect(offsets.reduce(0, +) == 5000)
        let consumed = try tool(
            "console-consumer",
            "--topic",
            "tools",
            "--group",
            "tools",
            "--from-beginning",
            "--max-messages",
            "5000"
        )
        #expect(consumed.contains("Processed a total of 5000 messages"), "\(consumed.suffix(300))")
        let group = try tool("consumer-groups", "--describe", "--group", "tools")
        #expect(group.split(separator: "\n").count { $0.contains("tools") } >= 3, "\(group)")
    }

    @Test func `the broker answers a recorded conversation as Apache Kafka did`() throws {
        let broker = try BrokerProcess([
            "num.partitions": "1", "node.id": "1", "group.initial.rebalance.delay.ms": "0",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS", "allow.everyone.if.no.acl.found": "true",
        ])
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Golden/compare.py")
        let result = try ChildProcess.run(["timeout", "100", "python3", script.path, broker.address])
        #expect(result.status == 0, "\(result.output.suffix(6000))")
    }
}
