import Events
import Testing

@testable import Billing

private func book(_ name: String, from: String, _ rates: [PriceBook.Rate], currency: String = "USD") -> PriceBook {
    PriceBook(name: name, effectiveFrom: EventTime.milliseconds(from) ?? 0, currency: currency, rates: rates)
}

private func rate(_ model: String, _ meter: String, _ micros: Int64, per: Int64 = 1_000_000) -> PriceBook.Rate {
    PriceBook.Rate(model: model, meter: meter, per: per, price: Money(micros: micros))
}

@Suite struct PriceBookTests {
    @Test(arguments: [
        ("local*", "local", true), ("local*", "soma-local", false), ("*", "", true), ("*", "any", true),
        ("gpt-*-mini", "gpt-4o-mini", true), ("gpt-*-mini", "gpt-mini", false), ("a*b*c", "aXbXbc", true),
        ("a*b*c", "aXbXb", false), ("gpt-4", "gpt-4", true), ("gpt-4", "gpt-4o", false), ("", "x", false),
    ])
    func `matches model names with stars`(pattern: String, name: String, matches: Bool) {
        #expect(ModelPattern.matches(pattern, name) == matches)
    }

    @Test func `the book in force at the time of the event counts`() {
        let books = PriceBooks([
            book("new", from: "2026-06-01T00:00:00Z", [rate("*", "input_tokens", 2_000_000)]),
            book("old", from: "2026-01-01T00:00:00Z", [rate("*", "input_tokens", 1_000_000)], currency: "EUR"),
        ])
        func name(_ time: String) -> String? { books.inForce(at: EventTime.milliseconds(time) ?? 0)?.name }
        #expect(name("2025-12-31T23:59:59.999Z") == nil)
        #expect(name("2026-01-01T00:00:00Z") == "old")
        #expect(name("2026-05-31T23:59:59.999Z") == "old")
        #expect(name("2026-06-01T00:00:00Z") == "new")
        #expect(books.currency(at: 0) == "USD")
        #expect(books.currency(at: EventTime.milliseconds("2026-02-01T00:00:00Z") ?? 0) == "EUR")
    }

    @Test func `the first fitting rate counts`() {
        let prices = book(
            "b",
            from: "2026-01-01T00:00:00Z",
            [rate("local*", "input_tokens", 1), rate("*", "input_tokens", 2)]
        )
        #expect(prices.rate(model: "local", meter: "input_tokens")?.price.micros == 1)
        #expect(prices.rate(model: "gpt", meter: "input_tokens")?.price.micros == 2)
        #expect(prices.rate(model: "gpt", meter: "output_tokens") == nil)
        #expect(prices.label == "b@2026-01-01T00:00:00.000Z")
    }
}

@Suite struct RatingTests {
    private let time = EventTime.milliseconds("2026-11-21T03:00:00Z") ?? 0
    private let rating = Rating(
        PriceBooks([
            book(
                "default",
                from: "2026-01-01T00:00:00Z",
                [rate("local*", "input_tokens", 500_000), rate("local*", "output_tokens", 1_500_000)]
            )
        ])
    )

    private func usage(_ model: String, _ prompt: Int64, _ completion: Int64) -> UsageRecorded {
        UsageRecorded(
            usageID: "u1",
            tenant: "t",
            requestID: "r",
            sessionID: "s",
            service: "slm",
            model: model,
            provider: "local",
            promptTokens: prompt,
            completionTokens: completion,
            totalTokens: prompt + completion,
            source: "counted",
            status: "complete",
            recordedAt: EventTime.text(milliseconds: time)
        )
    }

    @Test func `the amount is the exact sum of its lines`() throws {
        let outcome = try rating.rate(usage("local", 1_234_567, 89), time: time)
        #expect(outcome.charge.lines.map(\.amount) == ["0.617284", "0.000134"])
        #expect(outcome.charge.amount == "0.617418")
        #expect(outcome.charge.currency == "USD")
        #expect(outcome.charge.priceBook == "default@2026-01-01T00:00:00.000Z")
        #expect(outcome.unpricedMeters.isEmpty)
    }

    @Test func `a model without a price is charged nothing and says so`() throws {
        let outcome = try rating.rate(usage("other", 10, 2), time: time)
        #expect(outcome.charge.amount == "0.00")
        #expect(outcome.charge.lines.map(\.meter) == ["unpriced input_tokens", "unpriced output_tokens"])
        #expect(outcome.charge.lines.map(\.quantity) == [10, 2])
        #expect(outcome.unpricedMeters == ["input_tokens", "output_tokens"])
        let before = try rating.rate(usage("local", 10, 2), time: 0)
        #expect(before.charge.priceBook == "none")
        #expect(before.charge.amount == "0.00")
    }

    @Test func `the same usage always makes the same charge`() throws {
        #expect(try rating.rate(usage("local", 5, 6), time: time) == rating.rate(usage("local", 5, 6), time: time))
    }

    @Test func `an amount out of range is refused`() {
        let dear = Rating(
            PriceBooks([
                book("b", from: "2026-01-01T00:00:00Z", [rate("*", "input_tokens", .max, per: 1)])
            ])
        )
        #expect(throws: Rating.OutOfRange.self) { try dear.rate(usage("x", .max / 2, 0), time: time) }
    }
}
