import CLinux
import Glibc
import Synchronization

/// A thread that calls a closure each second until it is stopped.
final class Watch: Sendable {
    private struct State: @unchecked Sendable {
        // Sendable holds: used under the lock only.
        var thread: pthread_t?
        var descriptor: Int32 = -1
    }

    private let state = Mutex(State())

    func start(_ body: @escaping @Sendable () -> Void) {
        state.withLock { state in
            guard state.thread == nil else { return }
            state.descriptor = eventfd(0, Int32(EFD_CLOEXEC))
            let context = Unmanaged.passRetained(Work(descriptor: state.descriptor, body: body))
            var thread = pthread_t()
            guard pthread_create(&thread, nil, runWatch, context.toOpaque()) == 0 else {
                // Without the watch slow clients are cut later, by libmicrohttpd; serving goes on.
                context.release()
                close(state.descriptor)
                return
            }
            state.thread = thread
        }
    }

    /// Ends the thread and waits for its end.
    func stop() {
        let (thread, descriptor) = state.withLock { state in
            defer { state.thread = nil }
            return (state.thread, state.descriptor)
        }
        guard let thread else { return }
        eventfd_write(descriptor, 1)
        pthread_join(thread, nil)
        close(descriptor)
    }

    fileprivate final class Work: Sendable {
        let descriptor: Int32
        let body: @Sendable () -> Void

        init(descriptor: Int32, body: @escaping @Sendable () -> Void) {
            self.descriptor = descriptor
            self.body = body
        }
    }
}

private func runWatch(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let work = Unmanaged<Watch.Work>.fromOpaque(context).takeRetainedValue()
    var poller = pollfd(fd: work.descriptor, events: Int16(POLLIN), revents: 0)
    while true {
        let count = poll(&poller, 1, 1000)
        if count > 0 { return nil }
        if count == 0 { work.body() }
    }
}
