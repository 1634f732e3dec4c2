import Events
import JSON

extension PlatformReport {
    var lagJSON: [UInt8] {
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.name("time")
        json.string(EventTime.text(milliseconds: time))
        json.name("groups")
        json.beginArray()
        for group in groups {
            json.beginObject()
            json.name("group")
            json.string(group.id)
            json.name("state")
            json.string(group.state)
            json.name("status")
            json.string(group.status)
            json.name("members")
            json.integer(Int64(group.memberCount))
            json.name("lag")
            json.integer(group.lag)
            json.name("lag_seconds")
            json.number(group.lagSeconds)
            json.name("partitions")
            json.beginArray()
            for partition in group.partitions { Self.write(partition, &json) }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private static func write(_ partition: Partition, _ json: inout JSONWriter) {
        json.beginObject()
        json.name("topic")
        json.string(partition.topic)
        json.name("partition")
        json.integer(Int64(partition.partition))
        json.name("committed")
        if let committed = partition.committed { json.integer(committed) } else { json.null() }
        json.name("end")
        json.integer(partition.end)
        json.name("lag")
        if let lag = partition.lag { json.integer(lag) } else { json.null() }
        json.name("lag_seconds")
        if let seconds = partition.lagSeconds { json.number(seconds) } else { json.null() }
        json.name("member")
        if let member = partition.member { json.string(member) } else { json.null() }
        json.endObject()
    }

    var topicsJSON: [UInt8] {
        var json = JSONWriter(capacity: 2048)
        json.beginObject()
        json.name("time")
        json.string(EventTime.text(milliseconds: time))
        json.name("topics")
        json.beginArray()
        for topic in topics {
            json.beginObject()
            json.name("topic")
            json.string(topic.name)
            json.name("partitions")
            json.integer(Int64(topic.partitionCount))
            json.name("records")
            json.integer(topic.recordCount)
            json.name("records_per_second")
            json.number(topic.recordsPerSecond)
            json.name("bytes")
            if let bytes = topic.byteCount { json.integer(bytes) } else { json.null() }
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }
}
