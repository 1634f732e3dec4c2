private import Glibc
private import Synchronization

/// A flag that is set once and that threads can wait for.
package final class StopSignal: @unchecked Sendable {
    // Sendable holds: all is reached under the mutex, which lives as long as the object.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let flag = Atomic<Bool>(false)
    private var handlers: [Int: @Sendable () -> Void] = [:]
    private var nextHandler = 0

    package init() {
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Waits must not end early or late when the wall clock jumps.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package var isSet: Bool { flag.load(ordering: .acquiring) }

    /// Sets the flag, ends all waits and calls the handlers.
    package func set() {
        pthread_mutex_lock(mutex)
        flag.store(true, ordering: .releasing)
        let called = handlers.sorted { $0.key < $1.key }.map(\.value)
        handlers = [:]
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
        for handler in called { handler() }
    }

    /// Waits until the flag is set or the time is over.
    ///
    /// - Returns: Whether the flag is set.
    @discardableResult
    package func wait(_ duration: Duration) -> Bool {
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        let (seconds, attoseconds) = max(.zero, duration).components
        let nanoseconds = Int64(end.tv_nsec) + attoseconds / 1_000_000_000
        end.tv_sec += Int(clamping: min(seconds, 86_400 * 365) + nanoseconds / 1_000_000_000)
        end.tv_nsec = Int(nanoseconds % 1_000_000_000)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isSet {
            if pthread_cond_timedwait(condition, mutex, &end) == ETIMEDOUT { break }
        }
        return isSet
    }

    /// Adds what is called when the flag is set, at once if it is; give the number to `remove`.
    package func onSet(_ handler: @escaping @Sendable () -> Void) -> Int {
        pthread_mutex_lock(mutex)
        let number = nextHandler
        nextHandler += 1
        let isSet = self.isSet
        if !isSet { handlers[number] = handler }
        pthread_mutex_unlock(mutex)
        if isSet { handler() }
        return number
    }

    package func remove(_ number: Int) {
        pthread_mutex_lock(mutex)
        handlers[number] = nil
        pthread_mutex_unlock(mutex)
    }
}
