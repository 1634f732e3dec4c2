import Broker
import Glibc
import HTTPClient
import JSON
import RdKafka
import SomaNode
import Testing

@testable import SomaCommands

/// What operators look at: metrics, doctor, reference pages, the service manager.
@Suite struct OperationTests {
    private func run(_ words: [String]) -> (status: SomaCommands.ExitStatus, output: String, talk: String) {
        let console = Console(collecting: ())
        let status = CommandLineTool.run(
            words,
            environment: ["SOMA_BROKERS": "127.0.0.1:1"],
            root: CommandTree.root(bench: { _ in 0 }),
            console: console
        )
        return (status, console.output, console.talk)
    }

    /// The checks of `soma doctor` by name: state and detail.
    private func doctor(_ words: String...) throws -> [String: (state: String, detail: String)] {
        let answer = run(["doctor", "--data", "/nonexistent/soma", "-o", "json", "--timeout", "1s"] + words)
        var checks: [String: (state: String, detail: String)] = [:]
        for check in try JSON.parse(answer.output).array ?? [] {
            checks[check["check"]?.string ?? ""] = (check["state"]?.string ?? "", check["detail"]?.string ?? "")
        }
        return checks
    }

    @Test func `metrics tell of appends, segments, groups and times`() throws {
        let broker = try TestBroker()
        let metrics = try #require(try MetricsPart.start("127.0.0.1:0"))
        defer { metrics.stop() }
        let producer = try Producer(brokers: broker.address)
        try producer.produce(topic: "measured", key: nil, value: Array("x".utf8))
        try producer.close(deadline: .seconds(10))
        let text = try BlockingHTTP.send(ClientRequest(url: metrics.url + "/metrics")).text
        for part in [
            "soma_broker_request_seconds_bucket{api=\"Produce\",le=\"0.001\"}", "soma_broker_log_write_seconds_count ",
            "# TYPE soma_broker_log_write_seconds histogram", "soma_broker_log_segments ", "soma_broker_partitions ",
            "soma_broker_groups{state=\"Stable\"}", "soma_broker_open_transactions ", "soma_broker_connections ",
            "soma_broker_stopped_partitions 0",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(try BlockingHTTP.send(ClientRequest(url: metrics.url + "/readyz")).status == 200)
        #expect(try BlockingHTTP.send(ClientRequest(url: metrics.url + "/other")).status == 404)
        #expect(try MetricsPart.start("") == nil)
    }

    @Test func `the doctor looks at a directory that a broker has open, and at a new one`() throws {
        let broker = try TestBroker()
        let producer = try Producer(brokers: broker.address)
        try producer.produce(topic: "looked-at", key: nil, value: Array("x".utf8))
        try producer.close(deadline: .seconds(10))
        let checks = try doctor("--broker-data", broker.directory)
        #expect(checks["broker data"]?.state == "ok", "\(checks)")
        #expect(checks["broker data"]?.detail.contains("1 segments") == true, "\(checks)")
        #expect(checks["broker process"]?.detail.contains("pid \(getpid()) ") == true, "\(checks)")
        #expect(checks["broker format"]?.detail.hasPrefix("version 1, cluster ") == true, "\(checks)")
        #expect(checks["broker clock"]?.state == "ok", "\(checks)")
        #expect(Files.names(in: broker.directory).filter { $0.hasPrefix(".soma-probe") }.isEmpty)

        let fresh = try doctor("--broker-data", "/tmp/soma-doctor-\(getpid())-never")
        #expect(fresh["broker data"]?.state == "not there", "\(fresh)")
        #expect(fresh["broker process"]?.state == "not there", "\(fresh)")
        #expect(try doctor()["broker data"] == nil)
    }

    @Test func `the doctor sees a clock that was set back and a format of the future`() throws {
        let folder = try Files.makeTemporaryFolder()
        defer { Files.removeTree(folder) }
        try Files.makeFolder(folder + "/t-0")
        let segment = folder + "/t-0/00000000000000000000.log"
        try Files.write("", to: segment)
        var times = [timespec(tv_sec: time(nil) + 7_200, tv_nsec: 0), timespec(tv_sec: time(nil) + 7_200, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, segment, &times, 0) == 0)
        try Files.write("format.version=99\ncluster.id=x\n", to: folder + "/meta.properties")
        let checks = try doctor("--broker-data", folder)
        #expect(checks["broker clock"]?.state == "wrong", "\(checks)")
        #expect(checks["broker format"]?.state == "wrong", "\(checks)")
        #expect(run(["doctor", "--broker-data", folder]).status == .unhealthy)
    }

    @Test func `the doctor reads the broker's file`() throws {
        let folder = try Files.makeTemporaryFolder()
        defer { Files.removeTree(folder) }
        let file = folder + "/broker.properties"
        try Files.write("log.dirs=\(folder)\n", to: file)
        #expect(try doctor("-c", file)["broker data"]?.state == "ok")
        try Files.write("log.dir=\(folder)\nnum.partitons=1\n", to: file)
        let wrong = try doctor("-c", file)["broker settings"]
        #expect(wrong?.state == "wrong")
        #expect(wrong?.detail.contains("broker.properties:2: num.partitons: unknown setting") == true)
    }

    @Test func `the example settings are right`() throws {
        let file = Self.root + "/deploy/broker.properties"
        let configuration = try BrokerConfiguration(.init(file: file))
        #expect(configuration.notes == [])
        #expect(configuration.settings.dataDirectory == "/var/lib/soma/log")
    }

    @Test func `the reference pages are as the tables say`() {
        let answer = run(["reference", "--write", Self.root + "/docs/reference", "--check"])
        #expect(answer.status == .success, "\(answer.talk)")
    }

    @Test func `pages are shown by name`() {
        let page = run(["reference", "topic-settings"])
        #expect(page.output.contains("| `cleanup.policy` |"))
        #expect(!page.output.contains("| `node.id` |"))
        #expect(run(["reference", "nothing"]).status == .notFound)
    }

    @Test(arguments: [false, true]) func `systemd hears that it is ready`(isAbstract: Bool) throws {
        let folder = try Files.makeTemporaryFolder()
        defer { Files.removeTree(folder) }
        let path = folder + "/notify"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = isAbstract ? [0] + Array(path.utf8) : Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sa_family_t>.size + name.count))
            }
        }
        #expect(bound == 0)
        ServiceManager.tell("READY=1", ["NOTIFY_SOCKET": isAbstract ? "@" + path : path])
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        #expect(count > 0)
        #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "READY=1")
        ServiceManager.tell("READY=1", [:])
        ServiceManager.tell("READY=1", ["NOTIFY_SOCKET": "/nonexistent/socket"])
    }

    private static var root: String {
        #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
    }
}
