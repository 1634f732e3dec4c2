private import Glibc
internal import TLS

extension Connection {
    /// Handshakes under way on one loop; each holds some 40 KB until it is done or late.
    private static let handshakesMax = 512
    /// The first byte of a TLS record with a handshake message.
    static let handshakeRecord: UInt8 = 22

    /// Goes on with the handshake as far as the socket lets it.
    func secure() {
        guard let stream = stream ?? beginHandshake() else { return }
        switch stream.handshake() {
        case .moved:
            scratch.handshakes.removeAll { $0 === self }
            isSecuring = false
            certificateSubject = stream.peerSubject
            serve()
            // What followed the handshake may be in OpenSSL's buffer already, of which the socket knows nothing.
            readAvailable()
            updateInterest()
        case .wantsRead: setInterest(EventLoop.Interest.read)
        case .wantsWrite: setInterest(EventLoop.Interest.write)
        case .ended: close(ConnectionFault("the peer went during the TLS handshake"))
        case .failed(let reason): close(ConnectionFault("TLS handshake: \(reason)"))
        }
    }

    /// A peer that says nothing gets nothing: the session is made when its first byte is there.
    private func beginHandshake() -> TLSStream? {
        guard let identity = endpoint.tls else { return nil }
        var first: UInt8 = 0
        let count = recv(descriptor, &first, 1, Int32(MSG_PEEK))
        if count < 0, errno == EAGAIN || errno == EINTR { return nil }
        guard count > 0 else {
            close(nil)
            return nil
        }
        guard first == Self.handshakeRecord else {
            close(ConnectionFault("listener \(endpoint.name) speaks TLS, the client does not"))
            return nil
        }
        do throws(TLSError) {
            let made = try TLSStream(identity.current, descriptor: descriptor)
            stream = made
            if scratch.handshakes.count >= Self.handshakesMax {
                scratch.handshakes[0].close(ConnectionFault("too many TLS handshakes at a time; the oldest goes"))
            }
            scratch.handshakes.append(self)
            return made
        } catch {
            close(ConnectionFault(error.description))
            return nil
        }
    }

    /// Reads decrypted bytes into `room`, then into the scratch; answers as `readv` does.
    func read(into room: UnsafeMutableRawBufferPointer, through stream: TLSStream) -> Int {
        mayHoldMore = false
        readWantsWrite = false
        var total = 0
        while total < room.count + scratch.capacity {
            let target =
                total < room.count
                ? UnsafeMutableRawBufferPointer(rebasing: room[total...])
                : UnsafeMutableRawBufferPointer(
                    start: scratch.base + (total - room.count),
                    count: scratch.capacity - (total - room.count)
                )
            switch stream.read(into: target) {
            case .moved(let count):
                total += count
                continue
            case .wantsRead: break
            case .wantsWrite: readWantsWrite = true
            case .ended:
                // Said again by the next read, which must come though the socket is silent.
                mayHoldMore = total > 0
                return total
            case .failed(let reason):
                mayHoldMore = total > 0
                guard total == 0 else { return total }
                readFault = ConnectionFault("TLS: \(reason)")
                errno = EPROTO
                return -1
            }
            guard total == 0 else { return total }
            errno = EAGAIN
            return -1
        }
        mayHoldMore = true
        return total
    }

    /// Comes back for bytes that OpenSSL holds: the loop will not wake us for them.
    func readMoreLater() {
        guard mayHoldMore, isOpen, isReading, !isReadPosted else { return }
        isReadPosted = true
        loop.post { [self] in
            isReadPosted = false
            guard isOpen else { return }
            readAvailable()
            updateInterest()
        }
    }
}
