import Glibc
import JSON
import RdKafka

/// A broker under measurement, or librdkafka's mock cluster, in a process of its own.
final class BenchServer {
    enum Kind: Equatable {
        /// The embedded broker with a value of `log.flush`.
        case soma(flush: String)
        case kafka(home: String)
        /// With a topic for each of these numbers of partitions.
        case mock(partitions: [Int])

        var name: String {
            switch self {
            case .soma(let flush): "soma \(flush)"
            case .kafka: "apache-kafka"
            case .mock: "mock (client's ceiling)"
            }
        }

        var isMock: Bool { if case .mock = self { true } else { false } }

        /// What an acknowledgement means.
        var promise: String {
            switch self {
            case .soma("always"): "on disk"
            case .soma(let flush): "with the system, log.flush=\(flush)"
            case .kafka: "in the page cache"
            case .mock: "nothing is kept"
            }
        }
    }

    let kind: Kind
    let broker: String
    let readyMilliseconds: Double
    let meter: ProcessMeter
    private let child: ChildServer
    private let directory: BenchDirectory

    init(_ kind: Kind) throws {
        self.kind = kind
        directory = try BenchDirectory()
        let log = "\(directory.path)/log"
        switch kind {
        case .soma(let flush):
            let data = "\(directory.path)/data"
            child = try ChildServer(
                [
                    "/proc/self/exe", "serve", "broker", "--data", data, "--listen", "127.0.0.1:0", "-o", "json", "-X",
                    "log.flush=\(flush)",
                ],
                logFile: log
            )
        case .kafka(let home):
            child = try ChildServer(["bash", "-c", Self.kafka(home, directory.path)], logFile: log)
        case .mock(let partitions):
            let list = partitions.map { "\($0)" }.joined(separator: ",")
            child = try ChildServer(["/proc/self/exe", "bench", "mock", "--partitions", list], logFile: log)
        }
        broker = child.ready["broker"]?.string ?? ""
        readyMilliseconds = child.readyMilliseconds
        meter = ProcessMeter(pid_t(child.ready["pid"]?.int64 ?? Int64(child.processID)))
    }

    deinit { child.stop() }

    /// Makes a topic; the mock has its own from the start.
    ///
    /// - Returns: Its name.
    func createTopic(_ name: String, partitions: Int) throws -> String {
        guard !kind.isMock else { return Self.mockTopic(partitions) }
        let topic = Admin.NewTopic(name, partitions: Int32(partitions), replicationFactor: 1, configuration: [:])
        try Admin(brokers: broker).createTopics([topic])
        return name
    }

    private static func mockTopic(_ partitions: Int) -> String { "mock-\(partitions)" }

    func deleteTopic(_ name: String) throws {
        guard !kind.isMock else { return }
        try Admin(brokers: broker).deleteTopics([name])
    }

    /// Kafka in the foreground; its address is told once it answers.
    private static func kafka(_ home: String, _ directory: String) -> String {
        """
        line=$('\(home)/start' --data '\(directory)/kafka') || exit 1
        set -- $line
        printf '{"broker":"%s","pid":%s}\\n' "${1#bootstrap=}" "${3#pid=}"
        trap "'\(home)/stop' '\(directory)/kafka'; exit 0" TERM
        while :; do sleep 1 & wait $!; done
        """
    }

    /// `soma bench mock`: librdkafka's mock cluster until the process is told to stop.
    static func serveMock(_ options: inout BenchOptions) throws {
        let cluster = try MockCluster()
        for count in try options.numbers("partitions", default: [1]) {
            try cluster.createTopic(mockTopic(count), partitions: Int32(clamping: count))
        }
        try options.finish()
        report([
            .init("broker", .string(cluster.bootstrap)), .init("pid", .integer(Int64(getpid()))),
        ])
        // The signal's default action is the end that is wanted; the parent's death is one too.
        while getppid() != 1 { sleep(1) }
    }
}
