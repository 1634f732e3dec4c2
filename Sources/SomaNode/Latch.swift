private import CLinux
private import Glibc

/// A value that is set once by one thread and waited for by others.
///
/// Sendable holds: every access to the value is under the lock.
package final class Latch<Value: Sendable>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value?

    package init() {
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Deadlines must not move with the wall clock.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Sets the value and wakes all who wait; only the first call counts.
    package func set(_ newValue: Value) {
        pthread_mutex_lock(lock)
        if value == nil { value = newValue }
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }

    /// The value, if it is set.
    package var current: Value? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return value
    }

    /// Blocks until the value is set; never call it from Swift's cooperative pool.
    package func wait() -> Value {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let value { return value }
            pthread_cond_wait(changed, lock)
        }
    }

    /// Blocks until the value is set or the time is over.
    package func wait(for time: Duration) -> Value? {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, attoseconds) = max(time, .zero).components
        let nanoseconds = deadline.tv_nsec + Int(attoseconds / 1_000_000_000)
        deadline.tv_sec += Int(clamping: min(seconds, 1 << 32)) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while value == nil {
            if pthread_cond_timedwait(changed, lock, &deadline) != 0 { break }
        }
        return value
    }
}
