package import CommitLog
package import KafkaProtocol
private import Synchronization
internal import Telemetry

/// The topics of the broker: looked up from any thread, changed on the administration thread only.
///
/// A change is on disk before it is seen. The file is written before the data of a new topic exists and before the data
/// of a deleted one goes, so a crash in between leaves data without a topic, never a topic without its data; such data
/// is removed before a topic of that name is created again.
package final class TopicCatalogue: Sendable {
    private struct State {
        var byName: [String: Topic] = [:]
        var nameByID: [KafkaUUID: String] = [:]
    }

    private let state = Mutex(State())
    private let directory: LogDirectory
    private let configs: ConfigStore
    private let logger: Logger
    private let path: String

    /// A change that was refused, with the code and the words for the client.
    package struct Refusal: Error, Sendable, CustomStringConvertible {
        package let code: ErrorCode
        package let message: String

        package init(_ code: ErrorCode, _ message: String) {
            self.code = code
            self.message = message
        }

        package var description: String { message }
    }

    /// Reads the file and opens the partitions of all topics.
    init(directory: LogDirectory, configs: ConfigStore, logger: Logger) throws {
        self.directory = directory
        self.configs = configs
        self.logger = logger
        path = directory.path + "/" + CatalogueFile.name
        let bytes = try AtomicFile.read(path)
        // Topics created anew would take the place of the data, and remove it.
        guard bytes != nil || directory.existing().isEmpty else {
            throw CatalogueFile.Missing(path: path, partitionCount: directory.existing().count)
        }
        let records = try bytes.map { try CatalogueFile.decode($0) } ?? []
        for record in records {
            let topic = try open(record)
            state.withLock {
                $0.byName[record.name] = topic
                $0.nameByID[record.id] = record.name
            }
        }
        let known = Set(records.map(\.name))
        let strangers = Set(directory.existing().map(\.topic)).subtracting(known)
        if !strangers.isEmpty {
            logger.warning(
                "data without a topic is kept until a topic of its name is created",
                ["topics": .value(strangers.sorted().prefix(10).joined(separator: ","))]
            )
        }
    }

    package func topic(_ name: String) -> Topic? { state.withLock { $0.byName[name] } }

    /// The topic of a request that names it, or has its id from the version on that knows ids.
    func topic(_ name: String, id: KafkaUUID) -> Topic? { id == .zero ? topic(name) : topic(id: id) }

    package func topic(id: KafkaUUID) -> Topic? {
        state.withLock { state in state.nameByID[id].flatMap { state.byName[$0] } }
    }

    package func partition(_ topic: String, _ index: Int32) -> PartitionLog? { self.topic(topic)?.partition(index) }

    /// All topics by name.
    package var all: [Topic] { state.withLock { Array($0.byName.values) }.sorted { $0.name < $1.name } }

    /// Checks what creating a topic would need, without doing it.
    package func check(name: String, partitionCount: Int32, configs: TopicConfigs) throws(Refusal) {
        if let problem = TopicName.problem(name) { throw Refusal(.invalidTopic, problem) }
        guard topic(name) == nil else { throw Refusal(.topicAlreadyExists, "Topic '\(name)' already exists.") }
        if let other = collision(name) {
            throw Refusal(.invalidTopic, "Topic '\(name)' collides with existing topic: \(other)")
        }
        guard (1...TopicName.partitionsMax).contains(partitionCount) else {
            throw Refusal(.invalidPartitions, "partitions is \(partitionCount), must be 1…\(TopicName.partitionsMax)")
        }
        for (key, value) in configs.overrides.sorted(by: { $0.key < $1.key }) {
            if let problem = TopicConfigs.problem(key, value) { throw Refusal(.invalidConfig, problem) }
        }
    }

    /// A topic whose name differs in dots and underscores only: metrics of clients take them for the same.
    private func collision(_ name: String) -> String? {
        func isMark(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") }
        guard name.utf8.contains(where: isMark) else { return nil }
        return state.withLock { state in
            state.byName.keys.first { other in
                other.utf8.count == name.utf8.count
                    && zip(other.utf8, name.utf8).allSatisfy { $0 == $1 || isMark($0) && isMark($1) }
            }
        }
    }

    package func create(name: String, partitionCount: Int32, configs: TopicConfigs) throws(Refusal) -> Topic {
        try check(name: name, partitionCount: partitionCount, configs: configs)
        let record = TopicRecord(
            name: name,
            id: .random(),
            partitionCount: partitionCount,
            configs: configs
        )
        // A topic of this name may have been deleted when the power went.
        for stranger in directory.existing() where stranger.topic == name { try remove(stranger) }
        try save { $0[name] = record }
        let topic = try openOrRefuse(record)
        publish(topic)
        logger.info("topic created", ["topic": .value(name), "partitions": .value(partitionCount)])
        return topic
    }

    package func delete(name: String) throws(Refusal) {
        guard let topic = topic(name) else {
            throw Refusal(.unknownTopicOrPartition, "This server does not host this topic-partition.")
        }
        try save { $0[name] = nil }
        state.withLock {
            $0.byName[name] = nil
            $0.nameByID[topic.id] = nil
        }
        for index in topic.partitions.indices { try remove(TopicPartition(topic: name, partition: Int32(index))) }
        logger.info("topic deleted", ["topic": .value(name)])
    }

    package func addPartitions(name: String, total: Int32) throws(Refusal) {
        guard let topic = topic(name) else {
            throw Refusal(.unknownTopicOrPartition, "The topic '\(name)' does not exist.")
        }
        guard total > topic.partitions.count, total <= TopicName.partitionsMax else {
            throw Refusal(
                .invalidPartitions,
                "Topic currently has \(topic.partitions.count) partitions; \(total) is not an increase up to "
                    + "\(TopicName.partitionsMax)."
            )
        }
        var record = topic.record
        record.partitionCount = total
        try save { [record] in $0[name] = record }
        publish(try openOrRefuse(record))
    }

    package func alter(name: String, configs: TopicConfigs) throws(Refusal) {
        guard let topic = topic(name) else {
            throw Refusal(.unknownTopicOrPartition, "The topic '\(name)' does not exist.")
        }
        for (key, value) in configs.overrides.sorted(by: { $0.key < $1.key }) {
            if let problem = TopicConfigs.problem(key, value) { throw Refusal(.invalidConfig, problem) }
        }
        var record = topic.record
        record.configs = configs
        try save { [record] in $0[name] = record }
        for log in topic.partitions { log.update(settings: configs.partitionSettings(settings)) }
        publish(Topic(record, partitions: topic.partitions, broker: settings))
    }

    /// Gives all topics what changed among the broker's settings that they take.
    ///
    /// Administration thread only.
    func settingsChanged() {
        for topic in all {
            for log in topic.partitions { log.update(settings: topic.configs.partitionSettings(settings)) }
            publish(Topic(topic.record, partitions: topic.partitions, broker: settings))
        }
    }

    private var settings: BrokerSettings { configs.settings }

    private func publish(_ topic: Topic) {
        state.withLock {
            $0.byName[topic.name] = topic
            $0.nameByID[topic.id] = topic.name
        }
    }

    private func open(_ record: TopicRecord) throws(LogError) -> Topic {
        let settings = record.configs.partitionSettings(settings)
        var partitions: [PartitionLog] = []
        partitions.reserveCapacity(Int(record.partitionCount))
        for index in 0..<record.partitionCount {
            partitions.append(try directory.open(topic: record.name, partition: index, settings: settings))
        }
        return Topic(record, partitions: partitions, broker: self.settings)
    }

    private func openOrRefuse(_ record: TopicRecord) throws(Refusal) -> Topic {
        do throws(LogError) {
            return try open(record)
        } catch {
            throw storageRefusal("\(error)")
        }
    }

    private func remove(_ partition: TopicPartition) throws(Refusal) {
        do throws(LogError) {
            try directory.remove(topic: partition.topic, partition: partition.partition)
        } catch {
            throw storageRefusal("\(error)")
        }
    }

    private func save(_ change: (inout [String: TopicRecord]) -> Void) throws(Refusal) {
        var records = state.withLock { $0.byName.mapValues(\.record) }
        change(&records)
        do throws(AtomicFile.Failure) {
            try AtomicFile.write(CatalogueFile.encode(Array(records.values)), to: path, in: directory.path)
        } catch {
            throw storageRefusal("\(error)")
        }
    }

    private func storageRefusal(_ cause: String) -> Refusal {
        logger.error("topic change failed", ["cause": .value(cause)])
        return Refusal(.kafkaStorageError, cause)
    }
}
