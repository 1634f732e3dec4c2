/// A whole answer.
package struct Response: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
        precondition((200...599).contains(status), "status \(status)")
        self.status = status
        self.headers = headers.map { (name: $0.0, value: $0.1) }
        self.body = body
    }

    package init(status: Int, contentType: String, body: [UInt8], headers: [(String, String)] = []) {
        self.init(status: status, headers: [("content-type", contentType)] + headers, body: body)
    }

    package static func json(status: Int = 200, _ body: [UInt8], headers: [(String, String)] = []) -> Response {
        Response(status: status, contentType: "application/json", body: body, headers: headers)
    }

    package static func text(status: Int = 200, _ text: String) -> Response {
        Response(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
