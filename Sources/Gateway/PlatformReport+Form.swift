import Events
import JSON
import Telemetry

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

    /// Lag under kafka_exporter's names, so that its dashboards and KEDA's scalers read ours; and lag in seconds.
    func write(to text: inout PrometheusText) {
        func labels(_ group: Group, _ partition: Partition) -> MetricsRegistry.Labels {
            [("consumergroup", group.id), ("topic", partition.topic), ("partition", String(partition.partition))]
        }
        func family(_ name: String, _ help: String, _ value: (Partition) -> Double?) {
            text.family(name, .gauge, help)
            for group in groups {
                for partition in group.partitions {
                    if let value = value(partition) { text.sample(name, labels(group, partition), value) }
                }
            }
        }
        family("kafka_consumergroup_current_offset", "Committed offset of a group.") { $0.committed.map { Double($0) } }
        family("kafka_consumergroup_lag", "Records that a group has yet to process.") { $0.lag.map { Double($0) } }
        family("kafka_consumergroup_lag_seconds", "Age of the oldest record that a group has yet to process.") {
            $0.lagSeconds
        }
        text.family("kafka_consumergroup_members", .gauge, "Members of a group.")
        for group in groups {
            text.sample("kafka_consumergroup_members", [("consumergroup", group.id)], Int64(group.memberCount))
        }
        text.family("kafka_topic_partitions", .gauge, "Partitions of a topic.")
        for topic in topics {
            text.sample("kafka_topic_partitions", [("topic", topic.name)], Int64(topic.partitionCount))
        }
    }
}
