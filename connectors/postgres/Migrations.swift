import Postgres

/// The tables of the sink, version by version; a version that was published is never edited.
enum Migrations {
    // Held while migrating, so that several members that start together do it once. Any constant does.
    private static let lock: Int64 = 0x736F_6D61_5F70_6773

    static let all: [(version: Int64, sql: String)] = [(1, first)]

    /// Brings the database to the newest version, in one transaction.
    static func run(_ connection: Connection) throws {
        try connection.transaction { connection in
            _ = try connection.query("SELECT pg_advisory_xact_lock($1)", [.int8(lock)])
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS soma_migrations (
                    version bigint PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())
                """
            )
            let newest = try connection.query("SELECT coalesce(max(version), 0) FROM soma_migrations")[0].int(0) ?? 0
            for migration in all where migration.version > newest {
                try connection.execute(migration.sql)
                _ = try connection.query(
                    "INSERT INTO soma_migrations (version) VALUES ($1)",
                    [.int8(migration.version)]
                )
            }
        }
    }

    // Ids are text: those of foreign producers are no UUIDs. Places are not unique: a second delivery from upstream has
    // the same id at another place, and the first one counts.
    private static let first = """
        CREATE TABLE conversation_events (
            id text PRIMARY KEY, tenant text NOT NULL, session_id text NOT NULL, request_id text NOT NULL,
            type text NOT NULL, content text, model text, time timestamptz NOT NULL, correlation_id text NOT NULL,
            causation_id text, data jsonb NOT NULL, topic text NOT NULL, partition integer NOT NULL,
            record_offset bigint NOT NULL);
        CREATE INDEX conversation_events_session ON conversation_events (session_id, time);
        CREATE INDEX conversation_events_request ON conversation_events (request_id);

        CREATE TABLE audit_events (
            id text PRIMARY KEY, tenant text NOT NULL, actor text NOT NULL, action text NOT NULL,
            resource text NOT NULL, outcome text NOT NULL, request_id text NOT NULL, session_id text NOT NULL,
            recorded_at timestamptz NOT NULL, data jsonb NOT NULL, topic text NOT NULL, partition integer NOT NULL,
            record_offset bigint NOT NULL);
        CREATE INDEX audit_events_request ON audit_events (request_id);
        CREATE INDEX audit_events_tenant ON audit_events (tenant, recorded_at);

        CREATE TABLE billing_usage (
            id text PRIMARY KEY, tenant text NOT NULL, request_id text NOT NULL, session_id text NOT NULL,
            service text NOT NULL, model text NOT NULL, provider text NOT NULL, prompt_tokens bigint NOT NULL,
            completion_tokens bigint NOT NULL, total_tokens bigint NOT NULL, source text NOT NULL,
            status text NOT NULL, recorded_at timestamptz NOT NULL, data jsonb NOT NULL, topic text NOT NULL,
            partition integer NOT NULL, record_offset bigint NOT NULL);
        CREATE INDEX billing_usage_request ON billing_usage (request_id);
        CREATE INDEX billing_usage_tenant ON billing_usage (tenant, recorded_at);

        CREATE TABLE billing_charges (
            id text PRIMARY KEY, usage_id text NOT NULL, tenant text NOT NULL, request_id text NOT NULL,
            session_id text NOT NULL, service text NOT NULL, model text NOT NULL, currency text NOT NULL,
            amount numeric NOT NULL, price_book text NOT NULL, rated_at timestamptz NOT NULL, data jsonb NOT NULL,
            topic text NOT NULL, partition integer NOT NULL, record_offset bigint NOT NULL);
        CREATE INDEX billing_charges_request ON billing_charges (request_id);
        CREATE INDEX billing_charges_tenant ON billing_charges (tenant, rated_at);

        CREATE TABLE billing_ledger (
            id text PRIMARY KEY, tenant text NOT NULL, service text NOT NULL, model text NOT NULL,
            currency text NOT NULL, total_tokens bigint NOT NULL, total_amount numeric NOT NULL,
            usage_count bigint NOT NULL, charge_count bigint NOT NULL, last_event_id text NOT NULL,
            updated_at timestamptz NOT NULL, topic text NOT NULL, partition integer NOT NULL,
            record_offset bigint NOT NULL);

        CREATE TABLE training_events (
            id text PRIMARY KEY, tenant text NOT NULL, action text NOT NULL, user_name text NOT NULL,
            recorded_at timestamptz NOT NULL, data jsonb NOT NULL, topic text NOT NULL, partition integer NOT NULL,
            record_offset bigint NOT NULL);

        CREATE TABLE sink_positions (
            sink text NOT NULL, topic text NOT NULL, partition integer NOT NULL, next_offset bigint NOT NULL,
            epoch bigint NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (sink, topic, partition));

        CREATE VIEW billing_by_tenant AS
            SELECT tenant, currency, sum(total_tokens) AS total_tokens, sum(total_amount) AS total_amount,
                   sum(usage_count) AS usage_count, sum(charge_count) AS charge_count, max(updated_at) AS updated_at
            FROM billing_ledger GROUP BY tenant, currency;
        """
}
