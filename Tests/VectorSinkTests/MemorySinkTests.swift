import Events
import RdKafka
import SinkRuntime
import TestSupport
import Testing

@testable import VectorSink

private let place = TopicPartition("conversation.events", 0)

private func record(
    _ offset: Int64,
    _ value: String?,
    type: String? = nil,
    key: String? = nil,
    tenant: String? = nil
) -> SinkRecord {
    var headers: [RecordHeader] = []
    if let type { headers.append(RecordHeader("ce_type", text: type)) }
    if let tenant { headers.append(RecordHeader("ce_tenant", text: tenant)) }
    return SinkRecord(
        place: place,
        offset: offset,
        timestamp: 5,
        key: key.map { Array($0.utf8) },
        value: value.map { Array($0.utf8) },
        headers: headers
    )
}

@Suite struct MemorySinkTests {
    @Test func `remembers messages and answers, nothing else`() throws {
        func entry(_ record: SinkRecord) -> MemoryEntry? { MemorySink.entry(record) }
        let line = try #require(entry(record(1, "My dog is Rex", key: "s1", tenant: "acme")))
        #expect(line.sessionID == "s1" && line.role == "user" && line.text == "My dog is Rex" && line.tenant == "acme")
        #expect(line.id == "conversation.events/0/1")
        let answer = try #require(
            entry(record(2, #"{"content":"Rex.","session_id":"s2","request_id":"r"}"#, type: "assistant.final"))
        )
        #expect(answer.sessionID == "s2" && answer.role == "assistant")
        #expect(entry(record(3, #"{"content":"x"}"#, type: "assistant.delta")) == nil)
        #expect(entry(record(4, "{")) == nil)
        #expect(entry(record(5, nil)) == nil)
        #expect(entry(record(6, #"{"content":""}"#)) == nil)
        #expect(entry(record(7, #""quoted""#))?.text == "quoted")
    }

    @Test func `begins at the start and goes on where it was`() throws {
        let directory = try TemporaryDirectory()
        do {
            let sink = MemorySink(try MemoryIndex(directory: directory.path + "/m"))
            #expect(try sink.claim([place], generation: 1) == [place: 0])
            try sink.write(SinkBatch(records: [record(0, "My dog is Rex", key: "s")], positions: [place: 1]))
            sink.close()
        }
        let index = try MemoryIndex(directory: directory.path + "/m")
        #expect(try MemorySink(index).claim([place], generation: 2) == [place: 1])
        #expect(index.search(tenant: "default", query: "dog", k: 1).first?.text == "My dog is Rex")
    }
}
