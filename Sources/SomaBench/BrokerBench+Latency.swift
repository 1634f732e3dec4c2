import Glibc
import JSON
import RdKafka
import Synchronization

extension BrokerBench {
    /// Milliseconds from the time a record was due to its acknowledgement, at a steady rate.
    func produceLatency(_ server: BenchServer, size: Int, rate: Int) throws -> [Double] {
        let topic = try server.createTopic("latency-\(rate)", partitions: 1)
        defer { try? server.deleteTopic(topic) }
        var samples: [Double] = []
        samples.reserveCapacity(rate * seconds)
        var settings = Self.producerSettings
        settings["linger.ms"] = "1"
        let producer = try LoadProducer(brokers: server.broker, topic: topic, settings: settings) { isDelivered, due in
            samples.append(isDelivered ? Double(Wall.nanoseconds - due) / 1e6 : .infinity)
        }
        try send(producer, size: size, rate: rate, seconds: 1) { false }
        let warm = samples.count
        try send(producer, size: size, rate: rate, seconds: seconds) { false }
        guard producer.flush(milliseconds: 60_000) else { throw ChildServer.Failure(description: "not delivered") }
        return Array(samples.dropFirst(warm))
    }

    /// Milliseconds from the time a record was due to when a waiting consumer had it.
    func endToEnd(_ server: BenchServer, size: Int, rate: Int) throws -> [Double] {
        let topic = try server.createTopic("end-to-end-\(rate)", partitions: 1)
        defer { try? server.deleteTopic(topic) }
        var settings = Self.producerSettings
        settings["linger.ms"] = "0"
        let producer = try LoadProducer(brokers: server.broker, topic: topic, settings: settings) { _, _ in }
        let receiver = Receiver()
        let begun = Completion()
        let ended = Completion()
        let broker = server.broker
        let thread = BenchThread {
            receiver.run(broker, topic, begun)
            ended.set()
        }
        begun.wait()
        // Until the consumer has its place at the end, nothing arrives.
        while !receiver.hasStarted { try send(producer, size: size, rate: 100, seconds: 1) { receiver.hasStarted } }
        try send(producer, size: size, rate: rate, seconds: 1) { false }
        let from = Wall.nanoseconds
        try send(producer, size: size, rate: rate, seconds: seconds) { false }
        _ = producer.flush(milliseconds: 60_000)
        receiver.stop()
        ended.wait()
        _ = thread
        if let failure = receiver.failure { throw ChildServer.Failure(description: failure) }
        let samples = receiver.samples.filter { $0.due >= from }.map { Double($0.at - $0.due) / 1e6 }
        guard samples.count >= rate * seconds * 99 / 100 else {
            throw ChildServer.Failure(description: "\(samples.count) of \(rate * seconds) records arrived")
        }
        return samples
    }

    /// One record a request, one request in flight.
    ///
    /// - Returns: Milliseconds of each.
    func single(_ server: BenchServer, size: Int) throws -> [Double] {
        let topic = try server.createTopic("single", partitions: 1)
        defer { try? server.deleteTopic(topic) }
        var settings = Self.producerSettings
        settings["linger.ms"] = "0"
        settings["max.in.flight.requests.per.connection"] = "1"
        var answered = 0
        let producer = try LoadProducer(brokers: server.broker, topic: topic, settings: settings) { _, _ in
            answered += 1
        }
        var records = LoadRecords(size: size)
        var samples: [Double] = []
        let begin = Wall.seconds
        var sent = 0
        while Wall.seconds - begin < Double(seconds) + 0.5 {
            let start = Wall.nanoseconds
            _ = try records.make(number: sent) { try producer.send(partition: 0, $0) }
            sent += 1
            while answered < sent { producer.poll(milliseconds: 100) }
            if start > Int((begin + 0.5) * 1e9) { samples.append(Double(Wall.nanoseconds - start) / 1e6) }
        }
        return samples
    }

    /// Sends records when they are due; what was late counts as late.
    private func send(
        _ producer: LoadProducer,
        size: Int,
        rate: Int,
        seconds: Int,
        until isOver: () -> Bool
    ) throws {
        var records = LoadRecords(size: size)
        let begin = Wall.nanoseconds
        var sent = 0
        while sent < rate * seconds, !isOver() {
            let due = min(rate * seconds, (Wall.nanoseconds - begin) / 1000 * rate / 1_000_000)
            while sent < due {
                let time = begin + sent * 1_000_000_000 / rate
                try records.make(number: time) { bytes in
                    while try !producer.send(partition: 0, bytes, number: time) { producer.poll(milliseconds: 1) }
                }
                sent += 1
            }
            producer.poll(milliseconds: 0)
            usleep(50)
        }
    }

    /// The consumer of `endToEnd`, on a thread of its own.
    private final class Receiver: @unchecked Sendable {
        // Sendable holds: samples and failure are read when the thread has ended, the rest is atomic.
        private(set) var samples: [(due: Int, at: Int)] = []
        private(set) var failure: String?
        private let count = Atomic<Int>(0)
        private let isStopping = Atomic<Bool>(false)

        var hasStarted: Bool { count.load(ordering: .relaxed) > 0 || isStopping.load(ordering: .relaxed) }

        func stop() { isStopping.store(true, ordering: .relaxed) }

        func run(_ broker: String, _ topic: String, _ begun: Completion) {
            do {
                let consumer = try LoadConsumer(
                    brokers: broker,
                    topic: topic,
                    partitions: 1,
                    settings: BrokerBench.consumerSettings
                )
                try consumer.start(fromEnd: true)
                begun.set()
                while !isStopping.load(ordering: .relaxed) {
                    // A batch call waits until the batch is full, so: wait for one, then take what is there.
                    for (wait, most) in [(100, 1), (0, 1000)] as [(Int32, Int)] {
                        let got = try consumer.consume(milliseconds: wait, max: most) {
                            samples.append((LoadRecords.number(of: $0), Wall.nanoseconds))
                        }
                        count.add(got, ordering: .relaxed)
                    }
                }
            } catch {
                failure = "\(error)"
                stop()
                begun.set()
            }
        }
    }
}

/// A thread that runs one body.
final class BenchThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    init(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        pthread_create(&thread, nil, runBenchThread, Unmanaged.passRetained(Body(body)).toOpaque())
        pthread_detach(thread)
    }

    fileprivate static func run(_ context: UnsafeMutableRawPointer) {
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
    }
}

private func runBenchThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { BenchThread.run(context) }
    return nil
}
