package import Events

/// Puts a price on usage.
package struct Rating: Sendable {
    static let name = "billing-rater"
    /// What a charge without a price names as its book.
    static let noBook = "none"

    /// A charge, and the meters that no rate was found for.
    package struct Outcome: Sendable, Equatable {
        package var charge: ChargeRated
        package var unpricedMeters: [String]
    }

    /// An amount that leaves the range of exact money.
    package struct OutOfRange: Error, CustomStringConvertible {
        package let usageID: String
        package var description: String { "the charge for usage \(usageID) is larger than ±9.2 trillion" }
    }

    private let books: PriceBooks

    package init(_ books: PriceBooks) {
        self.books = books
    }

    /// The charge for a usage, by the book in force when the usage happened.
    ///
    /// A usage without a price is charged 0 with a line that says `unpriced`: it stays visible, can be counted and can be
    /// corrected by a later charge, where a dead letter would only be missing.
    package func rate(_ usage: UsageRecorded, time: Int64) throws(OutOfRange) -> Outcome {
        let book = books.inForce(at: time)
        var lines: [ChargeLine] = []
        var unpriced: [String] = []
        var total = Money.zero
        let meters = [("input_tokens", usage.promptTokens), ("output_tokens", usage.completionTokens)]
        for (meter, quantity) in meters {
            guard let rate = book?.rate(model: usage.model, meter: meter) else {
                unpriced.append(meter)
                lines.append(
                    ChargeLine(
                        meter: "unpriced \(meter)",
                        quantity: quantity,
                        per: 1,
                        unitPrice: Money.zero.description,
                        amount: Money.zero.description
                    )
                )
                continue
            }
            guard let amount = Money.price(quantity: quantity, at: rate.price, per: rate.per),
                let sum = total.adding(amount)
            else { throw OutOfRange(usageID: usage.usageID) }
            total = sum
            lines.append(
                ChargeLine(
                    meter: meter,
                    quantity: quantity,
                    per: rate.per,
                    unitPrice: rate.price.description,
                    amount: amount.description
                )
            )
        }
        let charge = ChargeRated(
            chargeID: EventID.derived(from: usage.usageID, processor: Self.name, index: 0),
            usageID: usage.usageID,
            tenant: usage.tenant,
            requestID: usage.requestID,
            sessionID: usage.sessionID,
            service: usage.service,
            model: usage.model,
            currency: books.currency(at: time),
            amount: total.description,
            priceBook: book?.label ?? Self.noBook,
            lines: lines,
            ratedAt: usage.recordedAt
        )
        return Outcome(charge: charge, unpricedMeters: unpriced)
    }
}
