import Glibc
import JSON
import RdKafka
import Synchronization

/// Records per second that librdkafka gets into and out of the broker, with the broker's CPU time.
struct BrokerBench {
    private let records: Int
    private let sizes: [Int]
    private let partitions: [Int]
    private let runs: Int
    private let codec: String
    private let peer: String?

    init(_ options: inout BenchOptions) throws {
        records = try options.number("records", default: 500_000)
        sizes = try options.numbers("size", default: [100, 1024])
        partitions = try options.numbers("partitions", default: [1, 12])
        runs = try options.number("runs", default: 3)
        codec = options.text("codec") ?? "none"
        peer = options.text("peer")
        try options.finish()
    }

    func run() throws {
        for size in sizes {
            for count in partitions {
                let ours = try measure("soma", size: size, partitions: count) { directory in
                    try ChildServer(
                        [
                            "/proc/self/exe", "serve", "broker", "--data", "\(directory)/data", "--listen",
                            "127.0.0.1:0", "-o",
                            "json",
                        ],
                        logFile: "\(directory)/log"
                    )
                }
                report("soma", size, count, ours, nil)
                guard let peer else { continue }
                let theirs = try measure("apache-kafka", size: size, partitions: count) { directory in
                    try ChildServer(["bash", "-c", Self.kafka(peer, directory)], logFile: "\(directory)/log")
                }
                report("apache-kafka", size, count, theirs, ours)
            }
        }
    }

    /// Kafka in the foreground; its address is told once it answers.
    private static func kafka(_ home: String, _ directory: String) -> String {
        """
        line=$('\(home)/start' --data '\(directory)/kafka') || exit 1
        set -- $line
        printf '{"broker":"%s","pid":%s}\\n' "${1#bootstrap=}" "${3#pid=}"
        trap "'\(home)/stop' '\(directory)/kafka'; exit 0" TERM
        while :; do sleep 1 & wait $!; done
        """
    }

    private struct Result {
        var produced: [Double] = []
        var fetched: [Double] = []
        var produceCPU: [Double] = []
        var fetchCPU: [Double] = []
        var readyMilliseconds = 0.0
        var residentMiB = 0.0
    }

    private func measure(
        _ name: String,
        size: Int,
        partitions: Int,
        _ start: (String) throws -> ChildServer
    ) throws -> Result {
        let directory = try BenchDirectory()
        let server = try start(directory.path)
        defer { server.stop() }
        let broker = server.ready["broker"]?.string ?? ""
        let meter = ProcessMeter(pid_t(server.ready["pid"]?.int64 ?? Int64(server.processID)))
        let admin = try Admin(brokers: broker)
        var result = Result(readyMilliseconds: server.readyMilliseconds)
        // The first run warms up and is not counted.
        for run in 0...runs {
            let topic = "bench-\(run)"
            _ = try admin.createTopics([
                Admin.NewTopic(topic, partitions: Int32(partitions), replicationFactor: 1, configuration: [:])
            ])
            print(toError: "\(name): run \(run) of \(runs), \(size) B, \(partitions) partitions")
            let cpu0 = meter.cpuSeconds
            let produced = try produce(broker, topic, size)
            let cpu1 = meter.cpuSeconds
            let fetched = try fetch(broker, topic, partitions)
            let cpu2 = meter.cpuSeconds
            guard run > 0 else { continue }
            result.produced.append(Double(records) / produced)
            result.fetched.append(Double(records) / fetched)
            result.produceCPU.append((cpu1 - cpu0) * 1e6 / Double(records))
            result.fetchCPU.append((cpu2 - cpu1) * 1e6 / Double(records))
        }
        result.residentMiB = meter.residentMiB
        return result
    }

    private func produce(_ broker: String, _ topic: String, _ size: Int) throws -> Double {
        let failed = Atomic<Int>(0)
        let settings = [
            "linger.ms": "5", "batch.size": "1000000", "compression.type": codec, "enable.idempotence": "true",
            "queue.buffering.max.messages": "1000000", "queue.buffering.max.kbytes": "262144",
        ]
        let producer = try Producer(brokers: broker, settings: settings) { reports in
            let bad = reports.count { !$0.isDelivered }
            if bad > 0 { failed.add(bad, ordering: .relaxed) }
        }
        // Not all the same byte, so that a codec has work to do.
        var random = SystemRandomNumberGenerator()
        let value = (0..<size).map { _ in UInt8.random(in: 97...122, using: &random) }
        let begin = Wall.seconds
        for _ in 0..<records {
            while true {
                do throws(KafkaError) {
                    try producer.produce(topic: topic, key: nil, value: value)
                    break
                } catch {
                    guard error.code == .queueFull else { throw error }
                    usleep(500)
                }
            }
        }
        try producer.flush(deadline: .seconds(120))
        let seconds = Wall.seconds - begin
        try producer.close(deadline: .seconds(10))
        let lost = failed.load(ordering: .relaxed)
        guard lost == 0 else { throw ChildServer.Failure(description: "\(lost) records were not delivered") }
        return seconds
    }

    private func fetch(_ broker: String, _ topic: String, _ partitions: Int) throws -> Double {
        let consumer = try Consumer(
            brokers: broker,
            group: nil,
            settings: [
                "fetch.message.max.bytes": "4194304", "queued.max.messages.kbytes": "262144", "check.crcs": "false",
                "queued.min.messages": "1000000",
            ]
        )
        var starts: [TopicPartition: OffsetPosition] = [:]
        for index in 0..<partitions { starts[TopicPartition(topic, Int32(index))] = .beginning }
        let begin = Wall.seconds
        try consumer.assign(starts)
        var count = 0
        let deadline = begin + 120
        while count < records && Wall.seconds < deadline {
            count += try consumer.poll(maxRecords: 10_000, maxBytes: 16 << 20, timeout: .milliseconds(500)).count
        }
        let seconds = Wall.seconds - begin
        try consumer.close(deadline: .seconds(5))
        guard count == records else {
            throw ChildServer.Failure(description: "\(count) of \(records) records were fetched")
        }
        return seconds
    }

    private func report(_ name: String, _ size: Int, _ partitions: Int, _ result: Result, _ ours: Result?) {
        func hundredth(_ number: Double) -> JSON { .number((number * 100).rounded() / 100) }
        var members: [JSON.Member] = [
            .init("subject", "broker"), .init("server", .string(name)), .init("size", .integer(Int64(size))),
            .init("partitions", .integer(Int64(partitions))), .init("codec", .string(codec)), .init("acks", "all"),
            .init("durable", .string(name == "soma" ? "on disk before the answer" : "page cache")),
            .init("records", .integer(Int64(records))), .init("runs", .integer(Int64(runs))),
            .init("produced_per_s", Statistics(result.produced).spread),
            .init("fetched_per_s", Statistics(result.fetched).spread),
            .init("produce_cpu_s_per_million", hundredth(Statistics(result.produceCPU).median)),
            .init("fetch_cpu_s_per_million", hundredth(Statistics(result.fetchCPU).median)),
            .init("ready_ms", .integer(Int64(result.readyMilliseconds))),
            .init("resident_mib", .integer(Int64(result.residentMiB))),
        ]
        if let ours {
            members.append(
                .init(
                    "ours_to_this_produce",
                    hundredth(Statistics(ours.produced).median / Statistics(result.produced).median)
                )
            )
            members.append(
                .init(
                    "ours_to_this_fetch",
                    hundredth(Statistics(ours.fetched).median / Statistics(result.fetched).median)
                )
            )
        }
        SomaBench.report(members)
    }
}
