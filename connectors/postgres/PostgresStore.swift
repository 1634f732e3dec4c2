import Postgres

/// One session with the database: stages rows, merges them and moves positions in one transaction.
///
/// Used by one thread at a time; blocks.
package final class PostgresStore {
    private let connection: Connection
    private let sink: String
    /// By topic and partition: what this task may move.
    var epochs: [String: Int64] = [:]

    /// Connects and brings the tables to the newest version.
    package init(url: String, sink: String) throws {
        connection = try Connection(url, applicationName: "soma sink \(sink)")
        self.sink = sink
        try Migrations.run(connection)
        for table in Table.allCases { try connection.execute(table.stageSQL) }
    }

    var isOpen: Bool { connection.isOpen }

    /// Takes a partition over and says where to go on: at its start when nothing of it is stored yet.
    package func claim(topic: String, partition: Int32) throws -> Int64 {
        let claim = try PositionsTable.claim(connection, sink: sink, topic: topic, partition: partition)
        epochs["\(topic)/\(partition)"] = claim.epoch
        return claim.nextOffset
    }

    /// Gives a partition back; its epoch stays until the next task claims it.
    package func release(topic: String, partition: Int32) {
        epochs["\(topic)/\(partition)"] = nil
    }

    /// Stores rows and positions: all of them or, when it throws, none.
    func store(_ rows: [StoredRow], positions: [(topic: String, partition: Int32, nextOffset: Int64)]) throws {
        try connection.transaction { connection in
            // Positions first: a task that lost its partition learns so before it sends any rows. In one order, so that
            // two tasks never wait for each other.
            for position in positions.sorted(by: { ($0.topic, $0.partition) < ($1.topic, $1.partition) }) {
                guard let epoch = epochs["\(position.topic)/\(position.partition)"] else {
                    throw PositionsTable.Fenced(topic: position.topic, partition: position.partition, epoch: 0)
                }
                try PositionsTable.advance(
                    connection,
                    sink: sink,
                    topic: position.topic,
                    partition: position.partition,
                    to: position.nextOffset,
                    epoch: epoch
                )
            }
            let batches = Dictionary(grouping: rows) { $0.table }
            for table in Table.allCases {
                guard let batch = batches[table] else { continue }
                guard try !copyDirectly(batch, table) else { continue }
                try copy(batch, table, to: table.stageTarget)
                try connection.execute(table.mergeSQL)
            }
        }
    }

    // Ids that are known already are rare: they come of a second delivery before the log. So the rows are tried without the
    // detour, which is twice as fast, and take it when the server finds such an id.
    private func copyDirectly(_ batch: [StoredRow], _ table: Table) throws -> Bool {
        guard table != .billingLedger else { return false }
        try connection.execute("SAVEPOINT direct")
        do {
            try copy(batch, table, to: table.target)
            try connection.execute("RELEASE SAVEPOINT direct")
            return true
        } catch let error as PostgresError where error.isUniqueViolation {
            try connection.execute("ROLLBACK TO SAVEPOINT direct")
            return false
        }
    }

    private func copy(_ batch: [StoredRow], _ table: Table, to target: String) throws {
        let columns = table.columns.count
        try connection.copyIn(target) { (copy) throws(PostgresError) in
            for row in batch { try RowWriter.write(row, columns: columns, to: &copy) }
        }
    }
}
