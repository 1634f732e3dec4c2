private import CLinux
private import Glibc
internal import TLS
private import Telemetry

extension Connection {
    /// Reads of one turn; more would let one busy peer starve the others of its loop.
    private static let readsPerTurn = 4

    func readAvailable() {
        var reads = 0
        while isOpen, isReading, reads < Self.readsPerTurn {
            reads += 1
            let room = makeRoom()
            let count = read(into: room)
            if count == 0 { return close(nil) }
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { return }
                return close(readFault)
            }
            lastReadMilliseconds = loop.nowMilliseconds
            server.metrics.bytesIn.add(count)
            let inInbox = min(count, room.count)
            inboxCount += inInbox
            if inboxCount > 0 { parseInbox() }
            if isOpen, count > inInbox { take(fromScratch: count - inInbox) }
            if isOpen, inboxCount > 0, server.isInboxTooLarge(inboxCount) {
                return close(ConnectionFault("\(inboxCount) bytes of an unfinished request, and too many in all"))
            }
            // A short read means that the socket is empty.
            if count < room.count + scratch.capacity, !mayHoldMore { return }
        }
        readMoreLater()
    }

    /// The free part of the inbox that the rest of its first frame needs; empty when the inbox is.
    private func makeRoom() -> UnsafeMutableRawBufferPointer {
        guard inboxCount > 0, var block = inbox else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        let needed = frameBytesNeeded(UnsafeRawBufferPointer(start: block.base, count: inboxCount))
        if needed > block.capacity {
            // A block of a class was filled first, so this peer has really sent what it claimed so far.
            if needed <= BlockPool.blockBytesMax {
                let larger = scratch.pool.take(needed)
                larger.base.copyMemory(from: block.base, byteCount: inboxCount)
                scratch.pool.give(block)
                block = larger
            } else if inboxCount == block.capacity || block.capacity < BlockPool.blockBytesMax {
                block = scratch.pool.grow(block, to: min(needed, max(BlockPool.blockBytesMax, block.capacity * 2)))
            }
            inbox = block
        }
        let end = min(needed, block.capacity)
        return UnsafeMutableRawBufferPointer(start: block.base + inboxCount, count: max(0, end - inboxCount))
    }

    private func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        if let stream { return read(into: room, through: stream) }
        guard room.count > 0 else { return Glibc.read(descriptor, scratch.base, scratch.capacity) }
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { vectors in
            vectors[0] = iovec(iov_base: room.baseAddress, iov_len: room.count)
            vectors[1] = iovec(iov_base: scratch.base, iov_len: scratch.capacity)
            return readv(descriptor, vectors.baseAddress, 2)
        }
    }

    private func take(fromScratch count: Int) {
        let bytes = UnsafeRawBufferPointer(start: scratch.base, count: count)
        // Frames held back in the inbox go first.
        let used = inboxCount == 0 ? parse(bytes) : 0
        guard isOpen, used < count else { return }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
        append(toInbox: rest)
    }

    private func append(toInbox bytes: UnsafeRawBufferPointer) {
        let needed = max(inboxCount + bytes.count, min(frameBytesNeeded(bytes), BlockPool.blockBytesMax))
        var block = inbox ?? scratch.pool.take(needed)
        if block.capacity < inboxCount + bytes.count {
            let larger = scratch.pool.take(inboxCount + bytes.count)
            larger.base.copyMemory(from: block.base, byteCount: inboxCount)
            scratch.pool.give(block)
            block = larger
        }
        if let source = bytes.baseAddress {
            (block.base + inboxCount).copyMemory(from: source, byteCount: bytes.count)
        }
        inboxCount += bytes.count
        inbox = block
    }

    /// Hands over what the inbox has whole and keeps the rest.
    func parseInbox() {
        guard let block = inbox else { return }
        let used = parse(UnsafeRawBufferPointer(start: block.base, count: inboxCount))
        guard isOpen, used > 0 else { return }
        let rest = inboxCount - used
        if rest == 0 {
            releaseInbox()
        } else {
            memmove(block.base, block.base + used, rest)
            inboxCount = rest
        }
    }

    func releaseInbox() {
        if let block = inbox { scratch.pool.give(block) }
        inbox = nil
        inboxCount = 0
    }

    /// Hands over the whole frames at the start of `bytes`, as long as requests are taken.
    ///
    /// - Returns: The bytes used up.
    private func parse(_ bytes: UnsafeRawBufferPointer) -> Int {
        var position = 0
        while isOpen, isReading, bytes.count - position >= 4 {
            let size = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int32.self)))
            guard size >= 0, size <= frameBytesMax else {
                close(oversizeFault(size))
                return position
            }
            guard bytes.count - position - 4 >= size else { return position }
            let frame = UnsafeRawBufferPointer(rebasing: bytes[(position + 4)..<(position + 4 + size)])
            position += 4 + size
            take(frame)
        }
        return position
    }

    private func oversizeFault(_ size: Int) -> ConnectionFault {
        // The first bytes of a TLS hello: record type and major version.
        if stream == nil, size >> 24 == Self.handshakeRecord, size >> 16 & 0xff == 3 {
            return ConnectionFault("a TLS client at listener \(endpoint.name), which speaks no TLS")
        }
        return ConnectionFault("frame of \(size) bytes; 0 to \(frameBytesMax) are allowed")
    }

    /// How many bytes the first frame needs with its length; 4 while that is unknown.
    ///
    /// The length has been checked, or will be by `parse` before it is used as a capacity beyond one block.
    private func frameBytesNeeded(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard bytes.count >= 4 else { return 4 }
        let size = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: Int32.self)))
        return 4 + min(max(0, size), frameBytesMax)
    }
}
