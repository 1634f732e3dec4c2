import Clocks
import Events
import Glibc
import Postgres
import RdKafka
import SinkRuntime
import TestSupport
import Testing

@testable import PostgresSink

private let place = TopicPartition("conversation.events", 3)

private func record(_ offset: Int64, _ value: String, place: TopicPartition = place) -> SinkRecord {
    SinkRecord(
        place: place,
        offset: offset,
        timestamp: 1_700_000_000_000,
        key: Array("s".utf8),
        value: Array(value.utf8),
        headers: []
    )
}

@Suite(.enabled(if: PrivatePostgres.isInstalled, "PostgreSQL 15 is not installed"))
struct PostgresEventSinkTests {
    private let url: String
    private let connection: Connection

    init() throws {
        url = try PrivatePostgres.shared.get().makeDatabase()
        connection = try Connection(url)
    }

    private func number(_ sql: String) throws -> Int { try connection.query(sql)[0].int(0) ?? -1 }

    private func opened() throws -> (sink: PostgresEventSink, positions: [TopicPartition: Int64]) {
        let sink = PostgresEventSink(url: url, name: "p")
        try sink.open()
        return (sink, try sink.claim([place], generation: 1))
    }

    @Test func `begins at the start and goes on where it was`() throws {
        let (sink, positions) = try opened()
        #expect(positions == [place: 0])
        try sink.write(SinkBatch(records: [record(0, "hello"), record(1, #"{"content":"x"}"#)], positions: [place: 2]))
        #expect(try number("SELECT count(*) FROM conversation_events") == 2)
        #expect(try opened().positions == [place: 2])
        #expect(throws: SinkError.self) { try sink.write(SinkBatch(records: [], positions: [place: 3])) }
    }

    @Test func `names the records that are at fault`() throws {
        let (sink, _) = try opened()
        let batch = SinkBatch(
            records: [record(0, "hello"), record(1, "{broken"), record(2, "there")],
            positions: [place: 3]
        )
        do {
            try sink.write(batch)
            Issue.record("taken")
        } catch SinkError.refused(let refusals) {
            #expect(refusals.map(\.index) == [1])
        }
        #expect(try number("SELECT count(*) FROM conversation_events") == 0)
    }

    @Test func `connects again when the server has ended the session`() throws {
        let (sink, _) = try opened()
        _ = try connection.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                + "WHERE application_name = 'soma sink p' AND datname = current_database()"
        )
        #expect(throws: SinkError.self) { try sink.write(SinkBatch(records: [record(0, "a")], positions: [place: 1])) }
        try sink.write(SinkBatch(records: [record(0, "a")], positions: [place: 1]))
        #expect(try number("SELECT count(*) FROM conversation_events") == 1)
        #expect(try number("SELECT next_offset FROM sink_positions") == 1)
    }

    // Prints what it takes; the rate of a debug build says nothing.
    @Test(arguments: ["billing_usage", "conversation_events"])
    func `stores a hundred thousand records in batches`(table: String) throws {
        let isUsage = table == "billing_usage"
        let place = TopicPartition(isUsage ? "billing" : "conversation.events", 0)
        let sink = PostgresEventSink(url: url, name: "p")
        try sink.open()
        _ = try sink.claim([place], generation: 1)
        let records = (0..<100_000).map { number in
            let value: [UInt8]
            if isUsage {
                value =
                    UsageRecorded(
                        usageID: "01a1fc3c-be09-7089-b51d-\(number)",
                        tenant: "default",
                        requestID: "r-\(number)",
                        sessionID: "s-\(number % 1000)",
                        service: "slm",
                        model: "local",
                        provider: "local",
                        promptTokens: 100,
                        completionTokens: 20,
                        totalTokens: 120,
                        source: "counted",
                        status: "complete",
                        recordedAt: "2026-11-21T03:00:00.000Z"
                    ).bytes
            } else {
                value =
                    UserMessage(
                        sessionID: "s-\(number % 1000)",
                        content: "How does message number \(number) come to its row?",
                        requestID: "r-\(number)",
                        model: "local"
                    ).bytes
            }
            let envelope = Envelope(
                id: "01a1fc3c-be09-7089-b51d-\(number)",
                source: "/t",
                type: isUsage ? UsageRecorded.type : UserMessage.type,
                time: 1_700_000_000_000
            )
            return SinkRecord(
                place: place,
                offset: Int64(number),
                timestamp: 5,
                key: Array("k".utf8),
                value: value,
                headers: envelope.headers
            )
        }
        let start = Clock.system.monotonicMilliseconds
        for first in stride(from: 0, to: records.count, by: 10_000) {
            let end = first + 10_000
            try sink.write(SinkBatch(records: Array(records[first..<end]), positions: [place: Int64(end)]))
        }
        let elapsed = max(Clock.system.monotonicMilliseconds - start, 1)
        print("\(table): \(records.count) rows in \(elapsed) ms, \(Int64(records.count) * 1000 / elapsed) rows/s")
        #expect(try number("SELECT count(*) FROM \(table)") == 100_000)
        // Again, as after a crash of whoever wrote them.
        try sink.write(SinkBatch(records: Array(records[..<1000]), positions: [place: 100_001]))
        #expect(try number("SELECT count(*) FROM \(table)") == 100_000)
    }

    @Test(arguments: [20, 50, 90, 140])
    func `killed in the middle of a batch, rows and positions agree`(milliseconds: Int) async throws {

        await #expect(processExitsWith: .signal(SIGKILL)) { [url = url as String, milliseconds] in
            let sink = PostgresEventSink(url: url, name: "p")
            try sink.open()
            _ = try sink.claim([place], generation: 1)
            for batch in 0..<Int64.max / 1000 {
                if batch == 3 {
                    spawnThread {
                        usleep(UInt32(milliseconds) * 1000)
                        kill(getpid(), SIGKILL)
                    }
                }
                let records = (batch * 1000..<(batch + 1) * 1000).map { record($0, "message \($0)") }
                try sink.write(SinkBatch(records: records, positions: [place: (batch + 1) * 1000]))
            }
        }
        // What was open is rolled back as soon as the server sees that nobody is there any more.
        for _ in 0..<1000 where try number(Self.sessions) > 0 { usleep(10_000) }
        let rows = try number("SELECT count(*) FROM conversation_events")
        #expect(rows == (try number("SELECT max(next_offset) FROM sink_positions")))
        print("killed after \(milliseconds) ms: \(rows) rows stored")
        let (sink, positions) = try opened()
        #expect(positions == [place: Int64(rows)])
        try sink.write(
            SinkBatch(records: [record(Int64(rows), "next")], positions: [place: Int64(rows) + 1])
        )
        #expect(try number("SELECT count(*) FROM conversation_events") == rows + 1)
    }

    // Only this test's database: others have sessions of the same name.
    private static let sessions = """
        SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'soma sink p' AND datname = current_database()
        """
}
