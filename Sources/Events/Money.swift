/// An exact amount in millionths of a currency unit.
///
/// Written as a decimal string in JSON, never as a binary floating-point number. Range: about ±9.2 trillion units.
public struct Money: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The amount in millionths.
    public let micros: Int64

    /// Nothing.
    public static let zero = Money(micros: 0)

    /// Makes an amount.
    ///
    /// - Parameter micros: Millionths of the currency unit.
    public init(micros: Int64) {
        self.micros = micros
    }

    /// Reads a decimal such as `12`, `-0.5` or `3.141592`.
    ///
    /// - Returns: nil for anything else, for more than six decimals, or out of range.
    public init?(decimal text: some StringProtocol) {
        var digits = Substring(text)
        let negative = digits.first == "-"
        if negative { digits = digits.dropFirst() }
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, whole.utf8.allSatisfy(Self.isDigit) else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard parts.count == 1 || !fraction.isEmpty, fraction.utf8.count <= 6, fraction.utf8.allSatisfy(Self.isDigit)
        else { return nil }
        let padded = fraction + String(repeating: "0", count: 6 - fraction.utf8.count)
        // Read as a negative number: its range is the larger by one.
        guard let wholeValue = Int64("-" + whole), let fractionValue = Int64(padded) else { return nil }
        let (scaled, tooLarge) = wholeValue.multipliedReportingOverflow(by: 1_000_000)
        let (sum, tooLow) = scaled.subtractingReportingOverflow(fractionValue)
        guard !tooLarge, !tooLow, negative || sum != .min else { return nil }
        micros = negative ? sum : -sum
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// The decimal with as many decimals as it needs, at least two: `0.50`, `0.000125`.
    public var description: String {
        let magnitude = micros.magnitude
        var fraction = String(magnitude % 1_000_000)
        fraction = String(repeating: "0", count: 6 - fraction.utf8.count) + fraction
        while fraction.utf8.count > 2 && fraction.hasSuffix("0") { fraction.removeLast() }
        return (micros < 0 ? "-" : "") + "\(magnitude / 1_000_000).\(fraction)"
    }

    /// Whether one amount is smaller.
    public static func < (left: Money, right: Money) -> Bool { left.micros < right.micros }

    /// Adds; nil when the sum leaves the range.
    public func adding(_ other: Money) -> Money? {
        let (sum, overflow) = micros.addingReportingOverflow(other.micros)
        return overflow ? nil : Money(micros: sum)
    }

    /// The price of a quantity at so much per so many units, rounded half to even to a millionth.
    ///
    /// - Parameters:
    ///   - quantity: Units used, for example tokens.
    ///   - unitPrice: Price of `per` units.
    ///   - per: Units that the price is for; above 0.
    /// - Returns: nil when the amount leaves the range or `per` is not above 0.
    public static func price(quantity: Int64, at unitPrice: Money, per: Int64) -> Money? {
        guard per > 0 else { return nil }
        let divisor = per.magnitude
        let product = quantity.magnitude.multipliedFullWidth(by: unitPrice.micros.magnitude)
        guard product.high < divisor else { return nil }
        let (quotient, remainder) = divisor.dividingFullWidth(product)
        // divisor is below 2^63, so twice the remainder cannot overflow.
        let twice = remainder * 2
        let roundsUp = twice > divisor || (twice == divisor && quotient % 2 == 1)
        let (rounded, overflow) = quotient.addingReportingOverflow(roundsUp ? 1 : 0)
        guard !overflow, let magnitude = Int64(exactly: rounded) else { return nil }
        return Money(micros: (quantity < 0) != (unitPrice.micros < 0) ? -magnitude : magnitude)
    }
}
