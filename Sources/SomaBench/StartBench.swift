import Glibc
import JSON

/// Start time of `soma dev`, on an empty directory and on existing data, and its memory when idle.
struct StartBench {
    private let runs: Int
    private let external: String?

    init(_ options: inout BenchOptions) throws {
        runs = try options.number("runs", default: 3)
        external = options.text("external")
        try options.finish()
    }

    func run() throws {
        var first: [Double] = []
        var again: [Double] = []
        var memory: [Double] = []
        for run in 1...runs {
            print(toError: "start: run \(run) of \(runs)")
            let directory = try BenchDirectory()
            first.append(try DevProcess(external: external, directory: directory).server.readyMilliseconds)
            let platform = try DevProcess(external: external, directory: directory)
            again.append(platform.server.readyMilliseconds)
            // Long enough for the first lag round and the end of start-up work.
            sleep(5)
            memory.append(platform.server.meter.residentMiB)
        }
        report([
            .init("subject", "start"), .init("log", .string(external == nil ? "embedded" : "external")),
            .init("runs", .integer(Int64(runs))), .init("first_start_ms", Statistics(first).spread),
            .init("next_start_ms", Statistics(again).spread), .init("idle_resident_mib", Statistics(memory).spread),
        ])
    }
}
