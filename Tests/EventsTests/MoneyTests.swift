import Testing

@testable import Events

@Suite struct MoneyTests {
    @Test(arguments: [
        ("0", 0), ("12", 12_000_000), ("-0.5", -500_000), ("3.141592", 3_141_592),
        ("9223372036854.775807", Int64.max), ("-9223372036854.775808", Int64.min),
    ])
    func `decimals are read exactly`(text: String, micros: Int64) {
        #expect(Money(decimal: text)?.micros == micros)
    }

    @Test(arguments: [
        "", ".", "1.", ".5", "1e3", "+1", "1.0000001", "9223372036854.775808", "--1", "1,5", "- 1", "٣",
    ])
    func `what is no decimal is refused`(text: String) {
        #expect(Money(decimal: text) == nil)
    }

    @Test(arguments: [
        (0, "0.00"), (1, "0.000001"), (500_000, "0.50"), (-1_250_000, "-1.25"), (Int64.min, "-9223372036854.775808"),
    ])
    func `amounts are written with at least two decimals`(micros: Int64, text: String) {
        #expect(Money(micros: micros).description == text)
        #expect(Money(decimal: text)?.micros == micros)
    }

    @Test(arguments: [
        (15, "0.50", 1_000_000, 8), (13, "0.50", 1_000_000, 6), (1, "0.50", 1_000_000, 0), (3, "0.50", 1_000_000, 2),
        (1_000_000, "0.50", 1_000_000, 500_000), (-15, "0.50", 1_000_000, -8), (7, "0.01", 3, 23_333),
    ])
    func `a price is rounded half to even`(quantity: Int64, price: String, per: Int64, micros: Int64) throws {
        let unit = try #require(Money(decimal: price))
        #expect(Money.price(quantity: quantity, at: unit, per: per)?.micros == micros)
    }

    @Test func `amounts out of range are told`() {
        #expect(Money(micros: .max).adding(Money(micros: 1)) == nil)
        #expect(Money.price(quantity: .max, at: Money(micros: .max), per: 1) == nil)
        #expect(Money.price(quantity: 1, at: Money(micros: 1), per: 0) == nil)
        #expect(Money.price(quantity: 5, at: Money(micros: 7), per: 1)?.micros == 35)
        #expect(Money.price(quantity: 5, at: Money(micros: 7), per: 2)?.micros == 18)
    }
}
