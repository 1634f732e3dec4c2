import CLinux
import Glibc

/// A few threads that wait for the disk in place of those who must not: reads of old data, first come first served.
///
/// Each job belongs to somebody who waits for it or is one of the few reads that run ahead, so the queue is as long as
/// the list of those who wait.
final class ReaderPool: @unchecked Sendable {  // Sendable holds: the variables are touched under the lock
    private let lock = Lock()
    private var queue: [@Sendable () -> Void] = []
    private var head = 0
    private var running = 0
    private var isStopping = false

    init(threads: Int) {
        for _ in 0..<max(1, threads) {
            var thread = pthread_t()
            let context = Unmanaged.passRetained(self)
            running += 1
            guard pthread_create(&thread, nil, readerThreadMain, context.toOpaque()) == 0 else {
                context.release()
                running -= 1
                continue
            }
            pthread_detach(thread)
        }
        precondition(running > 0, "no thread could be started")
    }

    /// Runs `job` on one of the threads; false, and it never runs, when the pool has stopped.
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        lock.withLock {
            guard !isStopping else { return false }
            queue.append(job)
            lock.signal()
            return true
        }
    }

    /// Finishes what is queued and returns when the threads have ended.
    func stop() {
        lock.withLock {
            isStopping = true
            lock.broadcast()
            while running > 0 { lock.wait() }
        }
    }

    fileprivate func run() {
        while let job = next() { job() }
        lock.withLock {
            running -= 1
            lock.broadcast()
        }
    }

    private func next() -> (@Sendable () -> Void)? {
        lock.withLock {
            while head == queue.count {
                if isStopping { return nil }
                lock.wait()
            }
            let job = queue[head]
            queue[head] = {}
            head += 1
            if head == queue.count || head > 1024 {
                queue.removeFirst(head)
                head = 0
            }
            return job
        }
    }
}

private func readerThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    soma_name_thread("log-reader")
    Unmanaged<ReaderPool>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
