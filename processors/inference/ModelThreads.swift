import Clocks
import Glibc

/// The threads that model calls run on, with timers of their own.
///
/// Not Swift's shared pool: whatever blocks that, here or in a program that uses us, must not stop answers in the middle.
/// They live as long as the process.
final class ModelThreads: TaskExecutor, @unchecked Sendable {
    // Sendable holds: everything mutable is under the lock.
    static let shared = ModelThreads(count: 2)

    private struct Timer {
        var deadline: Int64
        var number: UInt64
        var continuation: CheckedContinuation<Void, Never>
    }

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [UnownedJob] = []
    private var nextJob = 0
    /// In order of their deadlines.
    private var timers: [Timer] = []
    private var nextTimer: UInt64 = 0

    private init(count: Int) {
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
        for _ in 0..<count {
            var thread = pthread_t()
            let context = Unmanaged.passRetained(self)
            precondition(pthread_create(&thread, nil, runModelThread, context.toOpaque()) == 0, "no thread for models")
            pthread_detach(thread)
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(lock)
        jobs.append(job)
        pthread_cond_signal(changed)
        pthread_mutex_unlock(lock)
    }

    /// Waits without holding a thread; returns at once when the task is cancelled.
    ///
    /// - Throws: `CancellationError`.
    func sleep(nanoseconds: Int64) async throws {
        let number = reserveNumber()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let deadline = Clock.system.monotonicNanoseconds + max(0, nanoseconds)
                add(Timer(deadline: deadline, number: number, continuation: continuation))
                // Cancelled before the timer was there: nobody else would wake it.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
        try Task.checkCancellation()
    }

    private func reserveNumber() -> UInt64 {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        nextTimer += 1
        return nextTimer
    }

    private func add(_ timer: Timer) {
        pthread_mutex_lock(lock)
        let place = timers.firstIndex { $0.deadline > timer.deadline } ?? timers.count
        timers.insert(timer, at: place)
        // Whichever thread wakes looks at the deadlines anew.
        if place == 0 { pthread_cond_signal(changed) }
        pthread_mutex_unlock(lock)
    }

    private func cancel(_ number: UInt64) {
        pthread_mutex_lock(lock)
        let found = timers.firstIndex { $0.number == number }.map { timers.remove(at: $0) }
        pthread_mutex_unlock(lock)
        found?.continuation.resume()
    }

    fileprivate func run() {
        pthread_mutex_lock(lock)
        while true {
            if let first = timers.first, first.deadline <= Clock.system.monotonicNanoseconds {
                timers.removeFirst()
                pthread_mutex_unlock(lock)
                first.continuation.resume()
                pthread_mutex_lock(lock)
            } else if nextJob < jobs.count {
                let job = jobs[nextJob]
                nextJob += 1
                if nextJob == jobs.count || nextJob == 1024 {
                    jobs.removeFirst(nextJob)
                    nextJob = 0
                }
                pthread_mutex_unlock(lock)
                job.runSynchronously(on: asUnownedTaskExecutor())
                pthread_mutex_lock(lock)
            } else if let first = timers.first {
                var end = timespec(
                    tv_sec: Int(first.deadline / 1_000_000_000),
                    tv_nsec: Int(first.deadline % 1_000_000_000)
                )
                pthread_cond_timedwait(changed, lock, &end)
            } else {
                pthread_cond_wait(changed, lock)
            }
        }
    }
}

private func runModelThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<ModelThreads>.fromOpaque(context).takeRetainedValue().run() }
    return nil
}
