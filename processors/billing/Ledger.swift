import Events

/// Adds usage and charges to running totals.
enum Ledger {
    static let name = "billing-ledger"

    /// Data that cannot be added: the record goes to the dead-letter topic instead of being counted wrongly.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    /// The balance after a usage; without a balance it starts at zero.
    ///
    /// The currency is the one in force at the time of the usage, so that it meets its charge in one row.
    static func adding(
        _ usage: UsageRecorded,
        currency: String,
        to balance: LedgerBalance?,
        eventID: String
    ) throws(Refused) -> LedgerBalance {
        var next = balance ?? empty(usage.tenant, usage.service, usage.model, currency)
        guard usage.totalTokens >= 0 else {
            throw Refused(description: "usage \(usage.usageID) has \(usage.totalTokens) tokens")
        }
        let (tokens, overflow) = next.totalTokens.addingReportingOverflow(usage.totalTokens)
        guard !overflow else { throw Refused(description: "usage \(usage.usageID) overflows the token total") }
        next.totalTokens = tokens
        next.usageCount += 1
        return stamped(next, eventID, usage.recordedAt)
    }

    /// The balance after a charge.
    static func adding(
        _ charge: ChargeRated,
        to balance: LedgerBalance?,
        eventID: String
    ) throws(Refused) -> LedgerBalance {
        var next = balance ?? empty(charge.tenant, charge.service, charge.model, charge.currency)
        guard let amount = Money(decimal: charge.amount) else {
            throw Refused(description: "charge \(charge.chargeID): amount \(charge.amount) is no exact decimal")
        }
        guard let total = Money(decimal: next.totalAmount)?.adding(amount) else {
            throw Refused(description: "charge \(charge.chargeID) overflows the total amount")
        }
        next.totalAmount = total.description
        next.chargeCount += 1
        return stamped(next, eventID, charge.ratedAt)
    }

    private static func empty(
        _ tenant: String,
        _ service: String,
        _ model: String,
        _ currency: String
    ) -> LedgerBalance {
        LedgerBalance(
            tenant: tenant,
            service: service,
            model: model,
            currency: currency,
            totalTokens: 0,
            totalAmount: Money.zero.description,
            usageCount: 0,
            chargeCount: 0,
            lastEventID: "",
            updatedAt: ""
        )
    }

    private static func stamped(_ balance: LedgerBalance, _ eventID: String, _ time: String) -> LedgerBalance {
        var next = balance
        next.lastEventID = eventID
        // Late events must not turn the clock back; RFC 3339 in UTC with milliseconds sorts as text.
        next.updatedAt = max(balance.updatedAt, time)
        return next
    }
}
