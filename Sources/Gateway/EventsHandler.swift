import Clocks
import Events
import HTTPServer
import JSON
import Schemas

/// `POST /v1/events`: CloudEvents over HTTP in binary, structured and batch mode; 202 when every record is durable.
struct EventsHandler: Sendable {
    let settings: GatewaySettings
    let services: GatewayServices

    private struct Outcome {
        var records: [OutgoingRecord] = []
        var ids: [String] = []
        var findings: [ErrorAnswers.Finding] = []
        var forbidden: String?
        var tooLarge: (index: Int, bytes: Int)?
    }

    func handle(_ call: Call) {
        let type = call.request.mediaType ?? ""
        let isBatch = type.hasPrefix("application/cloudevents-batch")
        let isStructured = !isBatch && type.hasPrefix("application/cloudevents")
        if isBatch || isStructured {
            guard type.hasSuffix("+json") else { return refuseType(call) }
            readStructured(call, isBatch: isBatch)
        } else if CloudEvent.isJSON(type) {
            readBinary(call)
        } else {
            refuseType(call)
        }
    }

    private func refuseType(_ call: Call) {
        call.respond(
            ErrorAnswers.problem(
                415,
                "Unsupported content type",
                "content-type must be application/cloudevents+json, application/cloudevents-batch+json, or "
                    + "application/json with ce- headers"
            )
        )
    }

    private func admission(_ call: Call) -> EventAdmission {
        EventAdmission(
            contracts: services.contracts,
            principal: call.principal,
            requestID: call.requestID,
            now: services.clock.wallMilliseconds,
            recordBytesMax: settings.recordBytesMax
        )
    }

    private func readBinary(_ call: Call) {
        var event = CloudEvent()
        for field in call.request.headers.fields where field.name.hasPrefix("ce-") {
            let name = String(field.name.dropFirst(3))
            guard let value = Self.percentDecoded(field.value), !event.has(name) else {
                return refuse(call, [.init(pointer: "/\(name)", reason: "is given more than once, or badly escaped")])
            }
            event.attributes.append((name: name, value: .string(value)))
        }
        if let traceparent = IdentifierSource.traceparent(call.request), !event.has("traceparent") {
            event.attributes.append((name: "traceparent", value: .string(traceparent)))
        }
        let admission = admission(call)
        parse(call) { data in
            var outcome = Outcome()
            note(
                admission.judge(event, data: data, bytes: call.request.body, dataPointer: "/data"),
                event,
                nil,
                &outcome
            )
            return outcome
        }
    }

    private func readStructured(_ call: Call, isBatch: Bool) {
        let admission = admission(call)
        parse(call) { root in
            var outcome = Outcome()
            if !isBatch {
                judgeStructured(root, nil, admission, &outcome)
                return outcome
            }
            guard root.kind == .array, root.count <= settings.batchEventsMax else {
                outcome.findings.append(
                    .init(pointer: "", reason: "must be a list of at most \(settings.batchEventsMax) events")
                )
                return outcome
            }
            var index = 0
            root.forEachElement { element in
                judgeStructured(element, index, admission, &outcome)
                index += 1
            }
            return outcome
        }
    }

    private func judgeStructured(
        _ json: JSONView,
        _ index: Int?,
        _ admission: EventAdmission,
        _ outcome: inout Outcome
    ) {
        guard json.kind == .object else {
            outcome.findings.append(.init(index: index, pointer: "", reason: "must be an object"))
            return
        }
        var event = CloudEvent()
        var repeated: String?
        json.forEachMember { name, value in
            guard name != "data", !value.isNull else { return }
            if event.has(name) { repeated = name }
            event.attributes.append((name: name, value: value.tree))
        }
        if let repeated {
            let pointer = Violation.step(repeated)
            outcome.findings.append(.init(index: index, pointer: pointer, reason: "is given more than once"))
            return
        }
        if event.has("data_base64") {
            outcome.findings.append(
                .init(index: index, pointer: "/data_base64", reason: "is not served: data is JSON, in data")
            )
            return
        }
        note(admission.judge(event, data: json["data"], bytes: nil, dataPointer: "/data"), event, index, &outcome)
    }

    private func note(
        _ verdict: EventAdmission.Verdict,
        _ event: CloudEvent,
        _ index: Int?,
        _ outcome: inout Outcome
    ) {
        switch verdict {
        case .record(let record):
            outcome.records.append(record)
            outcome.ids.append(event.text("id") ?? "")
        case .refused(let violations):
            // A hostile batch must not make an answer of megabytes.
            for violation in violations where outcome.findings.count < 100 {
                outcome.findings.append(.init(index: index, pointer: violation.pointer, reason: violation.reason))
            }
        case .forbidden(let type): outcome.forbidden = type
        case .tooLarge(let bytes): outcome.tooLarge = outcome.tooLarge ?? (index ?? 0, bytes)
        }
    }

    private func parse(_ call: Call, _ read: (JSONView) -> Outcome) {
        let outcome: Outcome
        do { outcome = try JSONView.parse(call.request.body, read) } catch {
            call.respond(ErrorAnswers.problem(400, "Malformed JSON", "The body is \(error)."))
            return
        }
        if !outcome.findings.isEmpty { return refuse(call, outcome.findings) }
        if let type = outcome.forbidden {
            call.respond(ErrorAnswers.problem(403, "Forbidden", "This API key may not send events of type \(type)."))
        } else if let (index, bytes) = outcome.tooLarge {
            call.respond(
                ErrorAnswers.problem(
                    413,
                    "Too large",
                    "Event \(index) makes a record of \(bytes) bytes; \(settings.recordBytesMax) at most. "
                        + "Keep large content elsewhere and send a reference."
                )
            )
        } else {
            write(call, outcome)
        }
    }

    private func refuse(_ call: Call, _ findings: [ErrorAnswers.Finding]) {
        let first = findings.first.map { "\($0.index.map { "event \($0) " } ?? "")\($0.pointer) \($0.reason)" } ?? ""
        call.respond(
            ErrorAnswers.problem(
                400,
                "The event breaks its contract",
                "\(first). Nothing was written.",
                errors: findings
            )
        )
    }

    private func write(_ call: Call, _ outcome: Outcome) {
        guard !outcome.records.isEmpty else {
            call.respond(.json(status: 202, Array(#"{"accepted":[]}"#.utf8)))
            return
        }
        let ids = outcome.ids
        services.log.append(outcome.records) { result in
            switch result {
            case .success(let placements): call.respond(.json(status: 202, Self.accepted(ids, placements)))
            case .failure(.overloaded):
                call.respond(
                    ErrorAnswers.problem(
                        503,
                        "Overloaded",
                        "Too many records are on their way; try again shortly.",
                        retryAfter: 1
                    )
                )
            case .failure(.unavailable(let reason)):
                call.respond(
                    ErrorAnswers.problem(
                        503,
                        "The log is unavailable",
                        "\(reason). The events may have been written in part; sending them again with the same ids is safe.",
                        retryAfter: 2
                    )
                )
            case .failure(.refused(let reason)):
                call.respond(ErrorAnswers.problem(500, "The log refused the events", reason))
            }
        }
    }

    private static func accepted(_ ids: [String], _ placements: [Placement]) -> [UInt8] {
        var json = JSONWriter(capacity: 64 + placements.count * 120)
        json.beginObject()
        json.name("accepted")
        json.beginArray()
        for (id, placement) in zip(ids, placements) {
            json.beginObject()
            json.name("id")
            json.string(id)
            json.name("topic")
            json.string(placement.topic)
            json.name("partition")
            json.integer(Int64(placement.partition))
            json.name("offset")
            json.integer(placement.offset)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    /// Attribute values in headers are percent-encoded UTF-8 (CloudEvents HTTP binding 3.1.3.2).
    private static func percentDecoded(_ text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = ArraySlice(text.utf8)
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
