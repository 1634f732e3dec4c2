import Clocks
import Events
import SomaStreams
import SomaStreamsTesting
import StateStore
import Testing

@testable import Billing

private let books = PriceBooks([
    PriceBook(
        name: "default",
        effectiveFrom: 0,
        currency: "USD",
        rates: [
            PriceBook.Rate(model: "local*", meter: "input_tokens", per: 1_000_000, price: Money(micros: 500_000)),
            PriceBook.Rate(model: "local*", meter: "output_tokens", per: 1_000_000, price: Money(micros: 1_500_000)),
        ]
    )
])

private func usage(_ number: Int, tenant: String = "t", model: String = "local") -> UsageRecorded {
    UsageRecorded(
        usageID: "u\(number)",
        tenant: tenant,
        requestID: "r\(number)",
        sessionID: "s",
        service: "slm",
        model: model,
        provider: "local",
        promptTokens: 100,
        completionTokens: 20,
        totalTokens: 120,
        source: "counted",
        status: "complete",
        recordedAt: EventTime.text(milliseconds: 1_700_000_000_000)
    )
}

@Suite struct UsageMeterProcessorTests {
    @Test func `each answer makes one usage in the tenant's partition`() throws {
        let driver = try TopologyTestDriver(BillingProcessors.usageMeter())
        let tokens = TokenUsage(promptTokens: 3, completionTokens: 4, totalTokens: 7, source: "provider")
        try driver.pipe(SLMChunk(requestID: "r", sessionID: "s", index: 0, delta: "x"), tenant: "acme")
        try driver.pipe(
            SLMFinal(
                requestID: "r",
                sessionID: "s",
                model: "m",
                provider: "p",
                content: "x",
                finishReason: "stop",
                chunks: 1,
                usage: tokens,
                latencyMs: 1,
                firstChunkMs: 1
            ),
            tenant: "acme"
        )
        try driver.pipe(
            SLMError(
                requestID: "q",
                sessionID: "s",
                model: "m",
                provider: "p",
                code: "c",
                message: "m",
                retriable: true,
                chunks: 0
            ),
            tenant: "acme"
        )
        let records = driver.outputs(of: "billing")
        #expect(records.count == 1)
        #expect(records[0].keyText == "acme")
        #expect(try records[0].decode(UsageRecorded.self).totalTokens == 7)
    }
}

@Suite struct BillingRaterProcessorTests {
    private let driver: TopologyTestDriver

    init() throws { driver = try TopologyTestDriver(BillingProcessors.billingRater(books)) }

    @Test func `a usage gets its charge and a charge is left alone`() throws {
        try driver.pipe(usage(1))
        let record = try #require(driver.readOutput("billing"))
        let charge = try record.decode(ChargeRated.self)
        #expect(charge.amount == "0.00008" && charge.usageID == "u1")
        #expect(record.keyText == "t")
        try driver.pipe(charge)
        #expect(driver.outputs.count == 1)
    }

    @Test func `an unpriced usage is charged nothing and noted`() throws {
        try driver.pipe(usage(1, model: "other"))
        #expect(try #require(driver.readOutput("billing")).decode(ChargeRated.self).amount == "0.00")
        let audit = try #require(driver.readOutput("agent.audit")).decode(AuditRecorded.self)
        #expect(audit.outcome == "unpriced" && audit.details["meters"] == "input_tokens,output_tokens")
    }
}

@Suite struct BillingLedgerProcessorTests {
    private let driver: TopologyTestDriver

    init() throws { driver = try TopologyTestDriver(BillingProcessors.billingLedger(books)) }

    private func pipe(_ event: some EventPayload, id: String, key: String = "t", replay: String? = nil) throws {
        let envelope = Envelope(
            id: id,
            source: "/test",
            type: Swift.type(of: event).type,
            time: driver.now,
            tenant: "t",
            replay: replay
        )
        try driver.pipe(
            topic: "billing",
            key: Array(key.utf8),
            value: event.bytes,
            headers: envelope.headers
        )
    }

    private func last() throws -> LedgerBalance {
        try #require(driver.outputs(of: "billing.ledger").last).decode(LedgerBalance.self)
    }

    @Test func `usage and charge meet in one balance`() throws {
        for number in 0..<10 {
            try pipe(usage(number), id: "e\(number)")
            let charge = try Rating(books).rate(usage(number), time: 1_700_000_000_000).charge
            try pipe(charge, id: "c\(number)")
        }
        let balance = try last()
        #expect(balance.totalTokens == 1200 && balance.totalAmount == "0.0008")
        #expect(balance.usageCount == 10 && balance.chargeCount == 10)
        #expect(driver.outputs(of: "billing.ledger").last?.keyText == "t/slm/local/USD")
    }

    @Test func `a usage that is written twice counts once`() throws {
        for _ in 0..<3 { try pipe(usage(1), id: "e1") }
        #expect(try last().usageCount == 1)
        #expect(driver.outputs(of: "billing.ledger").count == 1)
    }

    @Test func `records read again after a crash change nothing`() throws {
        for number in 0..<5 { try pipe(usage(number), id: "e\(number)") }
        let store = try driver.store("ledger")
        // As after a crash: the balance is on disk, the marks of the last two are not, and reading starts again at 2.
        let again = try TopologyTestDriver(BillingProcessors.billingLedger(books))
        let restored = try again.store("ledger")
        for number in 0..<2 { try pipe(usage(number), id: "e\(number)", into: again) }
        store.all { key, value in
            let text = String(decoding: key, as: UTF8.self)
            if !text.hasSuffix("u3") && !text.hasSuffix("u4") { restored.put(key, value) }
            return true
        }
        for number in 2..<6 { try pipe(usage(number), id: "e\(number)", into: again) }
        let balance = try #require(again.outputs(of: "billing.ledger").last).decode(LedgerBalance.self)
        #expect(balance.usageCount == 6 && balance.totalTokens == 720)
    }

    private func pipe(_ event: UsageRecorded, id: String, into driver: TopologyTestDriver) throws {
        let envelope = Envelope(id: id, source: "/test", type: UsageRecorded.type, time: driver.now, tenant: "t")
        try driver.pipe(topic: "billing", key: Array("t".utf8), value: event.bytes, headers: envelope.headers)
    }

    @Test func `a record under another key than its tenant is set aside`() throws {
        try pipe(usage(1), id: "e1", key: "other")
        #expect(driver.deadLetters.count == 1 && driver.outputs.isEmpty)
    }

    @Test func `marks are dropped after their days`() throws {
        try pipe(usage(1), id: "e1")
        let store = try driver.store("ledger")
        #expect(store.count == 2)
        let later = 1_700_000_000_000 + 4 * 86_400_000 as Int64
        var event = usage(2)
        event.recordedAt = EventTime.text(milliseconds: later)
        let envelope = Envelope(id: "e2", source: "/test", type: UsageRecorded.type, time: later, tenant: "t")
        try driver.pipe(
            topic: "billing",
            key: Array("t".utf8),
            value: event.bytes,
            headers: envelope.headers,
            timestamp: later
        )
        #expect(store.count == 2)
        #expect(try last().usageCount == 2)
        // What is that old and comes from a replay was counted when it was live.
        try pipe(usage(1), id: "e1", replay: "run/shadow")
        #expect(try last().usageCount == 2)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `the ledger equals the sum of distinct usages whatever is repeated`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var distinct: Set<Int> = []
        for _ in 0..<200 {
            let number = Int.random(in: 0..<60, using: &random)
            distinct.insert(number)
            try pipe(usage(number), id: "e\(number)")
        }
        #expect(try last().usageCount == Int64(distinct.count))
        #expect(try last().totalTokens == Int64(distinct.count * 120))
    }
}
