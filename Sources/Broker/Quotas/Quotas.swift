import Clocks
import KafkaProtocol
import Synchronization
import Telemetry

/// The quotas of a running broker: used from any thread, changed on the administration thread, kept in a file.
final class Quotas: Sendable {
    static let fileName = "quotas"
    private static let file = LineFile(kind: "soma-quotas")
    /// Entities that may have quotas.
    private static let entitiesMax = 100_000

    private let ledger: Mutex<QuotaLedger>
    private let clock: Clock
    private let directory: String
    private let metrics: QuotaMetrics
    /// Whether any quota of clients is set; asked before each answer.
    private let hasClientQuotas = Atomic<Bool>(false)
    private let hasAddressQuotas = Atomic<Bool>(false)

    /// - Throws: `AtomicFile.Failure`, or `LineFile.Damage` when the file is not what was written.
    init(_ settings: BrokerSettings, directory: String, clock: Clock, metrics: MetricsRegistry) throws {
        self.clock = clock
        self.directory = directory
        self.metrics = QuotaMetrics(metrics)
        var windows = QuotaLedger.Windows()
        windows.count = settings.int("quota.window.num")
        windows.milliseconds = settings.integer("quota.window.size.seconds") * 1000
        var mutations = QuotaLedger.Windows()
        mutations.count = settings.int("controller.quota.window.num")
        mutations.milliseconds = settings.integer("controller.quota.window.size.seconds") * 1000
        var ledger = QuotaLedger(windows: windows, mutationWindows: mutations)
        if let bytes = try AtomicFile.read(directory + "/" + Self.fileName) {
            ledger.replace(try Self.decode(bytes))
        }
        let table = ledger.table
        self.ledger = Mutex(ledger)
        note(table)
    }

    /// False costs nothing further.
    var limitsClients: Bool { hasClientQuotas.load(ordering: .relaxed) }

    var table: QuotaTable { ledger.withLock { $0.table } }

    /// Counts what a client used; the time it must wait.
    func use(_ kind: QuotaKind, _ amount: Double, _ client: QuotaLedger.Client) -> Int64 {
        let now = clock.monotonicMilliseconds
        let throttle = ledger.withLock { $0.use(kind, amount, client, now: now) }
        metrics.note(kind, throttle)
        return throttle
    }

    /// Counts the time that a thread spent on a client, in percent of a second.
    func noteRequestTime(nanoseconds: Int64, _ client: QuotaLedger.Client) {
        let now = clock.monotonicMilliseconds
        ledger.withLock { _ = $0.use(.requestTime, Double(nanoseconds) * 100 / 1e9, client, now: now) }
    }

    /// The time that a client must wait for what it made or removed.
    func mutationThrottle(_ client: QuotaLedger.Client) -> Int64 {
        let now = clock.monotonicMilliseconds
        let throttle = ledger.withLock { $0.mutationThrottle(client, now: now) }
        metrics.note(.mutations, throttle)
        return throttle
    }

    /// Asks whether `count` partitions may be made or removed.
    func mutate(_ count: Int, _ client: QuotaLedger.Client, isStrict: Bool) -> Bool {
        guard limitsClients else { return true }
        let now = clock.monotonicMilliseconds
        return ledger.withLock { $0.mutate(count, client, isStrict: isStrict, now: now) }
    }

    /// Counts a connection; the time for which it is too much, 0 to admit it.
    func connect(_ address: String) -> Int64 {
        guard hasAddressQuotas.load(ordering: .relaxed) else { return 0 }
        let now = clock.monotonicMilliseconds
        let throttle = ledger.withLock { $0.connect(address, now: now) }
        metrics.note(.connections, throttle)
        return throttle
    }

    /// Changes the quotas; they are on disk before they hold.
    ///
    /// Administration thread only.
    func change(_ body: (inout QuotaTable) -> Void) throws(TopicCatalogue.Refusal) {
        var table = table
        body(&table)
        guard table.limits.count <= Self.entitiesMax else {
            throw TopicCatalogue.Refusal(.policyViolation, "More than \(Self.entitiesMax) entities with quotas.")
        }
        do throws(AtomicFile.Failure) {
            try AtomicFile.write(Self.encode(table), to: directory + "/" + Self.fileName, in: directory)
        } catch {
            throw TopicCatalogue.Refusal(.kafkaStorageError, "\(error)")
        }
        ledger.withLock { [table] in $0.replace(table) }
        note(table)
    }

    private func note(_ table: QuotaTable) {
        hasClientQuotas.store(table.has(Set(QuotaKind.allCases).subtracting([.connections])), ordering: .relaxed)
        hasAddressQuotas.store(table.has([.connections]), ordering: .relaxed)
    }

    static func encode(_ table: QuotaTable) -> [UInt8] {
        func word(_ part: QuotaEntity.Part?) -> String {
            switch part {
            case nil: "-"
            case .others: "*"
            case .named(let name): "=" + name
            }
        }
        let lines = table.limits.flatMap { entity, limits in
            limits.map {
                [word(entity.user), word(entity.clientID), word(entity.address), $0.key.rawValue, "\($0.value)"]
            }
        }
        return file.encode(lines.sorted { $0.lexicographicallyPrecedes($1) })
    }

    static func decode(_ bytes: [UInt8]) throws(LineFile.Damage) -> QuotaTable {
        func part(_ word: String) -> QuotaEntity.Part? {
            switch word.first {
            case "*": .others
            case "=": .named(String(word.dropFirst()))
            default: nil
            }
        }
        var table = QuotaTable()
        for (index, words) in try file.decode(bytes).enumerated() {
            guard words.count == 5, let kind = QuotaKind(rawValue: words[3]), let value = Double(words[4]) else {
                throw file.damage(index + 2, "is no quota")
            }
            table.set(
                QuotaEntity(user: part(words[0]), clientID: part(words[1]), address: part(words[2])),
                kind,
                value
            )
        }
        return table
    }
}

/// What quotas made clients wait.
struct QuotaMetrics: Sendable {
    private let requests: [QuotaKind: Counter]
    private let milliseconds: [QuotaKind: Counter]

    init(_ registry: MetricsRegistry) {
        func counters(_ name: String, _ help: String) -> [QuotaKind: Counter] {
            Dictionary(
                uniqueKeysWithValues: QuotaKind.allCases.map {
                    ($0, registry.counter(name, help, [("quota", $0.rawValue)]))
                }
            )
        }
        requests = counters("soma_broker_throttled_requests_total", "Requests whose clients were made to wait.")
        milliseconds = counters("soma_broker_throttle_milliseconds_total", "Time that clients were told to wait.")
    }

    func note(_ kind: QuotaKind, _ throttle: Int64) {
        guard throttle > 0 else { return }
        requests[kind]?.add()
        milliseconds[kind]?.add(Int(throttle))
    }
}
