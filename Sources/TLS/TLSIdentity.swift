private import Synchronization

/// The certificate and rules that the next connection gets; replaced while connections stay as they are.
package final class TLSIdentity: Sendable {
    private let held: Mutex<TLSContext>

    package init(_ context: TLSContext) { held = Mutex(context) }

    package var current: TLSContext { held.withLock { $0 } }

    package func replace(with context: TLSContext) { held.withLock { $0 = context } }
}
