private import CLinux
private import Glibc
private import Telemetry
internal import TLS

/// One accepted socket: frames in, answers out in the order of the frames.
///
/// Lives on its loop's thread. A frame that arrived whole is handed over where the kernel put it; one that came in pieces
/// is put together in a block that grows as bytes arrive. Reading stops while too much of this peer is in flight.
package final class Connection: EventSource, @unchecked Sendable {
    // Sendable holds: all state is touched on the loop's thread alone; calls from elsewhere are posted to it.

    /// A request that was handed over; its answer waits here for those before it.
    private enum Slot {
        case waiting(requestBytes: Int)
        case answered([OutputChunk], requestBytes: Int)
    }

    package let loop: EventLoop
    /// The address of the other side.
    package let peer: String
    /// What the listener that the peer came by asks of it.
    package let endpoint: Endpoint
    /// The name in the client's certificate, which has been verified.
    package internal(set) var certificateSubject: String?
    let server: SocketServer
    let scratch: LoopScratch
    var descriptor: Int32
    var handler: (any FrameHandler)?
    private var token: EventLoop.Token = 0
    private var interest: UInt32 = 0

    // Reading.
    var inbox: Block?
    var inboxCount = 0 { didSet { server.noteInbox(inboxCount - oldValue) } }
    var lastReadMilliseconds: Int64

    /// The largest frame taken at this time.
    private(set) var frameBytesMax: Int

    // Encryption.
    var stream: TLSStream?
    /// The handshake is not over.
    var isSecuring: Bool
    /// OpenSSL may have bytes for us of which the socket knows nothing.
    var mayHoldMore = false
    var isReadPosted = false
    var readWantsWrite = false
    var readFault: ConnectionFault?
    private var setupTimer: TimerQueue.Token?

    // Answering.
    private var slots: [Slot] = []
    private var firstSlot: UInt64 = 0
    private var inFlightBytes = 0
    /// Bytes of answers that wait for those before them.
    private var heldBytes = 0
    private var muteCount = 0

    // Writing.
    var output = OutputQueue()
    var lastWriteMilliseconds: Int64
    private var isFlushScheduled = false
    /// On its loop's list of those who wait for the broker to catch up.
    var isHeldByCongestion = false
    /// Nothing is read for a while; see `mute`.
    private(set) var isMuted = false
    /// Set when the connection ends with the answers that are under way.
    private var endsWith: ConnectionFault?

    init(
        loop: EventLoop,
        server: SocketServer,
        scratch: LoopScratch,
        descriptor: Int32,
        peer: String,
        endpoint: Endpoint
    ) {
        self.loop = loop
        self.server = server
        self.endpoint = endpoint
        isSecuring = endpoint.tls != nil
        frameBytesMax = endpoint.loginFrameBytesMax ?? server.limits.frameBytesMax
        self.scratch = scratch
        self.descriptor = descriptor
        self.peer = peer
        lastReadMilliseconds = loop.nowMilliseconds
        lastWriteMilliseconds = loop.nowMilliseconds
    }

    var isOpen: Bool { descriptor >= 0 }

    /// The address of the other side without its port.
    package var address: String { Self.address(of: peer) }

    static func address(of peer: String) -> String {
        guard let colon = peer.lastIndex(of: ":") else { return peer }
        let host = peer[..<colon]
        return host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
    }

    func start() throws(EventLoopError) {
        interest = EventLoop.Interest.read
        token = try loop.watch(descriptor, interest, self)
        if isSecuring || endpoint.loginFrameBytesMax != nil {
            let limit = endpoint.setupMilliseconds
            setupTimer = loop.schedule(afterMilliseconds: limit) { [self] in
                setupTimer = nil
                let missing = isSecuring ? "no TLS handshake" : "no login"
                close(ConnectionFault("\(missing) within \(limit) ms on listener \(endpoint.name)"))
            }
        }
        if !isSecuring { serve() }
    }

    /// From here on frames are taken.
    func serve() {
        handler = server.makeHandler(self)
        if endpoint.loginFrameBytesMax == nil { endSetup() }
    }

    /// The client has shown who it is: it is served like any other now; loop thread only.
    package func loggedIn() {
        frameBytesMax = server.limits.frameBytesMax
        endSetup()
    }

    private func endSetup() {
        if let setupTimer { loop.cancel(setupTimer) }
        setupTimer = nil
    }

    package func ready(_ events: UInt32) {
        if isSecuring { return secure() }
        if events & EventLoop.Interest.write != 0 {
            flush()
            resume()
            if isOpen, readWantsWrite { readAvailable() }
        }
        if isOpen, events & (EventLoop.Interest.read | EventLoop.Interest.broken) != 0 {
            // With reading switched off, only a broken connection brings us here.
            if isReading { readAvailable() } else if events & EventLoop.Interest.broken != 0 { close(nil) }
        }
        updateInterest()
    }

    /// Whether another request of this peer may be taken.
    var mayTakeRequest: Bool {
        slots.count < server.limits.inFlightRequestsMax && inFlightBytes < server.limits.inFlightBytesMax
            && !isMuted && output.byteCount + heldBytes <= server.limits.outputBytesMax
            && handler?.isSaturated != true && !server.isCongestedNow(on: self)
    }

    var isReading: Bool { mayTakeRequest && !server.isDraining && endsWith == nil }

    /// Hands one whole frame over.
    func take(_ frame: UnsafeRawBufferPointer) {
        let slot = firstSlot + UInt64(slots.count)
        slots.append(.waiting(requestBytes: frame.count))
        inFlightBytes += frame.count
        do throws(ConnectionFault) {
            try handler?.receive(frame, Responder(connection: self, slot: slot))
        } catch {
            close(error)
        }
    }

    /// See `Responder.send`.
    func complete(_ slot: UInt64, _ chunks: [OutputChunk]) {
        guard loop.isCurrent else { return loop.post { self.complete(slot, chunks) } }
        guard isOpen, slot >= firstSlot, let index = Int(exactly: slot - firstSlot), index < slots.count,
            case .waiting(let bytes) = slots[index]
        else { return }
        slots[index] = .answered(chunks, requestBytes: bytes)
        guard index == 0 else {
            heldBytes += Self.byteCount(chunks)
            return
        }
        var done = 0
        while done < slots.count, case .answered(let chunks, let bytes) = slots[done] {
            inFlightBytes -= bytes
            if output.isEmpty { lastWriteMilliseconds = loop.nowMilliseconds }
            output.append(chunks)
            if done > 0 { heldBytes -= Self.byteCount(chunks) }
            done += 1
        }
        slots.removeFirst(done)
        firstSlot += UInt64(done)
        scheduleFlush()
    }

    private static func byteCount(_ chunks: [OutputChunk]) -> Int { chunks.reduce(0) { $0 + $1.bytes.count } }

    /// Takes no further request for a time; answers still leave.
    package func mute(forMilliseconds time: Int64) {
        guard loop.isCurrent else { return loop.post { self.mute(forMilliseconds: time) } }
        guard isOpen else { return }
        muteCount += 1
        isMuted = true
        updateInterest()
        // The last one to end it is the last one that was asked for: throttles grow while they last.
        let count = muteCount
        _ = loop.schedule(afterMilliseconds: time) { [weak self] in
            guard let self, self.muteCount == count else { return }
            self.isMuted = false
            self.resume()
        }
    }

    /// See `Responder.sendLast`.
    func complete(_ slot: UInt64, _ chunks: [OutputChunk], endingWith fault: ConnectionFault) {
        guard loop.isCurrent else { return loop.post { self.complete(slot, chunks, endingWith: fault) } }
        endsWith = fault
        complete(slot, chunks)
        updateInterest()
    }

    func fail(_ fault: ConnectionFault) {
        guard loop.isCurrent else { return loop.post { self.fail(fault) } }
        close(fault)
    }

    /// Goes on with what was held back; called when the reason for holding back may be gone.
    func resume() {
        guard isOpen, !isSecuring else { return }
        if isReading, inboxCount > 0 { parseInbox() }
        readMoreLater()
        updateInterest()
    }

    /// Writes at the end of the turn, so that all answers of a turn leave in one call.
    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        loop.afterTurn { [self] in
            isFlushScheduled = false
            guard isOpen else { return }
            flush()
            resume()
        }
    }

    private func flush() {
        let before = output.byteCount
        let isSound = stream.map { output.write(through: $0) } ?? output.write(to: descriptor)
        guard isSound else { return close(nil) }
        if output.byteCount < before {
            lastWriteMilliseconds = loop.nowMilliseconds
            server.metrics.bytesOut.add(before - output.byteCount)
        }
        if let endsWith, output.isEmpty, slots.isEmpty { close(endsWith) }
    }

    func updateInterest() {
        guard isOpen, !isSecuring else { return }
        let mustWrite = !output.isEmpty || readWantsWrite
        setInterest((isReading ? EventLoop.Interest.read : 0) | (mustWrite ? EventLoop.Interest.write : 0))
    }

    func setInterest(_ wanted: UInt32) {
        guard wanted != interest else { return }
        interest = wanted
        loop.change(token, descriptor, wanted)
    }

    /// Closes when nothing has moved for too long.
    func closeIfIdle(_ limits: ServerLimits) {
        let now = loop.nowMilliseconds
        if !output.isEmpty, now - lastWriteMilliseconds > limits.stallMilliseconds {
            close(ConnectionFault("the peer takes no answers for \(now - lastWriteMilliseconds) ms"))
        } else if inboxCount > 0, isReading, now - lastReadMilliseconds > limits.stallMilliseconds {
            close(ConnectionFault("the peer stopped in the middle of a request"))
        } else if slots.isEmpty, output.isEmpty,
            now - max(lastReadMilliseconds, lastWriteMilliseconds) > limits.idleMilliseconds
        {
            close(nil)
        }
    }

    /// Lets the socket go; a fault is logged, a nil means the peer went or we are stopping.
    func close(_ fault: ConnectionFault?) {
        guard isOpen else { return }
        if let fault {
            server.metrics.faults.add()
            server.faultLog.report("connection closed", peer: peer, reason: "\(fault)", now: loop.nowMilliseconds)
        } else if !isSecuring {
            stream?.sendEnd()
        }
        endSetup()
        if isSecuring { scratch.handshakes.removeAll { $0 === self } }
        stream = nil
        loop.unwatch(token, descriptor)
        Glibc.close(descriptor)
        descriptor = -1
        releaseInbox()
        output = OutputQueue()
        slots = []
        handler?.closed()
        handler = nil
        server.forget(self)
    }
}
