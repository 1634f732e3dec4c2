package import ConsumerLag
private import Events
private import Gateway
private import HTTPServer
private import Inference
private import Postgres
private import Schemas
private import Telemetry
package import VectorSink

/// The gateway with everything it needs, as one thing that starts and stops.
package final class GatewayPart: Sendable {
    /// What the gateway is given.
    package struct Settings: Sendable {
        package var brokers: String
        package var address = "127.0.0.1"
        package var port: UInt16
        package var apiKey: String
        /// Where the ledger's rows are; nil answers usage with 404.
        package var postgresURL: String?
        package var servesConsole = true
        package var environment: [String: String] = [:]

        package init(brokers: String, port: UInt16, apiKey: String) {
            self.brokers = brokers
            self.port = port
            self.apiKey = apiKey
        }
    }

    private let gateway: HTTPGateway
    private let log: KafkaEventLog
    package let port: UInt16

    /// Follows the log and listens; blocks until requests can be answered.
    package init(
        _ settings: Settings,
        memory: MemoryIndex?,
        lag: LagMonitor?,
        readiness: @escaping @Sendable () -> [Readiness]
    ) throws {
        var behaviour = GatewaySettings()
        behaviour.server.address = settings.address
        behaviour.server.port = settings.port
        behaviour.servesConsole = settings.servesConsole
        behaviour.opensConsoleOnLoopback = settings.address == "127.0.0.1"
        let log = try KafkaEventLog(brokers: settings.brokers, settings: behaviour)
        let models = ModelTable(InferenceSettings(environment: settings.environment))
        let services = GatewayServices(
            keys: APIKeys([(settings.apiKey, Principal(tenant: Envelope.defaultTenant, subject: "dev"))]),
            log: log,
            contracts: try ContractTable(),
            models: { models.entries.map { ModelListing(id: $0.name, ownedBy: $0.provider) } },
            searchMemory: memory.map { memory in { @Sendable in Self.search(memory, $0) } },
            platform: lag.map { lag in { @Sendable in PlatformReport(lag.snapshot) } },
            usage: settings.postgresURL.map { url in { @Sendable in try Self.usage(of: $0, url) } },
            readiness: { readiness().map { ComponentHealth(name: $0.name, isReady: $0.isReady, detail: $0.detail) } }
        )
        gateway = HTTPGateway(settings: behaviour, services: services)
        self.log = log
        port = try gateway.start(following: TurnFeed(brokers: settings.brokers, table: gateway.turns))
    }

    /// Refuses new requests, lets those at work end, writes what was accepted.
    package func stop() {
        gateway.stop(graceMilliseconds: 1_500)
        do {
            try log.close(deadline: .seconds(1))
        } catch {
            Logger("gateway").warning("not all accepted records were written", ["reason": .value(error)])
        }
    }

    private static func search(_ memory: MemoryIndex, _ query: MemoryQuery) -> [Gateway.MemoryHit] {
        memory.search(tenant: query.tenant, query: query.text, k: query.count, session: query.session).map {
            Gateway.MemoryHit(
                id: $0.id,
                session: $0.sessionID,
                role: $0.role,
                text: $0.text,
                score: $0.score,
                time: $0.time
            )
        }
    }

    /// The running totals of a tenant, from the rows of the ledger.
    private static func usage(of tenant: String, _ url: String) throws -> [UsageRow] {
        let rows = try Connection(url, connectTimeoutSeconds: 3, statementTimeoutMilliseconds: 5_000).query(
            """
            SELECT service, model, currency, total_tokens, total_amount::numeric(24, 6), usage_count, charge_count
            FROM billing_ledger WHERE tenant = $1 ORDER BY service, model, currency
            """,
            [.text(tenant)]
        )
        return try rows.map { row in
            UsageRow(
                service: row.text(0) ?? "",
                model: row.text(1) ?? "",
                currency: row.text(2) ?? "",
                totalTokens: Int64(try row.int(3) ?? 0),
                totalAmount: Money(decimal: row.text(4) ?? "") ?? .zero,
                usageCount: Int64(try row.int(5) ?? 0),
                chargeCount: Int64(try row.int(6) ?? 0)
            )
        }
    }
}
