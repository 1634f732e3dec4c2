import Glibc

/// Hands elements from one thread to another that waits for them.
///
/// Sendable holds: every access to the elements is under the lock.
final class Mailbox<Element: Sendable>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var elements: [Element] = []

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    func put(_ element: Element) {
        pthread_mutex_lock(lock)
        elements.append(element)
        pthread_cond_signal(changed)
        pthread_mutex_unlock(lock)
    }

    /// Blocks until there is something; takes all of it.
    func takeAll() -> [Element] {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while elements.isEmpty { pthread_cond_wait(changed, lock) }
        defer { elements = [] }
        return elements
    }
}
