import JSON

/// Entries and the positions behind them: what one frame of the file holds, so that both are there or neither is.
struct MemoryBatch: Equatable {
    /// A place in a topic.
    struct Place: Hashable {
        var topic: String
        var partition: Int32
    }

    var entries: [MemoryEntry] = []
    /// The offset of the next record to read.
    var positions: [Place: Int64] = [:]
    /// Which log the positions are of; they mean nothing in another.
    var log: String

    init(entries: [MemoryEntry], positions: [Place: Int64], log: String) {
        self.entries = entries
        self.positions = positions
        self.log = log
    }

    init(bytes: [UInt8]) throws {
        log = ""
        try JSONView.parse(bytes) { json in
            log = json["log"]?.string ?? ""
            try json["entries"]?.forEachElement { element in
                guard let entry = MemoryEntry(element) else { throw JSONError("an entry lacks a member") }
                entries.append(entry)
            }
            try json["positions"]?.forEachElement { element in
                guard let topic = element["topic"]?.string,
                    let partition = element["partition"]?.int64.flatMap(Int32.init(exactly:)),
                    let offset = element["offset"]?.int64
                else { throw JSONError("a position lacks a member") }
                positions[Place(topic: topic, partition: partition)] = offset
            }
        }
    }

    var bytes: [UInt8] {
        var json = JSONWriter(capacity: 512 + entries.count * 256)
        json.beginObject()
        json.name("entries")
        json.beginArray()
        for entry in entries { entry.write(to: &json) }
        json.endArray()
        json.name("positions")
        json.beginArray()
        let sorted = positions.sorted { ($0.key.topic, $0.key.partition) < ($1.key.topic, $1.key.partition) }
        for (place, offset) in sorted {
            json.beginObject()
            json.name("topic")
            json.string(place.topic)
            json.name("partition")
            json.integer(Int64(place.partition))
            json.name("offset")
            json.integer(offset)
            json.endObject()
        }
        json.endArray()
        json.name("log")
        json.string(log)
        json.endObject()
        return json.bytes
    }
}
