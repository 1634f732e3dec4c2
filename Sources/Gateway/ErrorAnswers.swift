import HTTPServer
import JSON
import Schemas

/// Error answers in the two forms that clients expect: OpenAI's object on its routes, RFC 9457 elsewhere.
enum ErrorAnswers {
    /// `{"error":{"message","type","param","code"}}`, all four always there.
    static func openAI(
        _ status: Int,
        _ message: String,
        type: String = "invalid_request_error",
        param: String? = nil,
        code: String? = nil,
        retryAfter: Int? = nil
    ) -> Response {
        .json(
            status: status,
            openAIBody(message, type: type, param: param, code: code),
            headers: retryAfter.map { [("retry-after", String($0))] } ?? []
        )
    }

    static func openAIBody(_ message: String, type: String, param: String? = nil, code: String? = nil) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.name("error")
        json.beginObject()
        json.name("message")
        json.string(message)
        json.name("type")
        json.string(type)
        json.name("param")
        if let param { json.string(param) } else { json.null() }
        json.name("code")
        if let code { json.string(code) } else { json.null() }
        json.endObject()
        json.endObject()
        return json.bytes
    }

    /// One thing that is wrong with one event.
    struct Finding {
        var index: Int?
        var pointer: String
        var reason: String
    }

    /// `application/problem+json`, with `errors` where fields are to blame.
    static func problem(
        _ status: Int,
        _ title: String,
        _ detail: String,
        errors: [Finding] = [],
        retryAfter: Int? = nil
    ) -> Response {
        var json = JSONWriter()
        json.beginObject()
        json.name("type")
        json.string("about:blank")
        json.name("title")
        json.string(title)
        json.name("status")
        json.integer(Int64(status))
        json.name("detail")
        json.string(detail)
        if !errors.isEmpty {
            json.name("errors")
            json.beginArray()
            for error in errors {
                json.beginObject()
                if let index = error.index {
                    json.name("index")
                    json.integer(Int64(index))
                }
                json.name("pointer")
                json.string(error.pointer)
                json.name("reason")
                json.string(error.reason)
                json.endObject()
            }
            json.endArray()
        }
        json.endObject()
        return Response(
            status: status,
            contentType: "application/problem+json",
            body: json.bytes,
            headers: retryAfter.map { [("retry-after", String($0))] } ?? []
        )
    }

    /// The form that the path's own clients expect.
    static func forPath(_ path: String, _ status: Int, _ reason: String, retryAfter: Int? = nil) -> Response {
        if path.hasPrefix("/v1/chat/") || path.hasPrefix("/v1/models") {
            let type = status >= 500 ? "server_error" : "invalid_request_error"
            return openAI(status, reason, type: type, code: code(status), retryAfter: retryAfter)
        }
        return problem(status, title(status), reason, retryAfter: retryAfter)
    }

    static func title(_ status: Int) -> String {
        switch status {
        case 400: "Bad request"
        case 401: "Not authenticated"
        case 403: "Forbidden"
        case 404: "Not found"
        case 405: "Method not allowed"
        case 413: "Too large"
        case 415: "Unsupported content type"
        case 429: "Too many requests"
        case 500: "Internal error"
        case 503: "Unavailable"
        case 504: "Deadline exceeded"
        default: status < 500 ? "Refused" : "Failed"
        }
    }

    private static func code(_ status: Int) -> String? {
        switch status {
        case 404: "not_found"
        case 405: "method_not_allowed"
        case 413: "request_too_large"
        case 429: "rate_limit_exceeded"
        case 503: "service_unavailable"
        default: nil
        }
    }
}
