import Glibc
import JSON
import RdKafka

extension BrokerBench {
    /// The settings of every client; the same for all servers.
    static let producerSettings = [
        "linger.ms": "5", "batch.size": "1000000", "enable.idempotence": "true", "acks": "all",
        "queue.buffering.max.messages": "1000000", "queue.buffering.max.kbytes": "262144",
    ]
    static let consumerSettings = [
        "queued.min.messages": "1000000", "queued.max.messages.kbytes": "262144", "check.crcs": "false",
    ]

    struct Shape {
        let size: Int
        let partitions: Int
        let codec: String
        let records: Int

        var gigabytes: Double { Double(size) * Double(records) / 1e9 }

        var members: [JSON.Member] {
            [
                .init("size", .integer(Int64(size))), .init("partitions", .integer(Int64(partitions))),
                .init("codec", .string(codec)), .init("records", .integer(Int64(records))),
            ]
        }
    }

    /// What several runs of one test have given.
    struct Runs {
        var perSecond: [Double] = []
        var cpuSeconds: [Double] = []
        var residentMiB = 0.0
    }

    /// Produces and fetches in turn on all servers, so that what else the machine does falls on all of them.
    func throughput(_ shape: Shape, _ servers: [BenchServer]) throws -> (produced: [Runs], fetched: [Runs]) {
        var produced = Array(repeating: Runs(), count: servers.count)
        var fetched = Array(repeating: Runs(), count: servers.count)
        // The first run warms up and is not counted.
        for run in 0...runs {
            for (index, server) in servers.enumerated() {
                print(
                    toError: "\(server.kind.name): run \(run) of \(runs), \(shape.size) B, "
                        + "\(shape.partitions) partitions, \(shape.codec)"
                )
                let topic = try server.createTopic(
                    "bench-\(shape.size)-\(shape.partitions)-\(shape.codec)-\(run)",
                    partitions: shape.partitions
                )
                let before = server.meter.preciseCPUSeconds
                let (seconds, sent) = try produce(shape, topic, server)
                let between = server.meter.preciseCPUSeconds
                if run > 0 {
                    produced[index].perSecond.append(Double(shape.records) / seconds)
                    produced[index].cpuSeconds.append(between - before)
                }
                if !server.kind.isMock {
                    let (seconds, received) = try fetch(shape, topic, server)
                    guard received == sent else {
                        throw ChildServer.Failure(
                            description: "\(server.kind.name) gave back \(received), not \(sent)"
                        )
                    }
                    if run > 0 {
                        fetched[index].perSecond.append(Double(shape.records) / seconds)
                        fetched[index].cpuSeconds.append(server.meter.preciseCPUSeconds - between)
                    }
                }
                produced[index].residentMiB = server.meter.residentMiB
                fetched[index].residentMiB = server.meter.residentMiB
                try server.deleteTopic(topic)
            }
        }
        return (produced, fetched)
    }

    private func produce(
        _ shape: Shape,
        _ topic: String,
        _ server: BenchServer
    ) throws -> (seconds: Double, LoadRecords.Tally) {
        var lost = 0
        var settings = Self.producerSettings
        settings["compression.type"] = shape.codec
        let producer = try LoadProducer(brokers: server.broker, topic: topic, settings: settings) { isDelivered, _ in
            if !isDelivered { lost += 1 }
        }
        var records = LoadRecords(size: shape.size)
        var tally = LoadRecords.Tally()
        let begin = Wall.seconds
        for index in 0..<shape.records {
            let partition = Int32(index % shape.partitions)
            try records.make(number: index) { bytes in
                tally.add(bytes)
                while try !producer.send(partition: partition, bytes) { producer.poll(milliseconds: 1) }
            }
            if index % 1024 == 0 { producer.poll(milliseconds: 0) }
        }
        let isDone = producer.flush(milliseconds: 120_000)
        let seconds = Wall.seconds - begin
        guard isDone, lost == 0 else { throw ChildServer.Failure(description: "\(lost) records were not delivered") }
        return (seconds, tally)
    }

    private func fetch(
        _ shape: Shape,
        _ topic: String,
        _ server: BenchServer
    ) throws -> (seconds: Double, LoadRecords.Tally) {
        var tally = LoadRecords.Tally()
        let consumer = try LoadConsumer(
            brokers: server.broker,
            topic: topic,
            partitions: Int32(shape.partitions),
            settings: Self.consumerSettings
        )
        let begin = Wall.seconds
        try consumer.start()
        while tally.count < shape.records, Wall.seconds - begin < 120 {
            _ = try consumer.consume(milliseconds: 500, max: min(10_000, shape.records - tally.count)) {
                tally.add($0)
            }
        }
        return (Wall.seconds - begin, tally)
    }
}
