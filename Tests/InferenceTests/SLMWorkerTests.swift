import Events
import Foundation
import SomaStreams
import SomaStreamsTesting
import TestSupport
import Testing

@testable import Inference

/// A model server in a process of its own.
final class Provider: Sendable {
    let process: ChildProcess
    let port: Int

    init() throws {
        let directory = try TemporaryDirectory()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Peers/provider.py")
        process = try ChildProcess(["python3", script.path], output: directory.path + "/port")
        var port: Int?
        for _ in 0..<500 where port == nil {
            usleep(10_000)
            port = Int(readFile(directory.path + "/port").split(separator: "\n").first ?? "")
        }
        self.port = try #require(port)
    }

    static let models = [
        "good", "crlf", "whole", "nodone", "nousage", "key", "missing", "down", "flaky", "limited", "banned", "mute",
        "stall", "cut", "broken", "rubbish", "count",
    ]

    func settings() -> InferenceSettings {
        var settings = InferenceSettings(
            remote: InferenceSettings.Remote(
                baseURL: "http://127.0.0.1:\(port)/v1/",
                apiKey: "sk-secret",
                models: Self.models.map { ($0, $0) }
            )
        )
        settings.timeouts.firstByteMilliseconds = 300
        settings.timeouts.idleMilliseconds = 300
        settings.backoffMilliseconds = 5
        return settings
    }
}

/// Runs work that blocks on a thread of its own: the driver's waiting must not hold the threads that the calls need.
private func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        spawnThread { continuation.resume(with: Swift.Result { try work() }) }
    }
}

@Suite struct SLMWorkerTests {
    private static let provider = Swift.Result { try Provider() }

    private static func driver(_ settings: InferenceSettings? = nil) throws -> TopologyTestDriver {
        let settings = try settings ?? Self.provider.get().settings()
        return try TopologyTestDriver(InferenceProcessors.slmWorker(settings))
    }

    private static func request(_ model: String, _ id: String = "r", deadline: Int64 = .max / 2) -> SLMRequest {
        SLMRequest(
            requestID: id,
            sessionID: "s-\(id)",
            model: model,
            messages: [
                ChatMessage(role: "system", content: "Lisbon is in Portugal."),
                ChatMessage(role: "user", content: "Where is Lisbon?"),
            ],
            deadlineMs: deadline
        )
    }

    private static func run(_ model: String) throws -> [TestRecord] {
        let driver = try driver()
        try driver.pipe(request(model))
        try driver.settle()
        return driver.outputs(of: "slm.responses")
    }

    private static func text(_ records: [TestRecord]) throws -> String {
        try records.filter { $0.type == SLMChunk.type }.map { try $0.decode(SLMChunk.self).delta }.joined()
    }

    @Test func `the local model answers from the conversation`() async throws {
        try await onThread {
            let records = try Self.run("local")
            #expect(records.map(\.type) == Array(repeating: "slm.chunk", count: 4) + ["slm.final"])
            let answer = try #require(records.last).decode(SLMFinal.self)
            #expect(answer.content == "Lisbon is in Portugal.")
            #expect(answer.content == (try Self.text(records)))
            #expect(answer.provider == "local" && answer.model == "local" && answer.chunks == 4)
            #expect(records.allSatisfy { $0.keyText == "s-r" })
        }
    }

    @Test(arguments: ["good", "crlf", "nodone", "nousage", "whole", "flaky", "limited"])
    func `a remote answer comes whole`(model: String) async throws {
        try await onThread {
            let records = try Self.run(model)
            let answer = try #require(records.last).decode(SLMFinal.self)
            #expect(answer.content == "one two three")
            #expect(try Self.text(records) == "one two three")
            #expect(answer.finishReason == "stop" && answer.provider == "openai-compatible")
            if model == "nousage" {
                #expect(answer.usage.source == "counted" && answer.usage.completionTokens == 3)
                #expect(answer.usage.promptTokens == TokenCounter.count(Self.request(model).messages))
            } else {
                #expect(
                    answer.usage == TokenUsage(promptTokens: 4, completionTokens: 3, totalTokens: 7, source: "provider")
                )
            }
        }
    }

    @Test(arguments: [
        ("key", "provider_auth", false), ("missing", "model_not_found", false), ("down", "provider_unavailable", true),
        ("banned", "rate_limited", true), ("mute", "provider_timeout", true), ("rubbish", "provider_protocol", true),
        ("unknown", "model_not_found", false),
    ])
    func `a call that said nothing ends with an error and no usage`(
        model: String,
        code: String,
        isRetriable: Bool
    ) async throws {
        try await onThread {
            let records = try Self.run(model)
            #expect(records.count == 1)
            let error = try #require(records.first).decode(SLMError.self)
            #expect(error.code == code && error.retriable == isRetriable)
            #expect(error.usage == nil && error.chunks == 0)
            #expect(!error.message.contains("sk-secret"))
        }
    }

    @Test(arguments: [("cut", "provider_cut"), ("stall", "provider_timeout"), ("broken", "provider_error")])
    func `a call that breaks after some pieces ends with what was delivered`(model: String, code: String) async throws {
        try await onThread {
            let records = try Self.run(model)
            #expect(try Self.text(records) == "one two")
            let error = try #require(records.last).decode(SLMError.self)
            #expect(error.code == code && error.chunks == 2)
            #expect(error.usage?.completionTokens == 2 && error.usage?.source == "counted")
        }
    }

    @Test func `a provider that is not there is an error`() async throws {
        try await onThread {
            var settings = InferenceSettings(
                remote: InferenceSettings.Remote(baseURL: "http://127.0.0.1:1/v1", apiKey: "", models: [("m", "m")])
            )
            settings.backoffMilliseconds = 1
            let driver = try Self.driver(settings)
            try driver.pipe(Self.request("m"))
            try driver.settle()
            let error = try #require(driver.readOutput("slm.responses")).decode(SLMError.self)
            #expect(error.code == "provider_unavailable" && error.retriable)
        }
    }

    @Test func `a late request and a replayed one call nobody`() async throws {
        try await onThread {
            let driver = try Self.driver()
            try driver.pipe(Self.request("good", deadline: 1))
            try driver.settle()
            #expect(try #require(driver.readOutput("slm.responses")).decode(SLMError.self).code == "deadline_exceeded")
            try driver.pipe(
                Self.request("good", "q"),
                envelope: Envelope(
                    id: "x",
                    source: "/t",
                    type: SLMRequest.type,
                    time: 1,
                    tenant: "t",
                    replay: "run/shadow"
                )
            )
            try driver.settle()
            #expect(driver.outputs.count == 1 && driver.deadLetters.isEmpty)
        }
    }

    @Test func `a request that was answered is not asked again`() async throws {
        try await onThread {
            let driver = try Self.driver()
            let envelope = Envelope(id: "x", source: "/t", type: SLMRequest.type, time: 1, tenant: "t")
            for _ in 0..<2 {
                try driver.pipe(Self.request("good"), envelope: envelope)
                try driver.settle()
            }
            #expect(driver.outputs.filter { $0.type == SLMFinal.type }.count == 1)
        }
    }

    @Test func `a hundred calls go on at once`() async throws {
        try await onThread {
            let driver = try Self.driver()
            for number in 0..<100 { try driver.pipe(Self.request("good", "r\(number)")) }
            try driver.settle(deadline: .seconds(30))
            let answers = driver.outputs.filter { $0.type == SLMFinal.type }
            #expect(answers.count == 100)
            #expect(Set(try answers.map { try $0.decode(SLMFinal.self).requestID }).count == 100)
        }
    }

    @Test func `what is no request is set aside`() async throws {
        try await onThread {
            let driver = try Self.driver()
            let envelope = Envelope(id: "x", source: "/t", type: SLMRequest.type, time: 1)
            try driver.pipe(topic: "slm.requests", value: Array("{}".utf8), headers: envelope.headers)
            try driver.settle()
            #expect(driver.deadLetters.count == 1)
        }
    }
}
