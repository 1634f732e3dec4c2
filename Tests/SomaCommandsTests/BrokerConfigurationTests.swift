import Broker
import Settings
import SomaNode
import Testing

@testable import SomaCommands

/// The file that `soma serve broker -c` reads, and what wins over what.
@Suite struct BrokerConfigurationTests {
    private func configuration(
        _ text: String?,
        data: String? = "/tmp/never",
        listen: String? = nil,
        _ overrides: [String: String] = [:]
    ) throws -> BrokerConfiguration {
        let folder = try Files.makeTemporaryFolder()
        defer { Files.removeTree(folder) }
        let file = folder + "/server.properties"
        if let text { try Files.write(text, to: file) }
        do {
            return try BrokerConfiguration(
                .init(file: text == nil ? nil : file, data: data, listen: listen, overrides: overrides)
            )
        } catch let error as CommandError {
            throw CommandError(error.message.replacing(folder + "/", with: ""), status: error.status)
        }
    }

    @Test func `Kafka's own file is taken as it is`() throws {
        let found = try configuration(
            """
            # The file that Apache Kafka 4 comes with.
            process.roles=broker,controller
            node.id=7
            controller.quorum.bootstrap.servers=localhost:9093
            listeners=PLAINTEXT://:9092,CONTROLLER://:9093
            inter.broker.listener.name=PLAINTEXT
            advertised.listeners=PLAINTEXT://log.example:9092,CONTROLLER://log.example:9093
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL
            num.network.threads=3
            num.io.threads=8
            socket.send.buffer.bytes=102400
            socket.receive.buffer.bytes=102400
            socket.request.max.bytes=104857600
            log.dirs=/tmp/kraft-combined-logs
            num.partitions=1
            num.recovery.threads.per.data.dir=2
            offsets.topic.replication.factor=1
            share.coordinator.state.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            log.retention.hours=168
            log.segment.bytes=1073741824
            log.retention.check.interval.ms=300000
            """,
            data: nil
        )
        #expect(found.settings.dataDirectory == "/tmp/kraft-combined-logs")
        #expect(found.settings.nodeID == 7)
        #expect(found.settings.listeners.map(\.name) == ["PLAINTEXT"])
        #expect(found.settings.listeners.first?.advertised?.description == "log.example:9092")
        #expect(found.settings.int("num.io.threads") == 8)
        let process = found.notes.filter { $0.contains("process.roles") }
        #expect(process.count == 1)
        #expect(
            process.first?.hasSuffix(
                "server.properties:2: process.roles has no effect: one node has no controllers and no other brokers"
            ) == true,
            "\(process)"
        )
    }

    @Test(arguments: [
        ("\nnum.partition=3", "server.properties:2: num.partition: unknown setting; did you mean num.partitions?"),
        ("num.partitions=many", "server.properties:1: num.partitions: 'many' is not a whole number"),
        ("a=1\n\n\nnum.io.threads=0", "server.properties:4: num.io.threads: 0 is outside 1…64"),
        ("log.dirs=/a,/b", "server.properties:1: log.dirs: one directory is used"),
        ("listeners=X://:1", "server.properties:1: listeners: X is none of"),
        ("=3", "server.properties:1: there is no key before the value"),
        ("node.id=\\u12", "server.properties:1: \\u needs four hexadecimal digits, not '12'"),
        ("metrics.listener=9100", "server.properties:1: metrics.listener: '9100' is not host:port"),
        ("remote.log.storage.system.enable=true", "unknown setting"),
    ])
    func `what is wrong is told with file and line`(text: String, part: String) throws {
        let error = #expect(throws: CommandError.self) { try configuration(text, data: nil) }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        #expect(error?.status == .usage)
    }

    @Test func `every mistake is told at once`() {
        let error = #expect(throws: CommandError.self) {
            try configuration("num.partitions=x\nlog.flush=now", ["node.idd": "1"])
        }
        #expect(error?.message.split(separator: "\n").count == 3, "\(error?.message ?? "")")
        #expect(error?.message.contains("-X: node.idd: unknown setting; did you mean node.id?") == true)
    }

    @Test func `the command line wins over the file, -X too`() throws {
        let text = "log.dirs=/data\nlisteners=PLAINTEXT://0.0.0.0:1\nnum.partitions=3\nnode.id=2"
        let found = try configuration(text, data: "/other", listen: "127.0.0.1:0", ["num.partitions": "5"])
        #expect(found.settings.dataDirectory == "/other")
        #expect(found.settings.listeners.map(\.address.description) == ["127.0.0.1:0"])
        #expect(found.settings.int("num.partitions") == 5)
        #expect(found.settings.nodeID == 2)
        #expect(throws: CommandError.self) {
            try configuration(nil, listen: "127.0.0.1:0", ["listeners": "PLAINTEXT://:1"])
        }
    }

    @Test func `a value that is set twice is the last, and told`() throws {
        let found = try configuration("node.id=1\nnode.id=2")
        #expect(found.settings.nodeID == 2)
        #expect(found.notes.count == 1)
        #expect(found.notes.first?.contains("node.id was set in") == true)
    }

    @Test func `without a directory it says how to name one`() {
        let error = #expect(throws: CommandError.self) { try configuration("node.id=1", data: nil) }
        #expect(error?.message.contains("log.dirs") == true)
    }
}

@Suite struct PropertiesTextTests {
    @Test(arguments: [
        ("a=b", "a|b"), ("a:b", "a|b"), ("a b", "a|b"), ("  a = b  ", "a|b"), ("a : =b", "a|=b"), ("a", "a|"),
        ("a=b=c", "a|b=c"), ("a\\=b=c", "a=b|c"), ("a\\ b c", "a b|c"), ("a=b\\\n   c", "a|bc"), ("a=b\\\\", "a|b\\"),
        ("a=b\\", "a|b"), ("a=\\u0041\\tx", "a|A\tx"), ("a=\\ud83d\\ude00", "a|😀"), ("a=é", "a|é"), ("a=b\r\n", "a|b"),
        ("# x\n! y\n\n", ""), ("a=1 # no comment", "a|1 # no comment"), ("a=\\q", "a|q"),
        ("a=x\\\r\n  y", "a|xy"), ("a\\", "a|"),
    ])
    func `lines are read as Java reads them`(text: String, expected: String) throws {
        let entries = try PropertiesText.read(text)
        #expect(entries.map { "\($0.key)|\($0.value)" }.joined(separator: ";") == expected)
    }

    @Test func `a line goes by where it begins`() throws {
        #expect(try PropertiesText.read("#\na=1\\\n2\nb=3").map(\.line) == [2, 4])
    }

    @Test(arguments: 0..<200)
    func `no text makes it fail otherwise`(seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        var text = ""
        for _ in 0..<60 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            text.append(["a", "\\", "=", ":", " ", "\n", "\r", "u", "0", "#", "é", "\t"][Int(state % 12)])
        }
        _ = try? PropertiesText.read(text)
    }
}
