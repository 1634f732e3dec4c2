import Clocks
import Events
import Postgres
import TestSupport
import Testing

@testable import PostgresSink

private func usage(_ number: Int, tokens: Int64 = 10) -> StoredRow {
    let usage = UsageRecorded(
        usageID: "u\(number)",
        tenant: "t\(number % 3)",
        requestID: "r\(number)",
        sessionID: "s",
        service: "slm",
        model: "local",
        provider: "local",
        promptTokens: tokens,
        completionTokens: 0,
        totalTokens: tokens,
        source: "counted",
        status: "complete",
        recordedAt: "2026-11-21T03:00:00.000Z"
    )
    return StoredRow(
        id: usage.usageID,
        content: .usage(usage),
        time: 1_700_000_000_000,
        data: usage.bytes,
        place: StoredRow.Place(topic: "billing", partition: 0, offset: Int64(number))
    )
}

private func balance(_ tokens: Int64, offset: Int64, partition: Int32 = 0) -> StoredRow {
    let balance = LedgerBalance(
        tenant: "t",
        service: "slm",
        model: "m",
        currency: "USD",
        totalTokens: tokens,
        totalAmount: "1.250000",
        usageCount: 1,
        chargeCount: 1,
        lastEventID: "e",
        updatedAt: "2026-11-21T03:00:00.000Z"
    )
    return StoredRow(
        id: "t/slm/m/USD",
        content: .balance(balance),
        time: 1_700_000_000_000,
        data: balance.bytes,
        place: StoredRow.Place(topic: "billing.ledger", partition: partition, offset: offset)
    )
}

@Suite(.enabled(if: PrivatePostgres.isInstalled, "PostgreSQL 15 is not installed"))
struct PostgresStoreTests {
    private let url: String
    private let connection: Connection

    init() throws {
        url = try PrivatePostgres.shared.get().makeDatabase()
        connection = try Connection(url)
    }

    private func number(_ sql: String) throws -> Int { try connection.query(sql)[0].int(0) ?? -1 }

    @Test func `rows and positions are stored together, once`() throws {
        let store = try PostgresStore(url: url, sink: "p")
        #expect(try store.claim(topic: "billing", partition: 0) == 0)
        let rows = (0..<100).map { usage($0) }
        for _ in 0..<2 { try store.store(rows, positions: [("billing", 0, 100)]) }
        #expect(try number("SELECT count(*) FROM billing_usage") == 100)
        #expect(try number("SELECT sum(total_tokens) FROM billing_usage WHERE data->>'service' = 'slm'") == 1000)
        #expect(try number("SELECT next_offset FROM sink_positions") == 100)
        let next = try PostgresStore(url: url, sink: "p")
        #expect(try next.claim(topic: "billing", partition: 0) == 100)
    }

    @Test func `a task that lost its partition stores nothing more`() throws {
        let old = try PostgresStore(url: url, sink: "p")
        _ = try old.claim(topic: "billing", partition: 0)
        try old.store([usage(1)], positions: [("billing", 0, 1)])
        let new = try PostgresStore(url: url, sink: "p")
        #expect(try new.claim(topic: "billing", partition: 0) == 1)
        #expect(throws: PositionsTable.Fenced.self) { try old.store([usage(2)], positions: [("billing", 0, 2)]) }
        try new.store([usage(3)], positions: [("billing", 0, 3)])
        #expect(try number("SELECT count(*) FROM billing_usage") == 2)
        #expect(try number("SELECT next_offset FROM sink_positions") == 3)
        #expect(throws: PositionsTable.Fenced.self) { try new.store([usage(4)], positions: [("billing", 7, 2)]) }
    }

    @Test func `a batch that fails leaves neither rows nor positions`() throws {
        let store = try PostgresStore(url: url, sink: "p")
        _ = try store.claim(topic: "billing", partition: 0)
        var bad = usage(2)
        bad.data = Array("{broken".utf8)
        #expect(throws: PostgresError.self) { try store.store([usage(1), bad], positions: [("billing", 0, 2)]) }
        #expect(try number("SELECT count(*) FROM billing_usage") == 0)
        #expect(try number("SELECT next_offset FROM sink_positions") == 0)
        try store.store([usage(1)], positions: [("billing", 0, 1)])
        #expect(try number("SELECT count(*) FROM billing_usage") == 1)
    }

    @Test func `the newest record of a balance counts`() throws {
        let store = try PostgresStore(url: url, sink: "p")
        _ = try store.claim(topic: "billing.ledger", partition: 0)
        try store.store([balance(5, offset: 1), balance(9, offset: 3), balance(7, offset: 2)], positions: [])
        #expect(try number("SELECT total_tokens FROM billing_ledger") == 9)
        try store.store([balance(1, offset: 0)], positions: [])
        #expect(try number("SELECT total_tokens FROM billing_ledger") == 9)
        try store.store([balance(11, offset: 4)], positions: [])
        #expect(try number("SELECT total_tokens FROM billing_by_tenant WHERE tenant = 't'") == 11)
        #expect(
            try connection.query("SELECT total_amount FROM billing_by_tenant")[0].text(0) == "1.250000"
        )
    }

    @Test func `every table takes its row and zero characters`() throws {
        let store = try PostgresStore(url: url, sink: "p")
        let time = "2026-11-21T03:00:00.000Z"
        let audit = AuditRecorded(
            auditID: "a",
            tenant: "t\u{0}",
            actor: "turn-gate",
            action: "turn.admit",
            resource: "r",
            outcome: "allowed",
            requestID: "r",
            sessionID: "s",
            details: ["k": "v\u{0}"],
            recordedAt: time
        )
        let charge = ChargeRated(
            chargeID: "c",
            usageID: "u",
            tenant: "t",
            requestID: "r",
            sessionID: "s",
            service: "slm",
            model: "m",
            currency: "USD",
            amount: "-0.000001",
            priceBook: "b",
            lines: [ChargeLine(meter: "input_tokens", quantity: 1, per: 1, unitPrice: "1", amount: "1")],
            ratedAt: time
        )
        let training = TrainingRecorded(
            tenant: "t",
            action: "training.enabled",
            user: "u",
            recordedAt: time,
            details: [:]
        )
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let rows = [
            try decode("{\"content\":\"nul \\u0000 here\",\"session_id\":\"s\\u0000\"}"),
            try decode(
                #"{"session_id":"s","request_id":"r","code":"c","reason":"why"}"#,
                type: "turn.denied",
                id: "e2"
            ),
            try decode(text(audit.bytes), topic: "agent.audit", type: "audit.recorded"),
            try decode(text(charge.bytes), topic: "billing", type: "charge.rated"),
            try decode(text(training.bytes), topic: "training.audit", type: "training.recorded", id: "e3"),
            usage(1), balance(1, offset: 0),
        ].compactMap { $0 }
        #expect(rows.count == 7)
        try store.store(rows, positions: [])
        for (table, count) in [
            ("conversation_events", 2), ("audit_events", 1), ("billing_charges", 1), ("training_events", 1),
            ("billing_usage", 1), ("billing_ledger", 1),
        ] { #expect(try number("SELECT count(*) FROM \(table)") == count) }
        #expect(
            try connection.query("SELECT content FROM conversation_events WHERE id = 'e1'")[0].text(0)
                == "nul \u{FFFD} here"
        )
        #expect(try connection.query("SELECT amount FROM billing_charges")[0].text(0) == "-0.000001")
        #expect(try number("SELECT extract(year FROM recorded_at) FROM audit_events") == 2026)
    }

    @Test func `migrations run once, also when several members start together`() async throws {
        let url = url
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<4 { group.addTask { _ = try PostgresStore(url: url, sink: "p\(number)") } }
            try await group.waitForAll()
        }
        #expect(try number("SELECT count(*) FROM soma_migrations") == Migrations.all.count)
    }
}
