package import SomaStreams

/// The processors of this folder, ready to run.
package enum BillingProcessors {
    /// All of them.
    package static func definitions(_ books: PriceBooks) -> [ProcessorDefinition] {
        [usageMeter(), billingRater(books), billingLedger(books)]
    }

    /// slm.responses → billing (usage.recorded).
    package static func usageMeter() -> ProcessorDefinition {
        ProcessorDefinition(name: UsageMeter.name, inputs: ["slm.responses"], outputs: ["billing"]) { _ in
            UsageMeterProcessor()
        }
    }

    /// billing (usage.recorded) → billing (charge.rated).
    package static func billingRater(_ books: PriceBooks) -> ProcessorDefinition {
        let rating = Rating(books)
        return ProcessorDefinition(name: Rating.name, inputs: ["billing"], outputs: ["billing", "agent.audit"]) { _ in
            BillingRaterProcessor(rating)
        }
    }

    /// billing → billing.ledger.
    package static func billingLedger(_ books: PriceBooks) -> ProcessorDefinition {
        ProcessorDefinition(
            name: Ledger.name,
            inputs: ["billing"],
            outputs: ["billing.ledger"],
            stores: [BillingLedgerProcessor.store]
        ) { _ in BillingLedgerProcessor(books) }
    }
}
