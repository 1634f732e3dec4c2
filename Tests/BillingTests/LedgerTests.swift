import Clocks
import Events
import Testing

@testable import Billing

@Suite struct LedgerTests {
    private func usage(_ id: Int, tokens: Int64) -> UsageRecorded {
        UsageRecorded(
            usageID: "u\(id)",
            tenant: "t",
            requestID: "r",
            sessionID: "s",
            service: "slm",
            model: "m",
            provider: "p",
            promptTokens: tokens,
            completionTokens: 0,
            totalTokens: tokens,
            source: "counted",
            status: "complete",
            recordedAt: EventTime.text(milliseconds: Int64(id) * 1000)
        )
    }

    private func charge(_ id: Int, _ amount: String) -> ChargeRated {
        ChargeRated(
            chargeID: "c\(id)",
            usageID: "u\(id)",
            tenant: "t",
            requestID: "r",
            sessionID: "s",
            service: "slm",
            model: "m",
            currency: "USD",
            amount: amount,
            priceBook: "b",
            lines: [],
            ratedAt: EventTime.text(milliseconds: Int64(id) * 1000)
        )
    }

    @Test(arguments: 0..<16 as Range<UInt64>)
    func `totals are the sums whatever the order`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let tokens = (0..<50).map { _ in Int64.random(in: 0..<100_000, using: &random) }
        let micros = (0..<50).map { _ in Int64.random(in: -5_000_000..<50_000_000, using: &random) }
        var steps = Array(0..<100)
        steps.shuffle(using: &random)
        var balance: LedgerBalance?
        for step in steps {
            let id = step / 2
            balance =
                step % 2 == 0
                ? try Ledger.adding(usage(id, tokens: tokens[id]), currency: "USD", to: balance, eventID: "e\(step)")
                : try Ledger.adding(charge(id, Money(micros: micros[id]).description), to: balance, eventID: "e\(step)")
        }
        let total = try #require(balance)
        #expect(total.totalTokens == tokens.reduce(0, +))
        #expect(total.totalAmount == Money(micros: micros.reduce(0, +)).description)
        #expect(total.usageCount == 50 && total.chargeCount == 50)
        #expect(total.updatedAt == EventTime.text(milliseconds: 49_000))
        #expect(total.lastEventID == steps.last.map { "e\($0)" })
        #expect(total.key(tenant: "t") == "t/slm/m/USD")
    }

    @Test(arguments: ["", "1,5", "1.1234567", "nan", "99999999999999999999"])
    func `an amount that is no exact decimal is refused`(amount: String) {
        #expect(throws: Ledger.Refused.self) { try Ledger.adding(charge(1, amount), to: nil, eventID: "e") }
    }

    @Test func `totals that overflow are refused`() throws {
        let full = try Ledger.adding(usage(1, tokens: .max), currency: "USD", to: nil, eventID: "e")
        #expect(throws: Ledger.Refused.self) {
            try Ledger.adding(usage(2, tokens: 1), currency: "USD", to: full, eventID: "e")
        }
        #expect(throws: Ledger.Refused.self) {
            try Ledger.adding(usage(2, tokens: -1), currency: "USD", to: nil, eventID: "e")
        }
    }

    @Test func `marks of counted events sort by day`() {
        let day: Int64 = 86_400_000
        let mark = SeenKey.key(kind: "usage", id: "x", milliseconds: 20 * day + 5)
        #expect(mark == "seen/00000020/usage/x")
        #expect(mark >= SeenKey.firstKept(milliseconds: 22 * day + 10))
        #expect(mark < SeenKey.firstKept(milliseconds: 23 * day))
        #expect(SeenKey.firstKept(milliseconds: 0) == "seen/00000000")
    }
}

@Suite struct UsageMeterTests {
    private let envelope = Envelope(
        id: "final",
        source: "/processors/slm-worker",
        type: "slm.final",
        time: 1_700_000_000_000,
        tenant: "acme",
        correlationID: "r",
        causationID: "request"
    )

    private func answer(_ tokens: TokenUsage) -> SLMFinal {
        SLMFinal(
            requestID: "r",
            sessionID: "s",
            model: "m",
            provider: "p",
            content: "hi",
            finishReason: "stop",
            chunks: 1,
            usage: tokens,
            latencyMs: 1,
            firstChunkMs: 1
        )
    }

    private func failure(_ tokens: TokenUsage?) -> SLMError {
        SLMError(
            requestID: "r",
            sessionID: "s",
            model: "m",
            provider: "p",
            code: "c",
            message: "m",
            retriable: true,
            chunks: 0,
            usage: tokens
        )
    }

    private let tokens = TokenUsage(promptTokens: 3, completionTokens: 4, totalTokens: 7, source: "provider")

    @Test func `a second answer to the same request is the same usage`() {
        var second = envelope
        second.id = "another"
        #expect(
            UsageMeter.usage(of: answer(tokens), envelope: envelope).usageID
                == UsageMeter.usage(of: answer(tokens), envelope: second).usageID
        )
        #expect(UsageMeter.usage(of: answer(tokens), envelope: envelope).tenant == "acme")
    }

    @Test func `a call that delivered nothing is not billed`() {
        #expect(UsageMeter.usage(of: failure(nil), envelope: envelope) == nil)
        let nothing = TokenUsage(promptTokens: 0, completionTokens: 0, totalTokens: 0, source: "counted")
        #expect(UsageMeter.usage(of: failure(nothing), envelope: envelope) == nil)
    }

    @Test func `a cut answer is billed for what came`() throws {
        let usage = try #require(UsageMeter.usage(of: failure(tokens), envelope: envelope))
        #expect(usage.status == "partial")
        #expect(usage.totalTokens == 7)
        #expect(usage.usageID != UsageMeter.usage(of: answer(tokens), envelope: envelope).usageID)
    }
}
