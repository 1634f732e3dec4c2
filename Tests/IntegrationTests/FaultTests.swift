import Foundation
import JSON
import TestSupport
import Testing

/// Faults that users meet: the process killed at any moment, and models that fail.
@Suite(.serialized) struct FaultTests {
    @Test(arguments: LogKind.available)
    func `after kill -9 no acknowledged record is missing and the ledger equals the usage`(kind: LogKind) throws {
        let platform = try Platform(kind)
        var accepted: [String] = []
        for round in 0..<3 {
            let client = try Client(platform, round: round)
            // The kill falls into the middle of the stream of requests.
            while client.acknowledged().count < 20 { usleep(2_000) }
            try platform.killAndRestart()
            client.finish()
            accepted += client.acknowledged()
        }
        #expect(accepted.count >= 60)
        let events = try platform.records("conversation.events")
        let written = Set(
            events.compactMap { record -> String? in
                let headers = record["headers"]?.array?.compactMap(\.string) ?? []
                guard let position = headers.firstIndex(of: "ce_id"), position + 1 < headers.count else { return nil }
                return headers[position + 1]
            }
        )
        #expect(accepted.filter { !written.contains($0) } == [])

        _ = try platform.eventually(
            "every turn has ended and was billed",
            seconds: 60,
            {
                try platform.rows(
                    """
                    select (select count(distinct request_id) from conversation_events where type = 'message.user')
                         = (select count(distinct request_id) from billing_usage),
                           (select count(*) from billing_usage) = (select count(*) from billing_charges)
                    """
                )
            }
        ) { $0 == ["t|t"] }
        _ = try platform.eventually(
            "ledger equals usage",
            seconds: 30,
            {
                try platform.rows(
                    """
                    select (select sum(total_tokens) from billing_ledger) = (select sum(total_tokens) from billing_usage),
                           (select sum(usage_count) from billing_ledger) = (select count(*) from billing_usage),
                           (select sum(total_amount) from billing_ledger) = (select sum(amount) from billing_charges)
                    """
                )
            }
        ) { $0 == ["t|t|t"] }
    }

    @Test func `a model that is down, slow, cut or talks rubbish ends the turn with an error frame`() throws {
        let port = try freePort()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Peers/provider.py"
        )
        let provider = try ChildProcess(["python3", script.path, "\(port)"])
        defer { provider.signal(SIGKILL) }
        try waitForListener(port: port)
        let platform = try Platform(
            .embedded,
            environment: [
                "SOMA_OPENAI_BASE_URL": "http://127.0.0.1:\(port)/v1", "SOMA_OPENAI_API_KEY": "k",
                "SOMA_OPENAI_MODELS": "good,nousage,down,slow,cut,rubbish", "SOMA_OPENAI_IDLE_TIMEOUT_MS": "1500",
                "SOMA_OPENAI_FIRST_BYTE_TIMEOUT_MS": "1500",
            ]
        )
        for (model, content, billed) in [
            ("good", "one two three", "7"), ("nousage", "one two three", nil), ("down", "", "0"), ("slow", "", "0"),
            ("rubbish", "", "0"), ("cut", "one two", nil),
        ] as [(String, String, String?)] {
            let id = "req-\(model)-\(UInt64.random(in: 0 ... .max))"
            let answer = try platform.chat(
                #"{"model":"\#(model)","stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
                headers: ["x-request-id: \(id)"]
            )
            let stream = ServerSentEvents(answer.body)
            #expect(stream.isDone, "\(model): \(answer)\n\(platform.log.suffix(1500))")
            #expect(stream.content == content, "\(model): \(answer.body)")
            #expect((stream.error == nil) == ["good", "nousage"].contains(model), "\(model): \(answer.body)")
            let tokens = try platform.eventually(
                "the end of \(id) in the log",
                {
                    try platform.rows(
                        """
                        select (select count(*) from conversation_events
                                where request_id = '\(id)' and type in ('assistant.final', 'assistant.error')),
                               (select coalesce(sum(total_tokens), 0) from billing_usage where request_id = '\(id)')
                        """
                    )
                }
            ) { $0 == ["1|\(billed ?? "")"] || (billed == nil && $0 != ["1|0"] && $0.first?.hasPrefix("1|") == true) }
            #expect(tokens.count == 1)
        }
    }

    /// Sends events one after another in a process of its own and notes the ids that were acknowledged.
    private final class Client {
        private let process: ChildProcess
        private let output: String

        init(_ platform: Platform, round: Int) throws {
            output = platform.directory.path + "/client-\(round)"
            let script = """
                for i in $(seq 2000); do
                  id=k-\(round)-$i
                  code=$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 \(platform.http)/v1/events \\
                    -H 'Authorization: Bearer \(platform.key)' -H 'content-type: application/json' \\
                    -H 'ce-specversion: 1.0' -H "ce-id: $id" -H 'ce-source: /t' -H 'ce-type: message.user' \\
                    -d "{\\"session_id\\":\\"s-$((i % 7))\\",\\"content\\":\\"The sky is blue. What is blue?\\",\\"model\\":\\"local\\"}")
                  if [ "$code" = 202 ]; then echo $id; else exit 0; fi
                done
                """
            process = try ChildProcess(["bash", "-c", script], output: output)
        }

        func acknowledged() -> [String] { readFile(output).split(separator: "\n").map(String.init) }

        func finish() { process.wait() }
    }
}
