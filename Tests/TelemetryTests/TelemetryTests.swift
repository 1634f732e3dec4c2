import Clocks
import Telemetry
import Testing

@Suite struct TelemetryTests {
    private func sink(_ form: LogSink.Form, level: LogLevel = .debug) -> LogSink {
        LogSink(collectingWith: .manual(ManualClock(wallMilliseconds: 0)), level: level, form: form)
    }

    @Test func `a human line shows time, level, subject, message and fields`() {
        let sink = sink(.human)
        Logger("broker", sink: sink).info("listening", ["address": "127.0.0.1:9092", "why": "a b", "count": 3])
        #expect(sink.lines == ["00:00:00.000 info   broker    listening address=127.0.0.1:9092 why=\"a b\" count=3"])
    }

    @Test func `a JSON line escapes what a value carries`() {
        let sink = sink(.json)
        Logger("broker", sink: sink).warning("odd\n\"name\"", ["name": "\u{1}\\", "ok": true])
        #expect(
            sink.lines == [
                #"{"time":"1970-01-01T00:00:00.000Z","level":"warning","subject":"broker","#
                    + #""message":"odd\n\"name\"","name":"\u0001\\","ok":true}"#
            ]
        )
    }

    @Test func `a value cannot forge a second line`() {
        let sink = sink(.human)
        Logger("broker", sink: sink).info("client\nERROR all is lost")
        #expect(sink.lines.first?.contains("\n") == false)
    }

    @Test func `lines below the level are not evaluated`() {
        let sink = sink(.human, level: .warning)
        var evaluated = false
        func message() -> String {
            evaluated = true
            return "x"
        }
        Logger("broker", sink: sink).info(message())
        #expect(!evaluated && sink.lines.isEmpty)
    }

    @Test func `the same name and labels give the same counter`() {
        let registry = MetricsRegistry()
        registry.counter("soma_x_total", "X.", [("api", "Fetch")]).add(2)
        registry.counter("soma_x_total", "X.", [("api", "Fetch")]).add()
        registry.counter("soma_x_total", "X.", [("api", "a\"b\n")]).add()
        registry.gauge("soma_g", "G.").set(1.5)
        #expect(
            registry.prometheusText() == """
                # HELP soma_x_total X.
                # TYPE soma_x_total counter
                soma_x_total{api="Fetch"} 3
                soma_x_total{api="a\\"b\\n"} 1
                # HELP soma_g G.
                # TYPE soma_g gauge
                soma_g 1.5

                """
        )
    }

    @Test func `a histogram counts cumulatively and knows its quantiles`() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("soma_h_seconds", "H.", bounds: [0.001, 0.01])
        histogram.observe(seconds: 0.000_5)
        histogram.observe(nanoseconds: 10_000_000)
        histogram.observe(seconds: 3)
        let text = registry.prometheusText()
        #expect(text.contains("soma_h_seconds_bucket{le=\"0.001\"} 1\n"))
        #expect(text.contains("soma_h_seconds_bucket{le=\"0.01\"} 2\n"))
        #expect(text.contains("soma_h_seconds_bucket{le=\"+Inf\"} 3\n"))
        #expect(text.contains("soma_h_seconds_count 3\n"))
        #expect(histogram.quantile(0.5) == 0.01)
    }
}
