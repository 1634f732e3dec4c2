import Postgres

/// How far each partition is stored, kept beside the rows; the epoch says which task may move it.
enum PositionsTable {
    /// A partition that this task holds.
    struct Claim: Sendable, Equatable {
        var topic: String
        var partition: Int32
        /// 0 when nothing of it is stored yet.
        var nextOffset: Int64
        var epoch: Int64
    }

    /// Another task has claimed a partition since: this one must stop and store nothing more.
    struct Fenced: Error, Equatable, CustomStringConvertible {
        let topic: String
        let partition: Int32
        let epoch: Int64

        var description: String {
            "\(topic)/\(partition): epoch \(epoch) is over, another task stores this partition now"
        }
    }

    /// Takes a partition over: raises its epoch, so that whoever had it before can no longer store.
    ///
    /// A transaction of the former task that is on its way ends first: the server locks the row.
    static func claim(
        _ connection: Connection,
        sink: String,
        topic: String,
        partition: Int32
    ) throws -> Claim {
        let rows = try connection.query(
            """
            INSERT INTO sink_positions (sink, topic, partition, next_offset, epoch) VALUES ($1, $2, $3, 0, 1)
            ON CONFLICT (sink, topic, partition) DO UPDATE SET epoch = sink_positions.epoch + 1, updated_at = now()
            RETURNING next_offset, epoch
            """,
            [.text(sink), .text(topic), .int4(partition)]
        )
        return Claim(
            topic: topic,
            partition: partition,
            nextOffset: Int64(try rows[0].int(0) ?? 0),
            epoch: Int64(try rows[0].int(1) ?? 1)
        )
    }

    /// Moves a position within the transaction that holds the rows.
    static func advance(
        _ connection: Connection,
        sink: String,
        topic: String,
        partition: Int32,
        to nextOffset: Int64,
        epoch: Int64
    ) throws {
        let rows = try connection.query(
            """
            UPDATE sink_positions SET next_offset = $4, updated_at = now()
            WHERE sink = $1 AND topic = $2 AND partition = $3 AND epoch = $5
            """,
            [.text(sink), .text(topic), .int4(partition), .int8(nextOffset), .int8(epoch)]
        )
        guard rows.affectedRowCount == 1 else { throw Fenced(topic: topic, partition: partition, epoch: epoch) }
    }
}
