import Events
import Glibc
import HTTPClient
import JSON
import RdKafka
import Synchronization

/// Milliseconds that a whole turn adds to the model's own time, at a steady rate of turns.
///
/// The client's time runs from sending the request to the first byte of the answer and to its end; the model's own
/// time is what `slm-worker` has recorded for the same request in `slm.responses`.
struct TurnBench {
    private let rate: Int
    private let seconds: Int
    private let external: String?

    init(_ options: inout BenchOptions) throws {
        rate = try options.number("rate", default: 100)
        seconds = try options.number("seconds", default: 20)
        external = options.text("external")
        try options.finish()
    }

    private struct Sample: Sendable {
        let firstByte: Double
        let whole: Double
    }

    func run() throws {
        let platform = try DevProcess(external: external)
        let client = try Client(transfersMax: 4096, connectionsPerHostMax: 512)
        defer { client.stop() }
        print(toError: "turn: \(rate) turns/s for \(seconds) s, after 3 s to warm up")
        _ = drive(client, platform, run: "warm", count: rate * 3)
        let cpu = platform.server.meter.cpuSeconds
        let samples = drive(client, platform, run: "run", count: rate * seconds)
        let used = platform.server.meter.cpuSeconds - cpu
        let model = try modelTimes(platform.broker)
        var added: [Double] = []
        var addedFirst: [Double] = []
        for (request, sample) in samples.turns {
            guard let own = model[request] else { continue }
            added.append(sample.whole * 1000 - own.whole)
            addedFirst.append(sample.firstByte * 1000 - own.first)
        }
        let result: [JSON.Member] = [
            .init("subject", "turn"), .init("model", "local"),
            .init("log", .string(external == nil ? "embedded" : "external")),
            .init("turns_per_s", .integer(Int64(rate))), .init("turns", .integer(Int64(added.count))),
            .init("failed", .integer(Int64(samples.failures))),
            .init("cpu_ms_per_turn", .number((used * 1e5 / Double(rate * seconds)).rounded() / 100)),
        ]
        let first = JSON.object(Statistics(addedFirst).latencyMembers)
        let whole = JSON.object(Statistics(added).latencyMembers)
        report(result + [.init("added_to_first_byte", first), .init("added_to_whole_answer", whole)])
    }

    private struct Samples: Sendable {
        var turns: [(String, Sample)] = []
        var failures = 0
        var ended = 0
    }

    private func drive(_ client: Client, _ platform: DevProcess, run: String, count: Int) -> Samples {
        let samples = Mutex(Samples())
        let shared = Shared(samples)
        let begin = Wall.seconds
        for number in 0..<count {
            // A steady schedule: a late answer does not put off the next request.
            let due = begin + Double(number) / Double(rate)
            let wait = due - Wall.seconds
            if wait > 0 { usleep(UInt32(wait * 1e6)) }
            let id = "bench-\(run)-\(number)-\(getpid())"
            var request = ClientRequest(
                method: "POST",
                url: platform.http + "/v1/chat/completions",
                headers: [
                    platform.authorization, ("content-type", "application/json"), ("x-request-id", id),
                    ("x-soma-session", "bench-\(number % 997)"),
                ]
            )
            request.body = Array(
                #"{"model":"local","stream":true,"messages":[{"role":"user","content":"A lighthouse warns ships. What does a lighthouse do?"}]}"#
                    .utf8
            )
            let sent = Wall.seconds
            client.start(
                request,
                LoadReceiver { outcome in
                    shared.end(of: count) { samples in
                        if outcome.status == 200, outcome.error == nil, let first = outcome.firstByte {
                            samples.turns.append((id, Sample(firstByte: first - sent, whole: outcome.end - sent)))
                        } else {
                            samples.failures += 1
                        }
                    }
                }
            )
        }
        return shared.wait()
    }

    private final class Shared: Sendable {
        private let samples: Mutex<Samples>
        private let ended = Completion()

        init(_ samples: consuming Mutex<Samples>) { self.samples = samples }

        func end(of count: Int, _ note: (inout Samples) -> Void) {
            let isLast = samples.withLock { samples in
                note(&samples)
                samples.ended += 1
                return samples.ended == count
            }
            if isLast { ended.set() }
        }

        func wait() -> Samples {
            ended.wait()
            return samples.withLock { $0 }
        }
    }

    /// The model's own milliseconds to the first piece and to the end, by request.
    private func modelTimes(_ broker: String) throws -> [String: (first: Double, whole: Double)] {
        let admin = try Admin(brokers: broker)
        var starts: [TopicPartition: OffsetPosition] = [:]
        for partition in try admin.topic(SLMFinal.topic).partitions {
            starts[TopicPartition(SLMFinal.topic, partition.index)] = .beginning
        }
        let consumer = try Consumer(brokers: broker, group: nil)
        try consumer.assign(starts)
        var times: [String: (first: Double, whole: Double)] = [:]
        var quiet = 0
        while quiet < 4 {
            let batch = try consumer.poll(timeout: .milliseconds(500))
            quiet = batch.isEmpty ? quiet + 1 : 0
            for index in 0..<batch.count {
                guard let value = batch[index].value, let final = try? SLMFinal(bytes: value) else { continue }
                times[final.requestID] = (Double(final.firstChunkMs), Double(final.latencyMs))
            }
        }
        try consumer.close(deadline: .seconds(5))
        return times
    }
}
