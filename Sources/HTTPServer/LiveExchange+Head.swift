import CMicroHTTPD

extension LiveExchange {
    /// Why a request is refused before its body is read.
    struct Refusal: Error {
        let status: Int
        let reason: String
    }

    /// Reads the head; strict, since what two readers can read in two ways is how requests are smuggled.
    func readHead(method: String, version: String, isFromLoopback: Bool) throws(Refusal) -> Request {
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
            throw Refusal(status: 505, reason: "HTTP/1.0 and HTTP/1.1 are served")
        }
        guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else {
            throw Refusal(status: 400, reason: "the method is not a token")
        }
        guard let (path, query) = RequestTarget.parse(target) else {
            throw Refusal(status: 400, reason: "the request target is malformed")
        }
        let collector = HeaderCollector()
        MHD_get_connection_values(
            connection,
            .HEADER_KIND,
            collectHeader,
            Unmanaged.passUnretained(collector).toOpaque()
        )
        guard collector.isValid else {
            throw Refusal(status: 400, reason: "a header is malformed or not UTF-8")
        }
        let headers = collector.headers
        try checkFraming(headers, version: version)
        var request = Request(method: method, path: path, isFromLoopback: isFromLoopback)
        request.query = query
        request.headers = headers
        return request
    }

    private func checkFraming(_ headers: Headers, version: String) throws(Refusal) {
        for name in ["host", "content-length", "transfer-encoding", "content-type", "authorization"]
        where headers.count(of: name) > 1 {
            throw Refusal(status: 400, reason: "header \(name) is given more than once")
        }
        if let encoding = headers["transfer-encoding"] {
            guard encoding.lowercased() == "chunked", version == "HTTP/1.1" else {
                throw Refusal(status: 400, reason: "the only transfer-encoding is chunked, in HTTP/1.1")
            }
            guard headers["content-length"] == nil else {
                throw Refusal(status: 400, reason: "content-length and transfer-encoding exclude each other")
            }
        }
        if let text = headers["content-length"] {
            guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ (48...57).contains($0) }),
                let length = Int(text)
            else { throw Refusal(status: 400, reason: "content-length is not a number") }
            guard length <= settings.bodyBytesMax else { throw bodyTooLarge }
        }
        if let expectation = headers["expect"], expectation.lowercased() != "100-continue" {
            throw Refusal(status: 417, reason: "the only expectation is 100-continue")
        }
    }

    var bodyTooLarge: Refusal {
        Refusal(status: 413, reason: "the body is longer than \(settings.bodyBytesMax) bytes")
    }
}

private final class HeaderCollector {
    var headers = Headers()
    var isValid = true
}

private func collectHeader(
    _ context: UnsafeMutableRawPointer?,
    _ kind: MHD_ValueKind,
    _ name: UnsafePointer<CChar>?,
    _ value: UnsafePointer<CChar>?
) -> MHD_Result {
    guard let context, let name else { return .NO }
    let collector = Unmanaged<HeaderCollector>.fromOpaque(context).takeUnretainedValue()
    let nameText = String(cString: name)
    guard !nameText.isEmpty, nameText.utf8.allSatisfy(isTokenByte),
        let valueText = value.map({ String(validatingCString: $0) }) ?? "",
        valueText.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
    else {
        collector.isValid = false
        return .NO
    }
    collector.headers.append(lowercasedName: nameText.lowercased(), value: valueText)
    return .YES
}

/// RFC 9110's `tchar`.
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
        UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"),
        UInt8(ascii: "|"), UInt8(ascii: "~"):
        true
    default: false
    }
}
