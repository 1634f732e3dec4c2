import Events
import HTTPServer
import JSON
import Telemetry

/// Routes that only read; what may block runs on the read pool.
struct ViewsHandler: Sendable {
    let services: GatewayServices
    let turns: TurnTable
    let reads: ReadPool
    let isFollowing: @Sendable () -> Bool

    func searchMemory(_ call: Call) {
        guard let search = services.searchMemory else { return absent(call, "memory search") }
        let text = call.request.parameter("q") ?? ""
        let count = call.request.parameter("k").map { Int($0) } ?? 10
        var findings: [ErrorAnswers.Finding] = []
        if text.isEmpty || text.utf8.count > 8192 {
            findings.append(.init(pointer: "q", reason: "must have 1 to 8192 bytes"))
        }
        if !(1...100).contains(count ?? 0) { findings.append(.init(pointer: "k", reason: "must be 1 to 100")) }
        guard findings.isEmpty, let count else {
            let detail = findings.map { "\($0.pointer) \($0.reason)" }.joined(separator: "; ") + "."
            return call.respond(ErrorAnswers.problem(400, "Bad request", detail, errors: findings))
        }
        let query = MemoryQuery(
            tenant: call.principal.tenant,
            text: text,
            count: count,
            session: call.request.parameter("session")
        )
        read(call) { Self.hits(try search(query)) }
    }

    func usage(_ call: Call) {
        guard let usage = services.usage else { return absent(call, "billing usage") }
        let tenant = call.principal.tenant
        read(call) { Self.rows(try usage(tenant), tenant: tenant) }
    }

    func lag(_ call: Call) {
        guard let platform = services.platform else { return absent(call, "lag") }
        read(call) {
            guard let report = platform() else { throw NotYet() }
            return report.lagJSON
        }
    }

    func topics(_ call: Call) {
        guard let platform = services.platform else { return absent(call, "topics") }
        read(call) {
            guard let report = platform() else { throw NotYet() }
            return report.topicsJSON
        }
    }

    func metrics(_ call: Call) {
        run(call) {
            var own = PrometheusText()
            own.family("soma_gateway_turns_waiting", .gauge, "Chat requests that wait for their turn's events.")
            own.sample("soma_gateway_turns_waiting", [], Int64(turns.count))
            let text = services.metrics.prometheusText() + own.text
            return Response(
                status: 200,
                contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: Array(text.utf8)
            )
        }
    }

    func health(_ call: Call) { call.respond(.json(Array(#"{"status":"ok"}"#.utf8))) }

    func ready(_ call: Call) {
        run(call) {
            let parts = services.readiness() + [ComponentHealth(name: "turn-feed", isReady: isFollowing())]
            let isReady = parts.allSatisfy(\.isReady)
            var json = JSONWriter()
            json.beginObject()
            json.name("status")
            json.string(isReady ? "ready" : "not ready")
            json.name("components")
            json.beginArray()
            for part in parts {
                json.beginObject()
                json.name("name")
                json.string(part.name)
                json.name("ready")
                json.bool(part.isReady)
                json.name("detail")
                json.string(part.detail)
                json.endObject()
            }
            json.endArray()
            json.endObject()
            return .json(status: isReady ? 200 : 503, json.bytes)
        }
    }

    private struct NotYet: Error {}

    private func absent(_ call: Call, _ what: String) {
        call.respond(ErrorAnswers.problem(404, "Not found", "This gateway has no \(what)."))
    }

    private func read(_ call: Call, _ body: @escaping @Sendable () throws -> [UInt8]) {
        run(call) {
            do {
                return .json(try body(), headers: [("cache-control", "no-store")])
            } catch is NotYet {
                return ErrorAnswers.problem(
                    503,
                    "Not measured yet",
                    "The first measurement is on its way.",
                    retryAfter: 1
                )
            } catch {
                // What went wrong inside is for the log; the client learns that it can try again.
                Logger("gateway").warning(
                    "a read failed",
                    ["path": .value(call.request.path), "reason": .value(error)]
                )
                return ErrorAnswers.problem(503, "Unavailable", "The data cannot be read at the moment.", retryAfter: 2)
            }
        }
    }

    private func run(_ call: Call, _ body: @escaping @Sendable () -> Response) {
        let isTaken = reads.submit { call.respond(body()) }
        if !isTaken {
            call.respond(
                ErrorAnswers.problem(503, "Overloaded", "Too many reads wait; try again shortly.", retryAfter: 1)
            )
        }
    }

    private static func hits(_ hits: [MemoryHit]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.name("hits")
        json.beginArray()
        for hit in hits {
            json.beginObject()
            json.name("id")
            json.string(hit.id)
            json.name("session_id")
            json.string(hit.session)
            json.name("role")
            json.string(hit.role)
            json.name("text")
            json.string(hit.text)
            json.name("score")
            json.number(hit.score)
            json.name("time")
            json.string(EventTime.text(milliseconds: hit.time))
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private static func rows(_ rows: [UsageRow], tenant: String) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.name("tenant")
        json.string(tenant)
        json.name("usage")
        json.beginArray()
        for row in rows {
            json.beginObject()
            json.name("service")
            json.string(row.service)
            json.name("model")
            json.string(row.model)
            json.name("currency")
            json.string(row.currency)
            json.name("total_tokens")
            json.integer(row.totalTokens)
            json.name("total_amount")
            json.string(row.totalAmount.description)
            json.name("usage_count")
            json.integer(row.usageCount)
            json.name("charge_count")
            json.integer(row.chargeCount)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }
}
