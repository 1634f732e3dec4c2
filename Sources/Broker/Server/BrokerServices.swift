import Clocks
import CommitLog
import EventLoop
import Telemetry

/// What the handlers of a running broker work with.
final class BrokerServices: Sendable {
    /// As they were at the start; what can change since is in `configs`.
    let settings: BrokerSettings
    let clock: Clock
    let logger: Logger
    let metrics: BrokerMetrics
    let directory: LogDirectory
    let catalogue: TopicCatalogue
    let configs: ConfigStore
    let producerIDs: ProducerIDs
    let groups: GroupCoordinator
    let quotas: Quotas
    let fetchSessions: FetchSessions
    let transactions: TransactionCoordinator
    /// Nil when nobody is asked who may do what.
    let access: AccessControl?
    /// The thread of everything that changes topics or waits for the disk.
    let administration: EventLoop
    /// Listeners and users.
    let security: ListenerSecurity

    init(
        settings: BrokerSettings,
        clock: Clock,
        logger: Logger,
        metrics: BrokerMetrics,
        directory: LogDirectory,
        catalogue: TopicCatalogue,
        configs: ConfigStore,
        producerIDs: ProducerIDs,
        groups: GroupCoordinator,
        quotas: Quotas,
        transactions: TransactionCoordinator,
        access: AccessControl?,
        administration: EventLoop,
        security: ListenerSecurity
    ) {
        self.settings = settings
        self.clock = clock
        self.logger = logger
        self.metrics = metrics
        self.directory = directory
        self.catalogue = catalogue
        self.configs = configs
        self.producerIDs = producerIDs
        self.groups = groups
        self.quotas = quotas
        fetchSessions = FetchSessions(limit: settings.int("max.incremental.fetch.session.cache.slots"), clock: clock)
        self.transactions = transactions
        self.access = access
        self.administration = administration
        self.security = security
    }
}
