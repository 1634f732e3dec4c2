/// A request to a server elsewhere.
package struct ClientRequest: Sendable {
    package var method: String
    /// `http` or `https`; redirects are not followed.
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    package var connectMilliseconds = 10_000
    /// From the start to the last byte.
    package var totalMilliseconds = 120_000
    /// The longest silence, from the start or from the last byte received.
    package var idleMilliseconds = 60_000
    package var responseBytesMax = 64 << 20

    package init(
        method: String = "GET",
        url: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers.map { (name: $0.0, value: $0.1) }
        self.body = body
    }
}

/// Status and header fields of an answer; names in lower case.
package struct ResponseHead: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]

    package init(status: Int, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = headers
    }

    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// A whole answer.
package struct ClientResponse: Sendable {
    package var head: ResponseHead
    package var body: [UInt8]

    package var status: Int { head.status }
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Takes an answer as it comes: the head once, then bytes, then the end once.
///
/// All calls come on the client's own thread, which serves every transfer: they must not block.
package protocol ResponseReceiver: AnyObject, Sendable {
    func receive(head: ResponseHead)
    func receive(bytes: UnsafeRawBufferPointer)
    /// The last call; nil when the answer is whole.
    func end(_ error: ClientError?)
}
