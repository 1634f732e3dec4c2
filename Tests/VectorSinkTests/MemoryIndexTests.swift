import Clocks
import TestSupport
import Testing

@testable import VectorSink

private func entry(_ id: String, _ text: String, tenant: String = "t", session: String = "s", time: Int64 = 0)
    -> MemoryEntry
{
    MemoryEntry(id: id, tenant: tenant, sessionID: session, role: "user", text: text, time: time)
}

@Suite struct MemoryIndexTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/memory" }

    init() throws { directory = try TemporaryDirectory() }

    private let texts = [
        "My dog is called Rex and likes long walks.", "The invoice for March was paid late.",
        "Kafka keeps records in partitions.", "I prefer tea over coffee in the morning.",
        "The deployment failed because a certificate expired.",
    ]

    @Test func `finds what was said, best first`() throws {
        let index = try MemoryIndex(directory: path)
        try index.append(texts.enumerated().map { entry("e\($0.offset)", $0.element) }, positions: [("c", 0, 5)])
        #expect(index.search(tenant: "t", query: "what is my dog's name?", k: 3).first?.id == "e0")
        #expect(index.search(tenant: "t", query: "why did the deploy fail", k: 3).first?.id == "e4")
        #expect(index.search(tenant: "t", query: "coffee", k: 10).map(\.id) == ["e3"])
        let scores = index.search(tenant: "t", query: "records in kafka partitions", k: 5).map(\.score)
        #expect(scores == scores.sorted(by: >))
        #expect(scores.allSatisfy { (0...1).contains($0) })
    }

    @Test func `tenants and sessions do not see each other`() throws {
        let index = try MemoryIndex(directory: path)
        try index.append(
            [
                entry("a", "the secret word is plum", tenant: "one"),
                entry("b", "the secret word is pear", tenant: "two", session: "x"),
                entry("c", "the secret word is fig", tenant: "two", session: "y"),
            ],
            positions: []
        )
        #expect(index.search(tenant: "one", query: "secret word", k: 9).map(\.id) == ["a"])
        #expect(index.search(tenant: "two", query: "secret word", k: 9, session: "x").map(\.id) == ["b"])
        #expect(index.search(tenant: "three", query: "secret word", k: 9).isEmpty)
        #expect(index.search(tenant: "one", query: "", k: 9).isEmpty)
        #expect(index.search(tenant: "one", query: "secret", k: 0).isEmpty)
        #expect(index.search(tenant: "one", query: "secret", k: -1).isEmpty)
    }

    @Test func `a second delivery adds nothing`() throws {
        let index = try MemoryIndex(directory: path)
        for _ in 0..<3 { try index.append([entry("a", "one"), entry("a", "one")], positions: [("c", 0, 1)]) }
        #expect(index.count == 1)
    }

    @Test(arguments: [true, false])
    func `is the same after a restart, with and without a saved graph`(saves: Bool) throws {
        do {
            let index = try MemoryIndex(directory: path)
            try index.append(
                texts.prefix(3).enumerated().map { entry("e\($0.offset)", $0.element) },
                positions: [("c", 1, 3)]
            )
            if saves { index.save() }
            try index.append([entry("e4", texts[4])], positions: [("c", 1, 9), ("c", 2, 4)])
            // Without messages a position is kept in memory only.
            try index.append([], positions: [("c", 1, 99)])
            #expect(index.position(topic: "c", partition: 1) == 99)
        }
        let index = try MemoryIndex(directory: path)
        #expect(index.count == 4)
        #expect(index.position(topic: "c", partition: 1) == 9)
        #expect(index.position(topic: "c", partition: 2) == 4)
        #expect(index.position(topic: "c", partition: 0) == nil)
        #expect(index.search(tenant: "t", query: "expired certificate", k: 1).first?.id == "e4")
        #expect(index.search(tenant: "t", query: "dog called", k: 1).first?.id == "e0")
    }

    @Test(arguments: ["-1", "-7", "-40"])
    func `a torn batch is gone with its positions`(cut: String) throws {
        do {
            let index = try MemoryIndex(directory: path)
            try index.append([entry("a", "first message")], positions: [("c", 0, 1)])
            try index.append([entry("b", "second message")], positions: [("c", 0, 2)])
        }
        let file = path + "/texts.log"
        #expect(try ChildProcess.run(["truncate", "--size=\(cut)", file]).status == 0)
        // Zeros behind the end, as after a power cut.
        #expect(try ChildProcess.run(["truncate", "--size=+100", file]).status == 0)
        do {
            let index = try MemoryIndex(directory: path)
            #expect(index.count == 1)
            #expect(index.position(topic: "c", partition: 0) == 1)
            try index.append([entry("b", "second message")], positions: [("c", 0, 2)])
        }
        #expect(try MemoryIndex(directory: path).count == 2)
    }

    @Test func `positions of another log are forgotten, its messages are kept`() throws {
        do {
            let index = try MemoryIndex(directory: path, clusterID: "one")
            try index.append([entry("a", "first message")], positions: [("c", 0, 7)])
            #expect(throws: (any Error).self) { try MemoryIndex(directory: path, clusterID: "one") }
        }
        do {
            let index = try MemoryIndex(directory: path, clusterID: "two")
            #expect(index.position(topic: "c", partition: 0) == nil)
            try index.append([entry("a", "first message"), entry("b", "second")], positions: [("c", 0, 2)])
            #expect(index.count == 2)
        }
        #expect(try MemoryIndex(directory: path, clusterID: "two").position(topic: "c", partition: 0) == 2)
    }

    @Test func `a damaged graph is built anew from the texts`() throws {
        do {
            let index = try MemoryIndex(directory: path)
            try index.append(texts.enumerated().map { entry("e\($0.offset)", $0.element) }, positions: [])
            index.save()
        }
        #expect(try ChildProcess.run(["truncate", "-s", "100", path + "/graph.bin"]).status == 0)
        let index = try MemoryIndex(directory: path)
        #expect(index.search(tenant: "t", query: "tea or coffee", k: 1).first?.id == "e3")
    }

    @Test func `keeps the newest when it is full, in memory and on disk`() throws {
        do {
            let index = try MemoryIndex(directory: path, entriesMax: 10)
            for number in 0..<64 {
                try index.append(
                    [entry("e\(number)", "message number\(number)")],
                    positions: [("c", 0, Int64(number + 1))]
                )
            }
            #expect(index.count == 10)
            #expect(index.search(tenant: "t", query: "number60", k: 1).first?.id == "e60")
            index.save()
        }
        let index = try MemoryIndex(directory: path, entriesMax: 10)
        #expect(index.count == 10)
        #expect(index.position(topic: "c", partition: 0) == 64)
        #expect(index.search(tenant: "t", query: "number54", k: 1).first?.id == "e54")
        #expect(index.search(tenant: "t", query: "number53", k: 10).contains { $0.id == "e53" } == false)
        #expect(readFile(path + "/texts.log").utf8.count < 8192)
    }
}
