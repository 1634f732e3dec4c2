/// A whole request, its body read and its target decoded.
package struct Request: Sendable {
    package struct Parameter: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    package var method: String
    /// The path with its percent escapes decoded, beginning with `/`.
    package var path: String
    package var query: [Parameter]
    package var headers: Headers
    package var body: [UInt8]
    /// True when the peer's address is this machine's loopback.
    package var isFromLoopback: Bool

    package init(
        method: String = "GET",
        path: String,
        query: [(String, String)] = [],
        headers: [(String, String)] = [],
        body: [UInt8] = [],
        isFromLoopback: Bool = true
    ) {
        self.method = method
        self.path = path
        self.query = query.map { Parameter(name: $0.0, value: $0.1) }
        self.headers = Headers(headers)
        self.body = body
        self.isFromLoopback = isFromLoopback
    }

    /// The first query parameter of that name.
    package func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The media type without parameters, in lower case; nil when the header is missing.
    package var mediaType: String? {
        guard let value = headers["content-type"] else { return nil }
        let type = value.prefix { $0 != ";" }
        return type.trimmingSpaces().lowercased()
    }
}

extension Substring {
    func trimmingSpaces() -> Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
