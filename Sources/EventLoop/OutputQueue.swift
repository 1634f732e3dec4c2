private import CLinux
private import Glibc
internal import TLS

/// Bytes that wait for a socket, in order; many chunks leave in one system call.
struct OutputQueue {
    /// Chunks of one `writev`.
    private static let vectorsMax = 64
    /// Bytes written in one go before the loop's other connections get their turn.
    private static let burstBytes = 4 << 20
    /// The most that one TLS record carries.
    private static let recordBytes = 16 << 10

    private var chunks: [OutputChunk] = []
    private var head = 0
    /// Bytes of the first chunk that are gone already.
    private var headOffset = 0
    private(set) var byteCount = 0

    var isEmpty: Bool { byteCount == 0 }

    mutating func append(_ more: [OutputChunk]) {
        for chunk in more where chunk.bytes.count > 0 {
            chunks.append(chunk)
            byteCount += chunk.bytes.count
        }
    }

    /// Writes until all is gone or the socket takes no more.
    ///
    /// - Returns: False when the connection is broken.
    mutating func write(to descriptor: Int32) -> Bool {
        var burst = 0
        while byteCount > 0, burst < Self.burstBytes {
            let written = writeOnce(to: descriptor)
            if written < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN
            }
            burst += written
            advance(written)
        }
        return true
    }

    private func writeOnce(to descriptor: Int32) -> Int {
        let count = min(Self.vectorsMax, chunks.count - head)
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: count) { vectors in
            for index in 0..<count {
                let bytes = chunks[head + index].bytes
                let skipped = index == 0 ? headOffset : 0
                vectors[index] = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress.map { $0 + skipped }),
                    iov_len: bytes.count - skipped
                )
            }
            return writev(descriptor, vectors.baseAddress, Int32(count))
        }
    }

    /// As `write(to:)`, but encrypted, record by record.
    mutating func write(through stream: TLSStream) -> Bool {
        var burst = 0
        while byteCount > 0, burst < Self.burstBytes {
            switch writeRecord(through: stream) {
            case .moved(let count):
                burst += count
                advance(count)
            // Reading goes on anyway; what is wanted from the peer will come.
            case .wantsRead, .wantsWrite: return true
            case .ended, .failed: return false
            }
        }
        return true
    }

    /// Small chunks share a record: each record costs the peer and us a cipher run and a system call.
    private func writeRecord(through stream: TLSStream) -> TLSStream.Outcome {
        let first = UnsafeRawBufferPointer(rebasing: chunks[head].bytes[headOffset...])
        guard first.count < Self.recordBytes, head + 1 < chunks.count else {
            return stream.write(UnsafeRawBufferPointer(rebasing: first.prefix(Self.recordBytes)))
        }
        return withUnsafeTemporaryAllocation(byteCount: Self.recordBytes, alignment: 16) { record in
            var filled = 0
            var index = head
            while index < chunks.count, filled < record.count {
                let bytes = chunks[index].bytes
                let rest = bytes[(index == head ? headOffset : 0)...].prefix(record.count - filled)
                UnsafeMutableRawBufferPointer(rebasing: record[filled...]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: rest)
                )
                filled += rest.count
                index += 1
            }
            return stream.write(UnsafeRawBufferPointer(rebasing: record[..<filled]))
        }
    }

    private mutating func advance(_ written: Int) {
        byteCount -= written
        headOffset += written
        while head < chunks.count, headOffset >= chunks[head].bytes.count {
            headOffset -= chunks[head].bytes.count
            head += 1
        }
        if head == chunks.count {
            chunks.removeAll(keepingCapacity: chunks.capacity <= 64)
            head = 0
        } else if head >= 64 {
            // What was sent must not keep its owners alive.
            chunks.removeFirst(head)
            head = 0
        }
    }
}
