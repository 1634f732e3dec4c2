import Glibc
import JSON

/// `soma bench SUBJECT`: measures and prints conditions, figures and spread; never part of the tests.
package enum BenchCommands {
    static let usage = """
        soma bench SUBJECT [options]     measures the platform on this machine

          broker    records/s into and out of the broker by librdkafka, latencies, CPU time
                    --peer KAFKA_HOME (the same on Apache Kafka)  --full (all sizes and codecs, more runs)
                    --test throughput,latency,end-to-end,single (all)  --flush always,os
                    --size BYTES,… (100,1024)  --partitions N,… (1,12)  --codec none,lz4,zstd (none)
                    --records N (half a GB)  --runs N (3)  --seconds N (3, a latency)  --rate N/s (10000, end to end)
                    -o json
          gateway   POST /v1/events: requests/s and milliseconds from request to 202
                    --seconds N (10)  --connections N (32)
          turn      what a whole turn adds to the model's own time
                    --rate TURNS/S (100)  --seconds N (20)
          start     start time and resident memory of `soma dev`

        Common: --external HOST:PORT (gateway, turn, start: on Apache Kafka instead of the embedded broker)
        Each figure is one line on standard output, in JSON but for the broker's; talk goes to standard error.

        """

    /// Runs a benchmark.
    ///
    /// - Parameter arguments: What follows `soma bench`.
    /// - Returns: 0, 1 when it failed, 2 for wrong usage.
    package static func run(_ arguments: [String]) -> Int32 {
        do {
            var options = try BenchOptions(arguments)
            switch options.subject {
            case "broker": try BrokerBench(&options).run()
            case "gateway": try GatewayBench(&options).run()
            case "turn": try TurnBench(&options).run()
            // The broker's benchmark starts itself with this to have a mock cluster in another process.
            case "mock": try BenchServer.serveMock(&options)
            case "start": try StartBench(&options).run()
            default:
                write(usage, to: 1)
                return options.subject == nil ? 0 : 2
            }
            return 0
        } catch let error as BenchOptions.UsageError {
            print(toError: "soma bench: \(error.reason)\n\n\(usage)")
            return 2
        } catch {
            print(toError: "soma bench: \(error)")
            return 1
        }
    }
}

/// Writes talk, which must not mix with the figures.
func print(toError text: String) { write(text + "\n", to: 2) }

/// Writes one figure as a line, at once.
func report(_ members: [JSON.Member]) { write(JSON.object(members).text + "\n", to: 1) }

/// Writes one figure for people.
func tell(_ members: [JSON.Member]) {
    let words = members.filter { $0.name != "subject" }.map { member in
        switch member.value {
        case .string(let text): member.name == "test" || member.name == "server" ? text : "\(member.name): \(text)"
        default: "\(member.name) \(member.value.text)"
        }
    }
    write(words.joined(separator: "  ") + "\n", to: 1)
}

private func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        bytes = bytes.dropFirst(count)
    }
}
