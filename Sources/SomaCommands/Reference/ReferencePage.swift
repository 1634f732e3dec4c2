import Broker
import Telemetry

/// A page of `docs/reference`, written from the tables that the program itself works with.
struct ReferencePage {
    let name: String
    let text: String

    /// All pages.
    static var all: [ReferencePage] { [brokerSettings, topicSettings, brokerMetrics] }

    private static var brokerSettings: ReferencePage {
        var rows: [[String]] = []
        for setting in BrokerSettings.table.sorted(by: { $0.key < $1.key }) {
            let changes = BrokerSettings.changeableKeys.contains(setting.key) ? "yes" : "no"
            rows.append([code(setting.key), values(setting), standard(setting), changes, setting.documentation])
        }
        rows.append([
            code("log.dirs"), "a directory", "", "no",
            "Where the log is kept, in a file for -c; `--data` wins. `log.dir` is the same.",
        ])
        rows.sort { $0[0] < $1[0] }
        let ignored = BrokerSettings.withoutEffect.map { row in
            [row.names.sorted().map(code).joined(separator: " "), row.reason]
        }
        return page(
            "broker-settings",
            """
            # Settings of the broker

            The names are Kafka's. Give them with `-X key=value`, or in a file for `soma serve broker -c FILE` in the form of
            Kafka's `server.properties`; `-X` wins. Settings of listeners may be set for one of them, as
            `listener.name.<name in lower case>.<key>`. *Live*: may be changed while the broker runs (`kafka-configs`).

            """
                + table(["Setting", "Values", "Default", "Live", "Meaning"], rows)
                    + """

                    ## Settings of Kafka without effect

                    Accepted, and named in the log at the start, so that a file for Apache Kafka can be used as it is. Everything
                    that is neither here nor above is refused.

                    """
                + table(["Settings", "Why"], ignored)
        )
    }

    private static var topicSettings: ReferencePage {
        let rows = TopicConfigs.table.sorted { $0.key < $1.key }.map { setting in
            [
                code(setting.key), values(setting), setting.brokerKey.map(code) ?? "", standard(setting),
                setting.documentation,
            ]
        }
        return page(
            "topic-settings",
            """
            # Settings of a topic

            The names are Kafka's. Give them when a topic is created (`soma topic create -c key=value`) or change them later
            with `kafka-configs`; they hold at once. What is not set on the topic comes from the broker's setting.

            """
                + table(["Setting", "Values", "Broker's setting", "Default", "Meaning"], rows)
        )
    }

    /// From what a broker counts, named by the same calls.
    private static var brokerMetrics: ReferencePage {
        let rows = BrokerMetricsText.families().sorted { $0.name < $1.name }.map { family in
            [code(family.name), family.kind, family.labels.map(code).joined(separator: ", "), family.help]
        }
        return page(
            "broker-metrics",
            """
            # Metrics of the broker

            `soma serve broker --metrics HOST:PORT` (or the setting `metrics.listener`) serves them at `/metrics` in
            Prometheus' text form; `soma dev` has them among those of the gateway. Times are in seconds. `/healthz` and
            `/readyz` answer 200 as soon as clients are served.

            """
                + table(["Metric", "Kind", "Labels", "Meaning"], rows)
        )
    }

    private static func page(_ name: String, _ text: String) -> ReferencePage {
        ReferencePage(
            name: name + ".md",
            text: "<!-- Written by `soma reference`; do not edit. -->\n\n" + text
        )
    }

    private static func table(_ heads: [String], _ rows: [[String]]) -> String {
        let lines = [heads, heads.map { _ in "---" }] + rows
        return "\n"
            + lines.map { cells in
                "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
            }.joined()
    }

    private static func code(_ text: String) -> String { "`\(text)`" }

    private static func standard(_ setting: SettingDefinition) -> String {
        setting.defaultValue.isEmpty ? "" : code(setting.defaultValue)
    }

    private static func values(_ setting: SettingDefinition) -> String {
        switch setting.kind {
        case .integer(let range):
            return "\(range.lowerBound)…" + (range.upperBound == .max ? "" : "\(range.upperBound)")
        case .number(let range): return "\(range.lowerBound)…\(range.upperBound)"
        case .flag: return "`true`, `false`"
        case .text: return setting.isSecret ? "a secret" : "text"
        case .choice(let words): return words.map { $0.isEmpty ? "empty" : code($0) }.joined(separator: ", ")
        case .list(let words):
            return words.isEmpty ? "a list with commas" : "of " + words.map(code).joined(separator: ", ")
        }
    }
}
