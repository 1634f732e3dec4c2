import CommitLog
import JSON

/// The command `soma log verify`.
enum LogVerifyCommand {
    static let command = Command(
        "verify",
        "Read a data directory whole and say what is damaged.",
        arguments: [
            .required("DIR", "The data directory of a broker, running or not; nothing is changed."),
            .any("TOPIC-PARTITION", "Only these, such as orders-0."),
        ],
        details: """
            Ends with 0 when all data is whole, 5 when synced data is damaged. Damaged indexes and producer snapshots are
            named, and are no damage: they are made again from the log. What is written and not synced yet is left out.
            """,
        examples: ["soma log verify /var/lib/soma", "soma log verify .soma/broker orders-0 -o json"]
    ) { invocation in
        let verifier = try LogVerifier(path: invocation.words[0])
        let known = try verifier.partitions()
        let wanted = try invocation.words.dropFirst().map { word in
            guard let name = known.first(where: { $0.description == word }) else {
                throw CommandError.notFound("there is no partition \(word) in \(verifier.path)")
            }
            return name
        }
        var reports: [LogReport] = []
        for name in wanted.isEmpty ? known : wanted { reports.append(try verifier.verify(name)) }
        let findings = try verifier.findings() + reports.flatMap(\.findings)
        try invocation.emit(table(reports), json(verifier, reports, findings))
        if invocation.isForPeople { for finding in findings { try invocation.console.write(text(finding)) } }
        let damaged = reports.filter(\.isDamaged).count
        invocation.console.say(
            damaged == 0
                ? "\(reports.count) partitions, no damage"
                : "\(damaged) of \(reports.count) partitions are damaged"
        )
        return damaged == 0 ? .success : .unhealthy
    }

    private static func table(_ reports: [LogReport]) -> Table {
        var table = Table(
            .left("PARTITION"),
            .right("SEGMENTS"),
            .right("BYTES"),
            .right("BATCHES", wide: true),
            .right("RECORDS"),
            .right("START"),
            .right("END"),
            .left("STATE")
        )
        for report in reports {
            table.add(
                "\(report.partition)",
                "\(report.segmentCount)",
                "\(report.byteCount)",
                "\(report.batchCount)",
                "\(report.recordCount)",
                "\(report.startOffset)",
                "\(report.endOffset)",
                report.isDamaged ? "DAMAGED" : "whole"
            )
        }
        return table
    }

    private static func text(_ finding: LogFinding) -> String {
        let place = finding.position.map { ", byte \($0)" } ?? ""
        return "\(finding.kind.rawValue): \(finding.file)\(place): \(finding.reason)\n    \(finding.advice)\n"
    }

    private static func json(_ verifier: LogVerifier, _ reports: [LogReport], _ findings: [LogFinding]) -> JSON {
        [
            "directory": .string(verifier.path),
            "in_use": .bool(verifier.isInUse),
            "closed_in_order": .bool(verifier.wasClosedCleanly),
            "partitions": .array(
                reports.map {
                    [
                        "partition": .string("\($0.partition)"), "segments": .integer(Int64($0.segmentCount)),
                        "bytes": .integer($0.byteCount), "batches": .integer(Int64($0.batchCount)),
                        "records": .integer($0.recordCount), "start_offset": .integer($0.startOffset),
                        "end_offset": .integer($0.endOffset), "damaged": .bool($0.isDamaged),
                    ]
                }
            ),
            "findings": .array(
                findings.map {
                    [
                        "kind": .string($0.kind.rawValue), "file": .string($0.file),
                        "position": $0.position.map { .integer($0) } ?? .null, "reason": .string($0.reason),
                        "advice": .string($0.advice),
                    ]
                }
            ),
        ]
    }
}
