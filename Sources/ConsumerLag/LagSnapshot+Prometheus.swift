import RdKafka
package import Telemetry

extension LagSnapshot {
    /// Writes the families of kafka_exporter under its names, plus lag in seconds and Burrow's codes.
    package func write(to text: inout PrometheusText) {
        guard time > 0 else { return }
        text.family("kafka_brokers", .gauge, "Number of Brokers in the Kafka Cluster.")
        text.sample("kafka_brokers", [], Int64(brokerCount))
        text.family("kafka_topic_partitions", .gauge, "Number of partitions for this Topic")
        for topic in topics {
            text.sample("kafka_topic_partitions", [("topic", topic.name)], Int64(topic.partitions.count))
        }
        partitions("current_offset", "Current Offset of a Broker at Topic/Partition", &text, \.high)
        partitions("oldest_offset", "Oldest Offset of a Broker at Topic/Partition", &text, \.low)
        text.family("soma_topic_records_per_second", .gauge, "Records written since the last measurement.")
        for topic in topics {
            guard let rate = topic.recordsPerSecond else { continue }
            text.sample("soma_topic_records_per_second", [("topic", topic.name)], rate)
        }
        groupPartitions("current_offset", "Current Offset of a ConsumerGroup at Topic/Partition", &text) {
            Double($0.committed ?? -1)
        }
        groupPartitions("lag", "Current Approximate Lag of a ConsumerGroup at Topic/Partition", &text) {
            Double($0.exportedLag)
        }
        groupPartitions(
            "lag_seconds",
            "Age of the oldest record that a ConsumerGroup has not processed at Topic/Partition",
            &text
        ) { $0.lagSeconds }
        text.family(
            "kafka_consumergroup_lag_sum",
            .gauge,
            "Current Approximate Lag of a ConsumerGroup at Topic for all partitions"
        )
        for group in groups {
            for (topic, lag) in group.lagByTopic {
                text.sample("kafka_consumergroup_lag_sum", [("consumergroup", group.id), ("topic", topic)], lag)
            }
        }
        text.family("kafka_consumergroup_members", .gauge, "Amount of members in a consumer group")
        for group in groups {
            text.sample("kafka_consumergroup_members", [("consumergroup", group.id)], Int64(group.memberCount))
        }
        text.family(
            "soma_consumergroup_status",
            .gauge,
            "Verdict on the group: 1 OK, 2 WARN, 4 STOP, 5 STALL, 6 REWIND; the worst of its partitions."
        )
        for group in groups {
            text.sample("soma_consumergroup_status", [("consumergroup", group.id)], Int64(group.status.rawValue))
        }
    }

    private func partitions(
        _ name: String,
        _ help: String,
        _ text: inout PrometheusText,
        _ value: KeyPath<Watermarks, Int64>
    ) {
        text.family("kafka_topic_partition_\(name)", .gauge, help)
        for topic in topics {
            for (index, marks) in topic.partitions.enumerated() {
                let labels = [("partition", String(index)), ("topic", topic.name)]
                text.sample("kafka_topic_partition_\(name)", labels, marks[keyPath: value])
            }
        }
    }

    private func groupPartitions(
        _ name: String,
        _ help: String,
        _ text: inout PrometheusText,
        _ value: (Partition) -> Double?
    ) {
        text.family("kafka_consumergroup_\(name)", .gauge, help)
        for group in groups {
            for partition in group.partitions {
                guard let value = value(partition) else { continue }
                let labels = [
                    ("consumergroup", group.id), ("partition", String(partition.place.partition)),
                    ("topic", partition.place.topic),
                ]
                text.sample("kafka_consumergroup_\(name)", labels, value)
            }
        }
    }
}

extension LagSnapshot.Group {
    /// Lag per topic in alphabetic order; partitions without commit are left out of the sums.
    fileprivate var lagByTopic: [(String, Int64)] {
        var sums: [String: Int64] = [:]
        for partition in partitions {
            if let lag = partition.lag { sums[partition.place.topic, default: 0] += lag }
        }
        return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
