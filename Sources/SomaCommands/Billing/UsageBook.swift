import Events

/// What was used and charged, added up from records of the billing topic; each usage and charge counts once.
struct UsageBook {
    enum Grouping: String, CaseIterable {
        case model, tenant, session
    }

    struct Key: Hashable, Comparable {
        var tenant: String
        /// The model or session; empty when grouped by tenant.
        var name: String

        static func < (left: Key, right: Key) -> Bool { (left.tenant, left.name) < (right.tenant, right.name) }
    }

    struct Line: Equatable {
        var usages: Int64 = 0
        var promptTokens: Int64 = 0
        var completionTokens: Int64 = 0
        var totalTokens: Int64 = 0
        var charges: Int64 = 0
        /// By currency.
        var amounts: [String: Money] = [:]
    }

    let grouping: Grouping
    /// Only this tenant; nil is all.
    let tenant: String?
    /// When the usage was, in milliseconds since 1970-01-01T00:00:00Z.
    let window: Range<Int64>
    private(set) var lines: [Key: Line] = [:]
    private(set) var duplicates = 0
    private(set) var unreadable = 0
    /// Charges of usages that were not seen.
    private(set) var unmatchedCharges = 0
    private var usageKeys: [String: Key] = [:]
    private var chargeIDs: Set<String> = []

    init(grouping: Grouping, tenant: String?, window: Range<Int64>) {
        self.grouping = grouping
        self.tenant = tenant
        self.window = window
    }

    /// Adds a record of the billing topic; usage before its charge, as the log has them.
    mutating func add(_ record: LogRecord) throws {
        let type = record.envelope(defaultType: "").type
        guard let value = record.value else { return }
        do {
            try value.withUnsafeBytes { bytes in
                switch type {
                case UsageRecorded.type: try add(UsageRecorded(bytes: bytes))
                case ChargeRated.type: try add(ChargeRated(bytes: bytes))
                default: break
                }
            }
        } catch is EventError {
            unreadable += 1
        }
    }

    private mutating func add(_ usage: UsageRecorded) throws {
        guard tenant == nil || usage.tenant == tenant else { return }
        guard let time = EventTime.milliseconds(usage.recordedAt), window.contains(time) else { return }
        let key = key(usage.tenant, usage.model, usage.sessionID)
        guard usageKeys.updateValue(key, forKey: usage.usageID) == nil else {
            duplicates += 1
            return
        }
        var line = lines[key] ?? Line()
        line.usages += 1
        line.promptTokens = try Self.sum(line.promptTokens, usage.promptTokens)
        line.completionTokens = try Self.sum(line.completionTokens, usage.completionTokens)
        line.totalTokens = try Self.sum(line.totalTokens, usage.totalTokens)
        lines[key] = line
    }

    private mutating func add(_ charge: ChargeRated) throws {
        guard tenant == nil || charge.tenant == tenant else { return }
        guard let key = usageKeys[charge.usageID] else {
            unmatchedCharges += 1
            return
        }
        guard chargeIDs.insert(charge.chargeID).inserted else {
            duplicates += 1
            return
        }
        guard let amount = Money(decimal: charge.amount),
            let sum = (lines[key]?.amounts[charge.currency] ?? .zero).adding(amount)
        else { throw CommandError("the charge \(charge.chargeID) of \(charge.amount) leaves the range of money") }
        lines[key]?.amounts[charge.currency] = sum
        lines[key]?.charges += 1
    }

    func key(_ tenant: String, _ model: String, _ session: String) -> Key {
        switch grouping {
        case .model: Key(tenant: tenant, name: model)
        case .tenant: Key(tenant: tenant, name: "")
        case .session: Key(tenant: tenant, name: session)
        }
    }

    private static func sum(_ left: Int64, _ right: Int64) throws -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow else { throw CommandError("the tokens leave the range of 64 bits") }
        return sum
    }
}
