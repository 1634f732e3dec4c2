import Foundation
import TestSupport
import Testing

/// Clients that we did not write, against the embedded broker.
///
/// The list of passing cases only grows.
@Suite struct ForeignClientTests {
    @Test(arguments: ["none", "gzip", "snappy", "lz4", "zstd"])
    func `kcat reads back what kcat wrote in every codec`(codec: String) throws {
        let broker = try BrokerProcess(["num.partitions": "1"])
        let written = (0..<500).map { "key-\($0):value-\($0)-\(String(repeating: "x", count: $0 % 97))" }
        let file = broker.directory.path + "/lines"
        try Data(written.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: file))
        let produced = try ChildProcess.run([
            "bash", "-c", "kcat -b \(broker.address) -t t -P -K: -z \(codec) -X enable.idempotence=true < \(file)",
        ])
        #expect(produced.status == 0, "\(produced.output)")
        let read = try ChildProcess.run([
            "timeout", "30", "kcat", "-b", broker.address, "-t", "t", "-C", "-e", "-q", "-K:",
        ])
        #expect(read.output.split(separator: "\n").map(String.init) == written)
    }

    @Test func `acknowledged records are there after kill -9`() throws {
        let broker = try BrokerProcess(["num.partitions": "2"])
        for round in 0..<3 {
            let produced = try ChildProcess.run([
                "bash", "-c",
                "seq \(round * 1000) \(round * 1000 + 999) | kcat -b \(broker.address) -t t -P -X acks=all -X linger.ms=1",
            ])
            #expect(produced.status == 0, "\(produced.output)")
            try broker.killAndRestart()
        }
        let read = try ChildProcess.run(["timeout", "30", "kcat", "-b", broker.address, "-t", "t", "-C", "-e", "-q"])
        let numbers = read.output.split(separator: "\n").compactMap { Int($0) }.sorted()
        #expect(numbers == Array(0..<3000))
    }

    static let pythonCases = [
        "admin", "idempotent_producer", "codecs", "group_rebalance", "commit_and_resume", "offsets_by_time",
        "large_message_refused", "headers_and_tombstones", "seek_and_watermarks", "empty_group_offset",
    ]

    @Test(arguments: pythonCases)
    func `confluent-kafka works with the broker`(name: String) throws { try run("confluent", name) }

    /// Debian's confluent-kafka, on librdkafka 2.0.2: the one that distributions ship.
    @Test(arguments: pythonCases.filter { $0 != "commit_and_resume" })
    func `librdkafka 2.0 works with the broker`(name: String) throws {
        try run("confluent", name, python: "/usr/bin/python3")
    }

    @Test(arguments: [
        "admin", "idempotent_producer", "codecs", "group_of_two", "commit_and_resume", "offsets_by_time",
    ])
    func `kafka-python works with the broker`(name: String) throws { try run("kafka_python", name) }

    @Test(arguments: ["idempotent_producer", "codecs", "commit_and_resume", "group_of_two"])
    func `aiokafka works with the broker`(name: String) throws { try run("aiokafka_client", name) }

    private func run(_ client: String, _ name: String, python: String? = nil) throws {
        let python = python ?? ProcessInfo.processInfo.environment["SOMA_TEST_PYTHON"] ?? "python3"
        let broker = try BrokerProcess(["num.partitions": "4"])
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Clients/\(client).py"
        )
        let result = try ChildProcess.run(["timeout", "60", python, script.path, broker.address, name])
        #expect(result.status == 0, "\(client) \(name): \(result.output.suffix(3000))")
    }
}
