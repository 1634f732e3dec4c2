package import Clocks
package import Events
package import Schemas
package import Telemetry

/// A model that can be asked for.
package struct ModelListing: Sendable, Equatable {
    package var id: String
    package var ownedBy: String
    /// Seconds since 1970.
    package var created: Int64

    package init(id: String, ownedBy: String, created: Int64 = 0) {
        self.id = id
        self.ownedBy = ownedBy
        self.created = created
    }
}

/// A search in remembered text.
package struct MemoryQuery: Sendable {
    package var tenant: String
    package var text: String
    package var count: Int
    package var session: String?
}

/// One remembered text that fits.
package struct MemoryHit: Sendable {
    package var id: String
    package var session: String
    package var role: String
    package var text: String
    package var score: Double
    /// Milliseconds since 1970.
    package var time: Int64

    package init(id: String, session: String, role: String, text: String, score: Double, time: Int64) {
        self.id = id
        self.session = session
        self.role = role
        self.text = text
        self.score = score
        self.time = time
    }
}

/// What one tenant used of one model, summed.
package struct UsageRow: Sendable {
    package var service: String
    package var model: String
    package var currency: String
    package var totalTokens: Int64
    package var totalAmount: Money
    package var usageCount: Int64
    package var chargeCount: Int64

    package init(
        service: String,
        model: String,
        currency: String,
        totalTokens: Int64,
        totalAmount: Money,
        usageCount: Int64,
        chargeCount: Int64
    ) {
        self.service = service
        self.model = model
        self.currency = currency
        self.totalTokens = totalTokens
        self.totalAmount = totalAmount
        self.usageCount = usageCount
        self.chargeCount = chargeCount
    }
}

/// One part that must work before requests are taken.
package struct ComponentHealth: Sendable {
    package var name: String
    package var isReady: Bool
    package var detail: String

    package init(name: String, isReady: Bool, detail: String = "") {
        self.name = name
        self.isReady = isReady
        self.detail = detail
    }
}

/// Everything the gateway needs from the rest of the platform.
///
/// The reading closures may block: they are called on threads that the gateway keeps for them. Those that are nil are
/// answered 404 or left out.
package struct GatewayServices: Sendable {
    package var keys: APIKeys
    package var log: any EventLog
    package var contracts: ContractTable
    package var clock: Clock
    package var metrics: MetricsRegistry
    package var models: @Sendable () -> [ModelListing]
    package var searchMemory: (@Sendable (MemoryQuery) throws -> [MemoryHit])?
    package var platform: (@Sendable () -> PlatformReport?)?
    package var usage: (@Sendable (_ tenant: String) throws -> [UsageRow])?
    package var readiness: @Sendable () -> [ComponentHealth]

    package init(
        keys: APIKeys,
        log: any EventLog,
        contracts: ContractTable,
        clock: Clock = .system,
        metrics: MetricsRegistry = .standard,
        models: @escaping @Sendable () -> [ModelListing],
        searchMemory: (@Sendable (MemoryQuery) throws -> [MemoryHit])? = nil,
        platform: (@Sendable () -> PlatformReport?)? = nil,
        usage: (@Sendable (_ tenant: String) throws -> [UsageRow])? = nil,
        readiness: @escaping @Sendable () -> [ComponentHealth] = { [] }
    ) {
        self.keys = keys
        self.log = log
        self.contracts = contracts
        self.clock = clock
        self.metrics = metrics
        self.models = models
        self.searchMemory = searchMemory
        self.platform = platform
        self.usage = usage
        self.readiness = readiness
    }
}
