private import CLinux
private import Glibc

/// Bytes that wait for a socket, in order; many chunks leave in one system call.
struct OutputQueue {
    /// Chunks of one `writev`.
    private static let vectorsMax = 64
    /// Bytes written in one go before the loop's other connections get their turn.
    private static let burstBytes = 4 << 20

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
