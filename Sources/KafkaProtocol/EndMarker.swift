package import Bytes
import Compression

/// A transaction marker: the control record with which a coordinator ends a producer's transaction in a partition (KIP-98).
///
/// Key: version 0, type (0 abort, 1 commit). Value: version 0, coordinator epoch.
package struct EndMarker: Equatable, Sendable {
    package let isCommit: Bool
    package let coordinatorEpoch: Int32

    package init(isCommit: Bool, coordinatorEpoch: Int32) {
        self.isCommit = isCommit
        self.coordinatorEpoch = coordinatorEpoch
    }

    /// Reads the marker of a whole control batch; nil when it is a control record of another kind.
    package init?(_ batch: UnsafeRawBufferPointer, header: RecordBatchHeader) {
        var found: EndMarker?
        do throws(RecordBatchError) {
            try RecordBatch.forEachRecord(in: batch, header: header) { record in
                found = Self.read(key: record.key, value: record.value)
                return false
            }
        } catch {
            return nil
        }
        guard let found else { return nil }
        self = found
    }

    private static func read(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) -> EndMarker? {
        guard let key, let value else { return nil }
        var keyReader = ByteReader(key)
        var valueReader = ByteReader(value)
        guard (try? keyReader.readInt16()) != nil, let type = try? keyReader.readInt16(), type == 0 || type == 1,
            (try? valueReader.readInt16()) != nil, let epoch = try? valueReader.readInt32()
        else { return nil }
        return EndMarker(isCommit: type == 1, coordinatorEpoch: epoch)
    }

    /// Appends the control batch to `writer`.
    package func encode(
        into writer: inout ByteWriter,
        producerID: Int64,
        producerEpoch: Int16,
        timestamp: Int64
    ) throws(RecordBatchError) {
        var key = ByteWriter(capacity: 4)
        key.writeInt16(0)
        key.writeInt16(isCommit ? 1 : 0)
        var value = ByteWriter(capacity: 6)
        value.writeInt16(0)
        value.writeInt32(coordinatorEpoch)
        var builder = RecordBatchBuilder(
            baseTimestamp: timestamp,
            attributes: RecordBatchAttributes(codec: .none, isTransactional: true, isControl: true),
            producerID: producerID,
            producerEpoch: producerEpoch
        )
        builder.add(key: Array(key.bytes), value: Array(value.bytes), timestamp: timestamp)
        try builder.encode(into: &writer)
    }
}
