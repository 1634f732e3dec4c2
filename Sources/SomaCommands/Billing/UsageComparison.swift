import Events
import JSON
import Postgres
import SomaNode

/// Compares the billing topic with the rows that the PostgreSQL sink made of it.
struct UsageComparison {
    private let invocation: Invocation
    private let book: UsageBook

    init(_ invocation: Invocation, _ book: UsageBook) {
        self.invocation = invocation
        self.book = book
    }

    /// One figure of one line, in both places.
    private struct Difference {
        var key: UsageBook.Key
        var figure: String
        var log: String
        var postgres: String
    }

    func run() throws -> ExitStatus {
        let rows = try rows()
        var differences: [Difference] = []
        for key in Set(book.lines.keys).union(rows.keys).sorted() {
            let log = book.lines[key] ?? UsageBook.Line()
            let postgres = rows[key] ?? UsageBook.Line()
            let figures: [(String, String, String)] = [
                ("usages", "\(log.usages)", "\(postgres.usages)"),
                ("total_tokens", "\(log.totalTokens)", "\(postgres.totalTokens)"),
                ("charges", "\(log.charges)", "\(postgres.charges)"),
                ("amount", Self.text(log.amounts), Self.text(postgres.amounts)),
            ]
            for (figure, left, right) in figures where left != right {
                differences.append(Difference(key: key, figure: figure, log: left, postgres: right))
            }
        }
        try emit(differences, matching: book.lines.count)
        return differences.isEmpty ? .success : .differences
    }

    private static func text(_ amounts: [String: Money]) -> String {
        amounts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: " + ")
    }

    private func rows() throws -> [UsageBook.Key: UsageBook.Line] {
        let url =
            invocation.option("postgres") ?? invocation.environment["SOMA_POSTGRES_URL"]
            ?? DevInstance.running()?.postgres ?? ""
        guard !url.isEmpty else { throw CommandError.usage("say where the rows are: --postgres or SOMA_POSTGRES_URL") }
        let connection = try Connection(url)
        var parameters: [Parameter] = []
        var conditions: [String] = []
        func add(_ condition: (String) -> String, _ parameter: Parameter) {
            parameters.append(parameter)
            conditions.append(condition("$\(parameters.count)"))
        }
        if let tenant = book.tenant { add({ "u.tenant = \($0)" }, .text(tenant)) }
        if book.window.lowerBound > 0 {
            add({ "u.recorded_at >= \($0)" }, .timestamptz(microseconds: book.window.lowerBound * 1000))
        }
        if book.window.upperBound < .max {
            add({ "u.recorded_at < \($0)" }, .timestamptz(microseconds: book.window.upperBound * 1000))
        }
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let name =
            switch book.grouping {
            case .model: "u.model"
            case .session: "u.session_id"
            case .tenant: "''"
            }
        var lines: [UsageBook.Key: UsageBook.Line] = [:]
        let usages = try connection.query(
            "SELECT u.tenant, \(name), count(*), sum(u.total_tokens) FROM billing_usage u \(filter) GROUP BY 1, 2",
            parameters
        )
        for row in usages {
            let key = UsageBook.Key(tenant: row.text(0) ?? "", name: row.text(1) ?? "")
            lines[key] = UsageBook.Line(usages: Int64(try row.int(2) ?? 0), totalTokens: Int64(try row.int(3) ?? 0))
        }
        let charges = try connection.query(
            """
            SELECT u.tenant, \(name), c.currency, count(*), sum(c.amount)
            FROM billing_usage u JOIN billing_charges c ON c.usage_id = u.id \(filter) GROUP BY 1, 2, 3
            """,
            parameters
        )
        for row in charges {
            let key = UsageBook.Key(tenant: row.text(0) ?? "", name: row.text(1) ?? "")
            let text = row.text(4) ?? ""
            guard let amount = Money(decimal: Self.sixDecimals(text)) else {
                throw CommandError("the sum of the charges, \(text), is out of the range of money")
            }
            lines[key, default: UsageBook.Line()].charges += Int64(try row.int(3) ?? 0)
            lines[key, default: UsageBook.Line()].amounts[row.text(2) ?? ""] = amount
        }
        return lines
    }

    /// The server may write more decimals than money has; they are zeros.
    private static func sixDecimals(_ text: String) -> String {
        var text = Substring(text)
        guard let point = text.firstIndex(of: ".") else { return String(text) }
        while text.last == "0", text.distance(from: point, to: text.endIndex) > 2 { text.removeLast() }
        return String(text)
    }

    private func emit(_ differences: [Difference], matching: Int) throws {
        var table = Table(
            .left("TENANT"),
            .left(book.grouping.rawValue.uppercased()),
            .left("FIGURE"),
            .right("LOG"),
            .right("POSTGRES")
        )
        for difference in differences {
            table.add(
                difference.key.tenant,
                difference.key.name,
                difference.figure,
                difference.log,
                difference.postgres
            )
        }
        try invocation.emit(
            table,
            [
                "equal": .bool(differences.isEmpty), "lines": .integer(Int64(matching)),
                "differences": .array(
                    differences.map {
                        [
                            "tenant": .string($0.key.tenant), "name": .string($0.key.name),
                            "figure": .string($0.figure), "log": .string($0.log), "postgres": .string($0.postgres),
                        ]
                    }
                ),
            ]
        )
        if invocation.isForPeople {
            invocation.console.say(
                differences.isEmpty
                    ? "\(matching) lines are equal in the log and in PostgreSQL" : "\(differences.count) figures differ"
            )
        }
    }
}
