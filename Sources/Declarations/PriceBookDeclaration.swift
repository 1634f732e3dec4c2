package import Events
import YAML

/// Prices that count from a date on.
package struct PriceBookDeclaration: Sendable {
    package struct Rate: Sendable {
        /// A model name; `*` stands for any run of characters.
        package let model: String
        /// `input_tokens` or `output_tokens`.
        package let meter: String
        /// Units that the price is for.
        package let per: Int64
        package let price: Money
    }

    package let metadata: Metadata
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package let effectiveFrom: Int64
    /// ISO 4217 code.
    package let currency: String
    /// The first rate whose model matches counts.
    package let rates: [Rate]

    init(_ reader: FieldReader, metadata: Metadata) throws(YAMLError) {
        let node = try reader.required("spec")
        let fields = try FieldReader(node, file: reader.file, path: "spec")
        try fields.allow(["effectiveFrom", "currency", "rates"])
        self.metadata = metadata
        let from = try fields.string("effectiveFrom")
        guard let milliseconds = EventTime.milliseconds(from) else {
            throw fields.fail(try fields.required("effectiveFrom"), "spec.effectiveFrom \(from) is no RFC 3339 time")
        }
        effectiveFrom = milliseconds
        currency = try fields.string("currency")
        let list = try fields.required("rates")
        guard let nodes = list.sequence else { throw fields.fail(list, "spec.rates must be a list") }
        var rates: [Rate] = []
        for (index, rateNode) in nodes.enumerated() {
            let rate = try FieldReader(rateNode, file: reader.file, path: "spec.rates[\(index)]")
            try rate.allow(["model", "meter", "per", "price"])
            let text = try rate.string("price")
            guard let price = Money(decimal: text) else {
                throw rate.fail(rateNode, "spec.rates[\(index)].price \(text) is no decimal with at most 6 places")
            }
            let meter = try rate.string("meter")
            guard ["input_tokens", "output_tokens"].contains(meter) else {
                throw rate.fail(rateNode, "spec.rates[\(index)].meter is \(meter); known: input_tokens, output_tokens")
            }
            rates.append(
                Rate(
                    model: try rate.string("model"),
                    meter: meter,
                    per: Int64(try rate.integer("per", in: 1...1_000_000_000_000)),
                    price: price
                )
            )
        }
        self.rates = rates
    }
}
