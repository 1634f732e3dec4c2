import Events
import Postgres
package import RdKafka
package import SinkRuntime
import Telemetry

/// Stores events as rows, with the position of each partition in the same transaction: every record is in its table once,
/// whatever is killed when.
package final class PostgresEventSink: Sink {
    private let url: String
    private let name: String
    private let logger: Logger
    private var store: PostgresStore?

    /// Makes a sink; it connects when it is opened.
    ///
    /// - Parameters:
    ///   - url: `postgresql://…`
    ///   - name: Under which positions are kept.
    package init(url: String, name: String) {
        self.url = url
        self.name = name
        logger = Logger("postgres-sink")
    }

    package func open() throws { store = try connect() }

    package func close() { store = nil }

    package func claim(_ partitions: [TopicPartition], generation: Int32) throws -> [TopicPartition: Int64] {
        let store = try current()
        var positions: [TopicPartition: Int64] = [:]
        for partition in partitions.sorted(by: { ($0.topic, $0.partition) < ($1.topic, $1.partition) }) {
            // A database that knows nothing of a partition gets it from its start, whatever the group has committed.
            positions[partition] = try store.claim(topic: partition.topic, partition: partition.partition)
        }
        return positions
    }

    package func release(_ partitions: [TopicPartition]) {
        for partition in partitions { store?.release(topic: partition.topic, partition: partition.partition) }
    }

    package func write(_ batch: SinkBatch) throws {
        let rows = try decode(batch.records)
        do {
            try current().store(
                rows,
                positions: batch.positions.map { ($0.key.topic, $0.key.partition, $0.value) }
            )
        } catch let fenced as PositionsTable.Fenced {
            throw SinkError.fenced("\(fenced)")
        } catch let error as PostgresError {
            throw sinkError(error)
        }
    }

    private func decode(_ records: [SinkRecord]) throws -> [StoredRow] {
        var rows: [StoredRow] = []
        rows.reserveCapacity(records.count)
        var refusals: [SinkError.Refusal] = []
        for (index, record) in records.enumerated() {
            do {
                if let row = try RowDecoder.row(record) { rows.append(row) }
            } catch {
                let code = error is RowDecoder.Refused ? "no_row" : "contract_violation"
                refusals.append(SinkError.Refusal(index: index, code: code, message: "\(error)"))
            }
        }
        guard refusals.isEmpty else { throw SinkError.refused(refusals) }
        return rows
    }

    private func current() throws -> PostgresStore {
        if let store, store.isOpen { return store }
        // Epochs are kept: a task that lost its partitions meanwhile is refused by them.
        let epochs = store?.epochs ?? [:]
        store = nil
        let fresh = try connect()
        fresh.epochs = epochs
        store = fresh
        return fresh
    }

    private func connect() throws -> PostgresStore {
        do {
            return try PostgresStore(url: url, sink: name)
        } catch let error as PostgresError {
            throw SinkError.transient("\(error)")
        }
    }

    // A value that the server refuses spoils its batch until it is found; all else may be mended from outside.
    private func sinkError(_ error: PostgresError) -> SinkError {
        let isData = error.sqlState.map { ["22", "23", "54"].contains($0.prefix(2)) } ?? false
        if error.kind == .invalidValue || (error.kind == .server && isData) {
            return .damaged(code: error.sqlState ?? "invalid_value", message: "\(error)")
        }
        return .transient("\(error)")
    }
}

extension RowDecoder {
    /// The row of a record that a sink was given.
    static func row(_ record: SinkRecord) throws -> StoredRow? {
        func lend<Result>(
            _ bytes: [UInt8]?,
            _ body: (UnsafeRawBufferPointer?) throws -> Result
        ) rethrows -> Result {
            guard let bytes else { return try body(nil) }
            return try bytes.withUnsafeBytes { try body($0) }
        }
        return try lend(record.key) { key in
            try lend(record.value) { value in
                try row(
                    topic: record.place.topic,
                    partition: record.place.partition,
                    offset: record.offset,
                    key: key,
                    value: value,
                    envelope: record.envelope
                )
            }
        }
    }
}
