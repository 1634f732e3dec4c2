import Clocks
import Events
import JSON
import RdKafka

/// The command `soma billing`.
enum BillingCommands {
    static let command = Command("billing", "Show what was used and what it costs.", [usage])

    private static let usage = Command(
        "usage",
        "Add up usage and charges, exactly, from the billing topic.",
        options: [
            Command.Option("tenant", "T", "Only this tenant."),
            Command.Option("group-by", "BY", "model, tenant or session; default model."),
            Command.Option("from", "TIME", "Only usage from this time on."),
            Command.Option("to", "TIME", "Only usage before this time."),
            Command.Option(
                "against",
                "postgres",
                "Compare with the rows of the PostgreSQL sink; exit status 3 when different."
            ),
            Command.Option("postgres", "URL", "Where the rows are; else SOMA_POSTGRES_URL, a running soma dev."),
        ],
        examples: ["soma billing usage --from 2026-11-01", "soma billing usage --group-by tenant --against postgres"]
    ) { invocation in
        var book = try book(invocation)
        let admin = try invocation.admin()
        let partitions = try invocation.partitions(of: [UsageRecorded.topic], admin)
        // A record is never written before what it tells happened, but clocks differ a little.
        let start: OffsetRange.Place =
            book.window.lowerBound > 0 ? .time(max(0, book.window.lowerBound - 60_000)) : .start
        let spans = try PartitionSpans.resolve(OffsetRange(start: start), partitions, admin, invocation)
        let consumer = try invocation.consumer(group: nil)
        _ = try LogReader(consumer: consumer).read(spans, follow: false) { records in
            for record in records { try book.add(record) }
            return true
        }
        warn(book, invocation)
        switch invocation.option("against") {
        case nil: break
        case "postgres"?: return try UsageComparison(invocation, book).run()
        case let other?: throw CommandError.usage("--against knows postgres, not \(other)")
        }
        try emit(book, invocation)
        return .success
    }

    private static func book(_ invocation: Invocation) throws -> UsageBook {
        let name = invocation.option("group-by") ?? "model"
        guard let grouping = UsageBook.Grouping(rawValue: name) else {
            throw CommandError.usage("--group-by is model, tenant or session, not \(name)")
        }
        let now = Clock.system.wallMilliseconds
        func time(_ option: String, _ otherwise: Int64) throws -> Int64 {
            guard let text = invocation.option(option) else { return otherwise }
            guard let time = TimeText.milliseconds(text, now: now) else {
                throw CommandError.usage("--\(option) must be a time such as 2026-11-01 or -24h, not \(text)")
            }
            return time
        }
        let from = try time("from", 0)
        let to = try time("to", .max)
        guard from <= to else { throw CommandError.usage("--from is after --to") }
        return UsageBook(grouping: grouping, tenant: invocation.option("tenant"), window: from..<to)
    }

    private static func warn(_ book: UsageBook, _ invocation: Invocation) {
        if book.unreadable > 0 { invocation.console.complain("soma: \(book.unreadable) records break their contract") }
        if book.unmatchedCharges > 0, book.window.lowerBound == 0, book.window.upperBound == .max {
            invocation.console.complain("soma: \(book.unmatchedCharges) charges have no usage in the log")
        }
    }

    private static func emit(_ book: UsageBook, _ invocation: Invocation) throws {
        var table = Table(
            .left("TENANT"),
            .left(book.grouping == .session ? "SESSION" : "MODEL"),
            .right("USAGES"),
            .right("PROMPT-TOKENS"),
            .right("COMPLETION-TOKENS"),
            .right("TOTAL-TOKENS"),
            .right("CHARGES"),
            .right("AMOUNT"),
            .left("CURRENCY")
        )
        var list: [JSON] = []
        for (key, line) in book.lines.sorted(by: { $0.key < $1.key }) {
            let amounts = line.amounts.sorted { $0.key < $1.key }
            for (index, amount) in (amounts.isEmpty ? [(key: "-", value: Money.zero)] : amounts).enumerated() {
                // A second currency repeats the names and leaves the counts, which are of all currencies, out.
                let counts = [line.usages, line.promptTokens, line.completionTokens, line.totalTokens, line.charges]
                table.add(
                    [key.tenant, key.name] + counts.map { index == 0 ? "\($0)" : "" }
                        + [amounts.isEmpty ? "-" : amount.value.description, amount.key]
                )
            }
            var members: [JSON.Member] = [JSON.Member("tenant", .string(key.tenant))]
            if book.grouping != .tenant { members.append(JSON.Member(book.grouping.rawValue, .string(key.name))) }
            members += [
                JSON.Member("usages", .integer(line.usages)), JSON.Member("prompt_tokens", .integer(line.promptTokens)),
                JSON.Member("completion_tokens", .integer(line.completionTokens)),
                JSON.Member("total_tokens", .integer(line.totalTokens)), JSON.Member("charges", .integer(line.charges)),
                JSON.Member(
                    "amounts",
                    .array(amounts.map { ["currency": .string($0.key), "amount": .string($0.value.description)] })
                ),
            ]
            list.append(.object(members))
        }
        try invocation.emit(table, .array(list))
    }
}
