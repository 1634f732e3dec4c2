import CLinux
import Glibc
import RdKafka
import Synchronization

/// A few threads for reads that may block: a search, a query, a look at the cluster.
///
/// Bounded: what does not fit is refused at once.
final class ReadPool: Sendable {
    typealias Job = @Sendable () -> Void

    private let queue = Queue()
    private let threads: [OwnThread]

    init(threads count: Int) {
        let queue = queue
        // The threads hold the queue and not the pool, so that letting the pool go can end them.
        threads = (0..<count).map { _ in OwnThread(name: "gateway-read") { queue.work() } }
    }

    deinit { stop() }

    /// False when too many jobs wait.
    func submit(_ job: @escaping Job) -> Bool { queue.submit(job) }

    /// Drops the jobs that wait and ends the threads after the ones that run.
    func stop() {
        queue.stop(threadCount: threads.count)
        for thread in threads { thread.join() }
    }

    private final class Queue: Sendable {
        private struct State {
            var jobs: [Job] = []
            var isStopping = false
        }

        private static let jobsMax = 256

        private let state = Mutex(State())
        /// Counts jobs; a worker that reads it takes one.
        private let semaphore: Int32

        init() {
            semaphore = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_SEMAPHORE))
            precondition(semaphore >= 0, "no descriptor for the read pool: errno \(errno)")
        }

        deinit { close(semaphore) }

        func submit(_ job: @escaping Job) -> Bool {
            let isTaken = state.withLock { state in
                guard !state.isStopping, state.jobs.count < Self.jobsMax else { return false }
                state.jobs.append(job)
                return true
            }
            if isTaken { eventfd_write(semaphore, 1) }
            return isTaken
        }

        func stop(threadCount: Int) {
            state.withLock { state in
                state.isStopping = true
                state.jobs = []
            }
            eventfd_write(semaphore, eventfd_t(threadCount))
        }

        func work() {
            while true {
                var count: eventfd_t = 0
                guard eventfd_read(semaphore, &count) == 0 || errno == EINTR else { return }
                let (job, isStopping) = state.withLock { state in
                    (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isStopping)
                }
                if let job { job() } else if isStopping { return }
            }
        }
    }
}

/// Lets a few milliseconds pass, on a thread that may wait.
func pauseBriefly() { usleep(5_000) }
