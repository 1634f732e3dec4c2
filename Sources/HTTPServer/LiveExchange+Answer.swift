import CMicroHTTPD
import Glibc
import Synchronization

extension LiveExchange {
    /// Called on a thread of the server when the answer may be there.
    ///
    /// - Returns: False when the connection is to be closed.
    func sendAnswer() -> Bool {
        let answer: Answer? = state.withLock { state in
            guard !state.isGone else { return nil }
            state.phase = .sending
            defer { state.answer = nil }
            return state.answer
        }
        switch answer {
        case .whole(let response): return queue(response)
        case .stream(let status, let headers):
            let response = MHD_create_response_from_callback(
                UInt64.max,
                4096,
                readStreamBytes,
                Unmanaged.passUnretained(self).toOpaque(),
                nil
            )
            return queue(response, status: status, headers: headers)
        case nil: return false
        }
    }

    func queue(_ response: Response, closing: Bool = false) -> Bool {
        let made = response.body.withUnsafeBytes { body in
            MHD_create_response_from_buffer(
                body.count,
                UnsafeMutableRawPointer(mutating: body.baseAddress),
                .RESPMEM_MUST_COPY
            )
        }
        let headers = closing ? response.headers + [(name: "connection", value: "close")] : response.headers
        return queue(made, status: response.status, headers: headers)
    }

    private func queue(_ response: OpaquePointer?, status: Int, headers: [(name: String, value: String)]) -> Bool {
        guard let response else { return false }
        defer { MHD_destroy_response(response) }
        for (name, value) in headers where MHD_add_response_header(response, name, value) != .YES {
            // A value with a line break, from an echo of what a client sent: better no header than a forged one.
            continue
        }
        return MHD_queue_response(connection, UInt32(status), response) == .YES
    }

    /// Refuses a body that turned out too long on its way.
    ///
    /// libmicrohttpd takes no answer in mid-body, so this one goes straight to the socket, on which nothing else has
    /// been written for this request; the caller then closes the connection.
    func refuseInMidBody(_ response: Response) {
        var head = "HTTP/1.1 \(response.status) \(reasonPhrase(response.status))\r\nconnection: close\r\n"
        for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
        head += "content-length: \(response.body.count)\r\n\r\n"
        let bytes = Array(head.utf8) + response.body
        let descriptor = soma_mhd_socket(connection)
        guard descriptor >= 0 else { return }
        _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) }
    }

    private func reasonPhrase(_ status: Int) -> String {
        MHD_get_reason_phrase_for(UInt32(status)).map { String(cString: $0) } ?? "Unknown"
    }
}

private func readStreamBytes(
    _ context: UnsafeMutableRawPointer?,
    _ position: UInt64,
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ count: Int
) -> Int {
    guard let context, let buffer else { return -2 }
    // The exchange outlives its response: it is let go in the completed callback, after the last read.
    return Unmanaged<LiveExchange>.fromOpaque(context).takeUnretainedValue()
        .readStream(into: UnsafeMutableRawBufferPointer(start: buffer, count: count))
}
