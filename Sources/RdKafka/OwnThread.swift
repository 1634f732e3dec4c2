private import CLinux
private import Glibc
private import Synchronization

/// A thread of ours for blocking C calls, which must not sit on Swift's cooperative pool.
package final class OwnThread: Sendable {
    private struct State {
        var thread: pthread_t?
        var isJoined = false
    }

    private let name: String
    private let state = Mutex(State())
    private let ended = Atomic<Bool>(false)

    private final class Start {
        let owner: OwnThread
        let body: @Sendable () -> Void

        init(_ owner: OwnThread, _ body: @escaping @Sendable () -> Void) {
            self.owner = owner
            self.body = body
        }
    }

    /// Starts a thread; call `join` before its owner goes.
    ///
    /// `name`: Shown by `top -H`; the kernel keeps 15 bytes.
    package init(name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        let start = Unmanaged.passRetained(Start(self, body))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runOwnThread, start.toOpaque())
        precondition(code == 0, "cannot start thread \(name): error \(code)")
        state.withLock { $0.thread = thread }
    }

    /// Whether the body has returned.
    package var isEnded: Bool { ended.load(ordering: .acquiring) }

    /// Waits until the body has returned.
    ///
    /// A second call, or one from the thread itself, returns at once.
    package func join() {
        let thread: pthread_t? = state.withLock {
            guard !$0.isJoined, let thread = $0.thread, pthread_equal(thread, pthread_self()) == 0 else { return nil }
            $0.isJoined = true
            return thread
        }
        if let thread { pthread_join(thread, nil) }
    }

    fileprivate static func run(_ context: UnsafeMutableRawPointer) {
        let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
        soma_name_thread(start.owner.name)
        start.body()
        start.owner.ended.store(true, ordering: .releasing)
    }
}

private func runOwnThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { OwnThread.run(context) }
    return nil
}
