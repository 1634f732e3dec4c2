package import Declarations
package import Events

/// What usage costs from a date on.
package struct PriceBook: Sendable, Equatable {
    /// The price of one meter of the models that a pattern matches.
    package struct Rate: Sendable, Equatable {
        package var model: String
        package var meter: String
        package var per: Int64
        package var price: Money

        package init(model: String, meter: String, per: Int64, price: Money) {
            self.model = model
            self.meter = meter
            self.per = per
            self.price = price
        }
    }

    package var name: String
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var effectiveFrom: Int64
    /// ISO 4217 code.
    package var currency: String
    package var rates: [Rate]

    package init(name: String, effectiveFrom: Int64, currency: String, rates: [Rate]) {
        self.name = name
        self.effectiveFrom = effectiveFrom
        self.currency = currency
        self.rates = rates
    }

    package init(_ declaration: PriceBookDeclaration) {
        self.init(
            name: declaration.metadata.name,
            effectiveFrom: declaration.effectiveFrom,
            currency: declaration.currency,
            rates: declaration.rates.map { Rate(model: $0.model, meter: $0.meter, per: $0.per, price: $0.price) }
        )
    }

    /// Name and date, as charges carry it.
    package var label: String { "\(name)@\(EventTime.text(milliseconds: effectiveFrom))" }

    /// The first rate in the order of the file that fits.
    package func rate(model: String, meter: String) -> Rate? {
        rates.first { $0.meter == meter && ModelPattern.matches($0.model, model) }
    }
}
