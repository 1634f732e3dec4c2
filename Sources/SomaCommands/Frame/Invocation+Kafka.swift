import Glibc
import RdKafka
import Settings

/// Kafka clients as the command line asked for them.
extension Invocation {
    func admin() throws -> Admin { try Admin(brokers: globals.brokers, settings: globals.clientSettings) }

    /// A consumer; without a group it reads partitions that are assigned by hand.
    func consumer(group: String?, start: OffsetPosition = .beginning) throws -> Consumer {
        // Nothing else runs in this process: fetch answers come as soon as there is something to say.
        let settings = ["fetch.wait.max.ms": "100", "client.id": "soma-cli", "enable.partition.eof": "true"]
        return try Consumer(
            brokers: globals.brokers,
            group: group,
            start: start,
            settings: settings.merging(globals.clientSettings) { $1 }
        )
    }

    func producer(_ settings: [String: String], onDelivery: @escaping DeliveryHandler) throws -> Producer {
        let all = ["client.id": "soma-cli"].merging(settings) { $1 }.merging(globals.clientSettings) { $1 }
        return try Producer(brokers: globals.brokers, settings: all, onDelivery: onDelivery)
    }

    /// Asks again while the answer is that it may come later, as for a topic that has just been created.
    func patiently<Answer>(_ ask: () throws -> Answer) throws -> Answer {
        let deadline = ContinuousClock.now + globals.timeout
        while true {
            do {
                return try ask()
            } catch let error as KafkaError {
                guard error.isRetriable, error.code != .timedOut, ContinuousClock.now < deadline else { throw error }
                usleep(50_000)
            }
        }
    }

    /// Log starts and ends.
    func watermarks(_ partitions: [TopicPartition], _ admin: Admin) throws -> [TopicPartition: Watermarks] {
        let lows = try patiently { try admin.listOffsets(partitions, .earliest, deadline: globals.timeout) }
        let highs = try patiently { try admin.listOffsets(partitions, .latest, deadline: globals.timeout) }
        var marks: [TopicPartition: Watermarks] = [:]
        for partition in partitions {
            let low = lows[partition] ?? 0
            marks[partition] = Watermarks(low: low, high: max(low, highs[partition] ?? low))
        }
        return marks
    }

    /// Topics by name.
    ///
    /// Asked as part of the whole list: asking a broker for one topic may create it.
    ///
    /// - Throws: `CommandError` with status not found for a topic that is not there.
    func topics(_ names: [String], _ admin: Admin) throws -> [Admin.Cluster.Topic] {
        let all = try patiently { try admin.cluster(deadline: globals.timeout) }.topics
        return try names.map { name in
            guard let topic = all.first(where: { $0.name == name }) else {
                throw CommandError.notFound(
                    "there is no topic \(name)" + NearestName.hint(name, among: all.map(\.name))
                )
            }
            if let error = topic.error { throw error }
            return topic
        }
    }

    /// The partitions of topics, all or those that `--partition` names.
    ///
    /// - Throws: `.unknownTopicOrPartition` for a topic that is not there.
    func partitions(of topics: [String], _ admin: Admin, only: [Int32] = []) throws -> [TopicPartition] {
        var partitions: [TopicPartition] = []
        for topic in try self.topics(topics, admin) {
            let name = topic.name
            let indexes = topic.partitions.map(\.index)
            for wanted in only where !indexes.contains(wanted) {
                throw CommandError.notFound("topic \(name) has no partition \(wanted); it has \(indexes.count)")
            }
            partitions += indexes.filter { only.isEmpty || only.contains($0) }.map { TopicPartition(name, $0) }
        }
        return partitions
    }

    /// The numbers of `--partition`.
    func partitionNumbers() throws -> [Int32] {
        try list("partition").map { text in
            guard let number = Int32(text), number >= 0 else {
                throw CommandError.usage("--partition must be a number from 0, not \(text)")
            }
            return number
        }
    }
}
