import CCurl

/// One request on its way; belongs to the client's thread alone.
final class Transfer {
    let number: UInt64
    let easy: UnsafeMutableRawPointer
    private let request: ClientRequest
    private let receiver: any ResponseReceiver
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var head: ResponseHead?
    private var isHeadGiven = false
    private var receivedBytes = 0
    private var isTooLong = false
    let idleMilliseconds: Int64
    private(set) var lastByteMilliseconds: Int64

    init(
        number: UInt64,
        request: ClientRequest,
        receiver: any ResponseReceiver,
        now: Int64
    ) throws(ClientError) {
        guard let easy = curl_easy_init() else { throw .unavailable("no memory for a request") }
        self.number = number
        self.easy = easy
        self.request = request
        self.receiver = receiver
        idleMilliseconds = Int64(request.idleMilliseconds)
        lastByteMilliseconds = now
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try configure()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    private func configure() throws(ClientError) {
        try check(soma_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        try check(soma_curl_set_pointer(easy, CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque()))
        try check(soma_curl_set_sinks(easy, takeHeader, takeBody, Unmanaged.passUnretained(self).toOpaque()))
        // Names are resolved on a thread of curl's; no signals then.
        try check(soma_curl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        try check(soma_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        try check(soma_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0))
        try check(soma_curl_set_long(easy, CURLOPT_TCP_NODELAY, 1))
        try check(soma_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, request.connectMilliseconds))
        try check(soma_curl_set_long(easy, CURLOPT_TIMEOUT_MS, request.totalMilliseconds))
        guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw .invalidRequest("the URL holds a space or a control character")
        }
        try check(soma_curl_set_text(easy, CURLOPT_URL, request.url))
        try setMethodAndBody()
        try setHeaders()
    }

    private func setMethodAndBody() throws(ClientError) {
        guard !request.method.isEmpty, request.method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            throw .invalidRequest("method \(request.method.prefix(20))")
        }
        if request.method == "HEAD" {
            try check(soma_curl_set_long(easy, CURLOPT_NOBODY, 1))
        } else if let body = request.body {
            try check(soma_curl_set_large(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            // Copied by curl, so that the array may move.
            let code = body.withUnsafeBytes { bytes in
                soma_curl_set_pointer(
                    easy,
                    CURLOPT_COPYPOSTFIELDS,
                    UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                )
            }
            try check(code)
            if body.isEmpty { try check(soma_curl_set_text(easy, CURLOPT_POSTFIELDS, "")) }
            if request.method != "POST" { try check(soma_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method)) }
        } else if request.method != "GET" {
            try check(soma_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method))
        }
    }

    private func setHeaders() throws(ClientError) {
        // curl would wait a second for the server's leave before it sends a longer body.
        var lines = ["Expect:"]
        for (name, value) in request.headers {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }),
                !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F })
            else { throw .invalidRequest("header \(name.prefix(40))") }
            // In curl's form `Name;` is an empty header and `Name:` leaves one out.
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        for line in lines {
            guard let longer = curl_slist_append(headerList, line) else { throw .unavailable("no memory for headers") }
            headerList = longer
        }
        try check(soma_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList))
    }

    private func check(_ code: CURLcode) throws(ClientError) {
        guard code == CURLE_OK else { throw .invalidRequest(String(cString: curl_easy_strerror(code))) }
    }

    /// Takes one line of the head; interim answers (1xx) come before the real one and are dropped.
    fileprivate func take(headerLine: UnsafeRawBufferPointer, now: Int64) {
        lastByteMilliseconds = now
        var line = Substring(String(decoding: headerLine, as: UTF8.self))
        while let last = line.unicodeScalars.last, last == "\r" || last == "\n" { line.unicodeScalars.removeLast() }
        if line.hasPrefix("HTTP/") {
            let words = line.split(separator: " ", maxSplits: 2)
            head = ResponseHead(status: words.count > 1 ? Int(words[1]) ?? 0 : 0)
        } else if line.isEmpty {
            guard let head, head.status >= 200, !isHeadGiven else { return }
            isHeadGiven = true
            receiver.receive(head: head)
        } else if let colon = line.firstIndex(of: ":"), !isHeadGiven {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            head?.headers.append((name: line[..<colon].lowercased(), value: String(value)))
        }
    }

    /// False when the answer has become too long.
    fileprivate func take(bytes: UnsafeRawBufferPointer, now: Int64) -> Bool {
        lastByteMilliseconds = now
        receivedBytes += bytes.count
        guard receivedBytes <= request.responseBytesMax else {
            isTooLong = true
            return false
        }
        receiver.receive(bytes: bytes)
        return true
    }

    func finish(_ code: CURLcode) {
        guard code != CURLE_OK else { return finish(isHeadGiven ? nil : .cutShort("no answer came")) }
        let told = String(cString: errorText)
        let reason = told.isEmpty ? String(cString: curl_easy_strerror(code)) : told
        var connectMicroseconds: curl_off_t = 0
        soma_curl_connect_time(easy, &connectMicroseconds)
        let error: ClientError
        switch code {
        // An answer that is not HTTP has the code of a URL that is not.
        case CURLE_UNSUPPORTED_PROTOCOL where connectMicroseconds > 0: error = .cutShort(reason)
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: error = .invalidRequest(reason)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: error = .unknownHost(reason)
        case CURLE_COULDNT_CONNECT: error = .connectFailed(reason)
        case CURLE_OPERATION_TIMEDOUT:
            error = connectMicroseconds == 0 ? .connectTimedOut : .totalTimedOut
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER:
            error = .tlsFailed(reason)
        case CURLE_WRITE_ERROR where isTooLong: error = .tooLong(limit: request.responseBytesMax)
        default: error = .cutShort(reason)
        }
        finish(error)
    }

    func finish(_ error: ClientError?) { receiver.end(error) }
}

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    // The transfer outlives its easy handle's last callback.
    Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        .take(headerLine: UnsafeRawBufferPointer(start: bytes, count: size * count), now: monotonicMilliseconds())
    return size * count
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let isTaken = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        .take(bytes: UnsafeRawBufferPointer(start: bytes, count: size * count), now: monotonicMilliseconds())
    return isTaken ? size * count : 0
}
