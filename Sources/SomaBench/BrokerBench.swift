import Glibc
import JSON
import RdKafka

/// Records per second into and out of the broker, its CPU time, and latencies; on its peers in the same run, with the same
/// client and settings.
struct BrokerBench {
    let runs: Int
    let seconds: Int
    private let records: Int
    private let sizes: [Int]
    private let partitions: [Int]
    private let codecs: [String]
    private let flushes: [String]
    private let tests: Set<String>
    private let rate: Int
    private let peer: String?
    private let isJSON: Bool

    private static let allTests = ["throughput", "latency", "end-to-end", "single"]
    private static let codecNames = ["none", "lz4", "zstd", "gzip", "snappy"]

    init(_ options: inout BenchOptions) throws {
        let isFull = options.flag("full")
        records = try options.number("records", default: 0, atLeast: 0)
        sizes = try options.numbers("size", default: isFull ? [100, 1024, 10_240] : [100, 1024])
        partitions = try options.numbers("partitions", default: [1, 12])
        runs = try options.number("runs", default: isFull ? 5 : 3)
        seconds = try options.number("seconds", default: isFull ? 10 : 3)
        rate = try options.number("rate", default: 10_000)
        codecs = try options.words("codec", default: isFull ? ["none", "lz4", "zstd"] : ["none"], of: Self.codecNames)
        flushes = try options.words("flush", default: ["always", "os"], of: ["always", "interval", "os"])
        tests = Set(try options.words("test", default: Self.allTests, of: Self.allTests))
        peer = options.text("peer")
        isJSON = options.isJSON
        try options.finish()
    }

    func run() throws {
        var servers = try flushes.map { try BenchServer(.soma(flush: $0)) }
        if let peer { servers.append(try BenchServer(.kafka(home: peer))) }
        conditions(servers)
        if tests.contains("throughput") { try runThroughput(servers) }
        if tests.contains("latency") { try runLatency(servers) }
        if tests.contains("end-to-end") {
            for server in servers {
                let samples = try endToEnd(server, size: 100, rate: rate)
                report("end-to-end", server, [.init("size", 100), .init("rate", .integer(Int64(rate)))], samples)
            }
        }
        if tests.contains("single") {
            for server in servers {
                let samples = try single(server, size: 100)
                let perSecond = Double(samples.count) * 1000 / samples.reduce(0, +)
                let members: [JSON.Member] = [.init("size", 100), .init("per_s", .integer(Int64(perSecond)))]
                report("single", server, members, samples)
            }
        }
    }

    private func runThroughput(_ servers: [BenchServer]) throws {
        let all = servers + [try BenchServer(.mock(partitions: partitions))]
        for size in sizes {
            for count in partitions {
                for codec in codecs {
                    let shape = Shape(
                        size: size,
                        partitions: count,
                        codec: codec,
                        // Half a gigabyte, but no more records than a client makes in a second or two.
                        records: records > 0 ? records : min(3_000_000, max(50_000, (1 << 29) / size))
                    )
                    let (produced, fetched) = try throughput(shape, all)
                    for (name, results) in [("produce", produced), ("fetch", fetched)] {
                        for (server, result) in zip(all, results) where !result.perSecond.isEmpty {
                            report(name, server, shape, result, against: results, all)
                        }
                    }
                }
            }
        }
    }

    /// Half of what the peer takes, or of what we take without one: the same rate for all.
    private func runLatency(_ servers: [BenchServer]) throws {
        guard let yardstick = servers.last else { return }
        let shape = Shape(size: 1024, partitions: 1, codec: "none", records: records > 0 ? records : 300_000)
        let best = BrokerBench(self, runs: 1)
        let result = try best.throughput(shape, [yardstick]).produced[0]
        let half = max(1000, Int(Statistics(result.perSecond).median / 2) / 1000 * 1000)
        for server in servers {
            let samples = try produceLatency(server, size: 1024, rate: half)
            report("produce-latency", server, [.init("size", 1024), .init("rate", .integer(Int64(half)))], samples)
        }
    }

    private init(_ other: BrokerBench, runs: Int) {
        self.runs = runs
        (seconds, records, sizes, partitions) = (other.seconds, other.records, other.sizes, other.partitions)
        (codecs, flushes, tests, rate) = (other.codecs, other.flushes, other.tests, other.rate)
        (peer, isJSON) = (other.peer, other.isJSON)
    }

    // MARK: Reports

    private func conditions(_ servers: [BenchServer]) {
        var members: [JSON.Member] = [
            .init("subject", "broker"), .init("test", "conditions"), .init("runs", .integer(Int64(runs))),
            .init("seconds", .integer(Int64(seconds))),
        ]
        members += MachineFacts.members
        members += [
            .init("producer", .string(Self.text(Self.producerSettings))),
            .init("consumer", .string(Self.text(Self.consumerSettings))),
        ]
        for server in servers {
            members += [
                .init("\(server.kind.name) answers when records are", .string(server.kind.promise)),
                .init("\(server.kind.name) ready_ms", .integer(Int64(server.readyMilliseconds))),
            ]
        }
        emit(members)
    }

    private static func text(_ settings: [String: String]) -> String {
        settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    private func report(
        _ test: String,
        _ server: BenchServer,
        _ shape: Shape,
        _ result: Runs,
        against results: [Runs],
        _ servers: [BenchServer]
    ) {
        func rounded(_ number: Double) -> JSON { .number((number * 100).rounded() / 100) }
        let cpu = Statistics(result.cpuSeconds).median
        let median = Statistics(result.perSecond).median
        var members: [JSON.Member] = [
            .init("subject", "broker"), .init("test", .string(test)), .init("server", .string(server.kind.name)),
        ]
        members += shape.members
        members += [
            .init("per_s", Statistics(result.perSecond).spread),
            .init("mb_per_s", .integer(Int64(median * Double(shape.size) / 1e6))),
            .init("cpu_s_per_million", rounded(cpu * 1e6 / Double(shape.records))),
            .init("cpu_s_per_gb", rounded(cpu / shape.gigabytes)),
            .init("resident_mib", .integer(Int64(result.residentMiB))),
        ]
        // What the first server does for each of this one.
        if server !== servers[0], !results[0].perSecond.isEmpty {
            members.append(
                .init("\(servers[0].kind.name) to this", rounded(Statistics(results[0].perSecond).median / median))
            )
        }
        emit(members)
    }

    private func report(_ test: String, _ server: BenchServer, _ facts: [JSON.Member], _ samples: [Double]) {
        let members: [JSON.Member] = [
            .init("subject", "broker"), .init("test", .string(test)), .init("server", .string(server.kind.name)),
        ]
        emit(members + facts + Statistics(samples).latencyMembers)
    }

    private func emit(_ members: [JSON.Member]) {
        if isJSON { SomaBench.report(members) } else { SomaBench.tell(members) }
    }
}
