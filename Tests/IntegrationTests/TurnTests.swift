import Foundation
import JSON
import TestSupport
import Testing

/// The main job on a live platform, from HTTP to the bill.
@Suite(.serialized) struct TurnTests {
    static let question = """
        {"model": "local", "stream": true, "stream_options": {"include_usage": true}, "messages": [
          {"role": "user", "content": "A topic is split into partitions. Kafka keeps records in topics. Where does Kafka keep records?"}]}
        """

    @Test(arguments: LogKind.available)
    func `a turn goes from HTTP to records, rows, a bill, an audit trail and lag`(kind: LogKind) throws {
        let platform = try Platform(kind)
        let requestID = "req-\(UInt64.random(in: 0 ... .max))"
        let answer = try platform.chat(
            Self.question,
            headers: ["x-request-id: \(requestID)", "x-soma-session: s-1"]
        )
        #expect(answer.status == 200, "\(answer.body)\n\(platform.log.suffix(2000))")
        let stream = ServerSentEvents(answer.body)
        #expect(stream.isDone)
        #expect(stream.content.contains("Kafka keeps records in topics"))
        #expect(stream.finishReason == "stop")
        let tokens = try #require(stream.usage?["total_tokens"]?.int64)
        #expect(tokens > 0)
        #expect(Set(stream.chunks.compactMap { $0["id"]?.string }).count == 1)
        #expect(stream.chunks.allSatisfy { $0["object"]?.string == "chat.completion.chunk" })

        try expectRecords(platform, requestID)
        try expectRows(platform, requestID, tokens)
        try expectCommands(platform, requestID, tokens)
        try expectForeignProducer(platform)

        let end = platform.stop()
        #expect(end.status == 0 && end.seconds < 5, "stopped with \(end)")
    }

    private func expectRecords(_ platform: Platform, _ requestID: String) throws {
        let types = [
            "conversation.events": ["message.user", "assistant.delta", "assistant.final"],
            "conversation.turns": ["turn.admitted"], "slm.requests": ["slm.request"],
            "slm.responses": ["slm.chunk", "slm.final"], "billing": ["usage.recorded", "charge.rated"],
            "agent.audit": ["audit.recorded"],
        ]
        for (topic, expected) in types {
            let found = try platform.eventually("types in \(topic)", { try platform.records(topic) }) { records in
                Set(expected).isSubset(of: Set(Self.types(records, of: requestID)))
            }
            if topic != "billing" && topic != "agent.audit" {
                #expect(found.allSatisfy { $0["key"]?.string == "s-1" }, "\(topic) is keyed by session")
            }
        }
    }

    /// The event types of the records that belong to a request.
    private static func types(_ records: [JSON], of requestID: String) -> [String] {
        records.compactMap { record in
            let headers = record["headers"]?.array?.compactMap(\.string) ?? []
            var pairs: [String: String] = [:]
            for index in stride(from: 0, to: headers.count - 1, by: 2) { pairs[headers[index]] = headers[index + 1] }
            return pairs["ce_correlationid"] == requestID ? pairs["ce_type"] : nil
        }
    }

    private func expectRows(_ platform: Platform, _ requestID: String, _ tokens: Int64) throws {
        let usage = try platform.eventually(
            "usage row",
            {
                try platform.rows("select total_tokens from billing_usage where request_id = '\(requestID)'")
            }
        ) { !$0.isEmpty }
        #expect(usage == ["\(tokens)"])
        let charge = try platform.eventually(
            "charge row",
            {
                try platform.rows("select amount > 0, currency from billing_charges where request_id = '\(requestID)'")
            }
        ) { !$0.isEmpty }
        #expect(charge == ["t|USD"])
        _ = try platform.eventually(
            "audit rows",
            {
                try platform.rows("select count(*) > 0 from audit_events where request_id = '\(requestID)'")
            }
        ) { $0 == ["t"] }
        _ = try platform.eventually(
            "conversation rows",
            {
                try platform.rows("select distinct type from conversation_events where session_id = 's-1' order by 1")
            }
        ) { $0 == ["assistant.final", "message.user"] }
        _ = try platform.eventually(
            "ledger equals usage",
            {
                try platform.rows(
                    """
                    select (select coalesce(sum(total_tokens), 0) from billing_ledger)
                         = (select sum(total_tokens) from billing_usage),
                           (select coalesce(sum(total_amount), 0) from billing_ledger)
                         = (select sum(amount) from billing_charges)
                    """
                )
            }
        ) { $0 == ["t|t"] }
    }

    private func expectCommands(_ platform: Platform, _ requestID: String, _ tokens: Int64) throws {
        let trace = try platform.soma("trace", requestID, "-o", "json")
        #expect(trace.status == 0, "\(trace.output)")
        for word in ["message.user", "slm.final", "assistant.final", "charge.rated"] {
            #expect(trace.output.contains(word))
        }
        let usage = try platform.soma("billing", "usage", "-o", "json")
        #expect(usage.status == 0 && usage.output.contains("\(tokens)"), "\(usage.output)")
        let lag = try platform.soma("lag", "-o", "json")
        #expect(lag.status == 0 && lag.output.contains("turn-gate"), "\(lag.output)")
        let metrics = try platform.request("GET", "/metrics")
        #expect(
            metrics.body.contains(#"kafka_consumergroup_lag{consumergroup="turn-gate""#),
            "\(metrics.body.prefix(3000))"
        )
        #expect(metrics.body.contains("kafka_consumergroup_lag_seconds"))
        let memory = try platform.eventually(
            "memory",
            {
                try platform.request("GET", "/v1/memory/search?q=where%20are%20records")
            }
        ) { $0.body.contains("topics") }
        #expect(memory.status == 200)
        let console = try platform.request("GET", "/", authorized: false)
        #expect(console.status == 200 && console.body.contains("<html"))
    }

    /// A plain Kafka producer starts a turn too.
    private func expectForeignProducer(_ platform: Platform) throws {
        let value = #"{"session_id":"s-kcat","content":"Water boils at 100 degrees. When does water boil?"}"#
        let produced = try ChildProcess.run([
            "bash", "-c",
            "printf '%s' '\(value)' | kcat -b \(platform.broker) -t conversation.events -P -k s-kcat -H ce_type=message.user",
        ])
        #expect(produced.status == 0, "\(produced.output)")
        _ = try platform.eventually("answer to kcat", { try platform.records("conversation.events") }) { records in
            records.contains { record in
                record["key"]?.string == "s-kcat" && record["payload"]?.string?.contains("100 degrees") == true
                    && record["payload"]?.string?.contains("finish_reason") == true
            }
        }
    }
}
