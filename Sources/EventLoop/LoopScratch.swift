private import Glibc

/// What all connections of one loop read into; touched by the loop's thread alone.
final class LoopScratch: @unchecked Sendable {
    // Sendable holds: it is made before the loop knows it and used on the loop's thread from then on.

    let capacity = 128 << 10
    let base: UnsafeMutableRawPointer
    let pool = BlockPool()
    var connections: [ObjectIdentifier: Connection] = [:]
    /// Connections that stopped reading because the broker has too much to write.
    var congested: [Connection] = []
    /// Connections in the middle of their TLS handshake, the oldest first.
    var handshakes: [Connection] = []

    init() {
        guard let base = malloc(capacity) else { fatalError("out of memory: \(capacity) bytes asked") }
        self.base = base
    }

    deinit { free(base) }
}
