import Events
import JSON
package import RdKafka
package import SinkRuntime

/// Puts messages and answers into the memory index, with the position of each partition in the same write.
package final class MemorySink: Sink {
    private let index: MemoryIndex

    package init(_ index: MemoryIndex) {
        self.index = index
    }

    package func claim(_ partitions: [TopicPartition], generation: Int32) throws -> [TopicPartition: Int64] {
        var positions: [TopicPartition: Int64] = [:]
        for partition in partitions {
            // A partition that the index knows nothing of is read from its start, whatever the group has committed.
            positions[partition] = index.position(topic: partition.topic, partition: partition.partition) ?? 0
        }
        return positions
    }

    package func write(_ batch: SinkBatch) throws {
        do {
            try index.append(
                batch.records.compactMap(Self.entry),
                positions: batch.positions.map { ($0.key.topic, $0.key.partition, $0.value) }
            )
        } catch {
            throw SinkError.transient("\(error)")
        }
    }

    package func close() { index.save() }

    /// What a record says that is worth remembering; nil for all other records, broken ones included: the turn gate and
    /// the Postgres sink set those aside.
    static func entry(_ record: SinkRecord) -> MemoryEntry? {
        let envelope = record.envelope
        let role: String
        switch envelope.type {
        case UserMessage.type: role = "user"
        case AssistantFinal.type: role = "assistant"
        default: return nil
        }
        guard let value = record.value, let (text, session) = said(value), !text.isEmpty else { return nil }
        let sessionID = session ?? (record.keyText.isEmpty ? envelope.id : record.keyText)
        return MemoryEntry(
            id: envelope.id,
            tenant: envelope.tenant,
            sessionID: sessionID,
            role: role,
            text: text,
            time: envelope.time
        )
    }

    // The contract's object, or a line of text as a message may be.
    private static func said(_ value: [UInt8]) -> (text: String, session: String?)? {
        let first = value.first { $0 != 0x20 && !(0x09...0x0D).contains($0) }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            return try? JSONView.parse(value) { json in
                guard let content = json["content"]?.string else { throw JSONError("no content") }
                return (content, json["session_id"]?.string)
            }
        }
        if first == UInt8(ascii: "\""), let text = try? JSONView.parse(value, { $0.string }) { return (text, nil) }
        return String(validating: value, as: UTF8.self).map { ($0, nil) }
    }
}
