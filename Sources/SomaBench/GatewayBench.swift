import Glibc
import HTTPClient
import JSON
import Synchronization

/// Accepted events per second and the time from request to 202, with every connection always busy.
struct GatewayBench {
    private let seconds: Int
    private let connections: Int
    private let external: String?

    init(_ options: inout BenchOptions) throws {
        seconds = try options.number("seconds", default: 10)
        connections = try options.number("connections", default: 32)
        external = options.text("external")
        try options.finish()
    }

    private struct State {
        var latencies: [Double] = []
        var failures = 0
        var active = 0
        var sent = 0
    }

    func run() throws {
        let platform = try DevProcess(external: external)
        let client = try Client(transfersMax: connections * 2, connectionsPerHostMax: connections)
        defer { client.stop() }
        print(toError: "gateway: \(connections) connections for \(seconds) s")
        _ = drive(client, platform, seconds: 2)
        let cpu = platform.server.meter.cpuSeconds
        let begin = Wall.seconds
        let state = drive(client, platform, seconds: Double(seconds))
        let wall = Wall.seconds - begin
        let used = platform.server.meter.cpuSeconds - cpu
        let latencies = Statistics(state.latencies.map { $0 * 1000 })
        let result: [JSON.Member] = [
            .init("subject", "gateway"), .init("route", "POST /v1/events"),
            .init("log", .string(external == nil ? "embedded" : "external")),
            .init("connections", .integer(Int64(connections))), .init("seconds", .integer(Int64(seconds))),
            .init("accepted", .integer(Int64(latencies.count))), .init("failed", .integer(Int64(state.failures))),
            .init("accepted_per_s", .integer(Int64(Double(latencies.count) / wall))),
            .init("cpu_s_per_s", .number((used / wall * 100).rounded() / 100)),
        ]
        report(result + latencies.latencyMembers)
    }

    private func drive(_ client: Client, _ platform: DevProcess, seconds: Double) -> State {
        let load = Load(client, platform, until: Wall.seconds + seconds)
        for _ in 0..<connections { load.send() }
        return load.wait()
    }

    /// Sends the next event when one is answered; all calls but the first come on the client's thread.
    private final class Load: Sendable {
        private let client: Client
        private let template: ClientRequest
        private let deadline: Double
        private let state = Mutex(State())
        private let ended = Completion()

        init(_ client: Client, _ platform: DevProcess, until deadline: Double) {
            self.client = client
            self.deadline = deadline
            template = ClientRequest(
                method: "POST",
                url: platform.http + "/v1/events",
                headers: [
                    platform.authorization, ("content-type", "application/json"), ("ce-specversion", "1.0"),
                    ("ce-source", "/bench"), ("ce-type", "training.recorded"),
                ]
            )
        }

        func send() {
            let number = state.withLock { state in
                state.active += 1
                state.sent += 1
                return state.sent
            }
            var request = template
            request.headers.append((name: "ce-id", value: "bench-\(deadline)-\(number)"))
            request.body = Array(
                """
                {"tenant":"default","action":"training.enabled","user":"bench","recorded_at":"2026-01-01T00:00:00Z",\
                "details":{"n":"\(number)"}}
                """.utf8
            )
            let begin = Wall.seconds
            client.start(
                request,
                LoadReceiver { [self] outcome in
                    let (goesOn, isLast) = state.withLock { state in
                        state.active -= 1
                        if outcome.status == 202 {
                            state.latencies.append(outcome.end - begin)
                        } else {
                            state.failures += 1
                        }
                        let goesOn = outcome.end < deadline
                        return (goesOn, !goesOn && state.active == 0)
                    }
                    if goesOn { send() }
                    if isLast { ended.set() }
                }
            )
        }

        func wait() -> State {
            ended.wait()
            return state.withLock { $0 }
        }
    }
}
