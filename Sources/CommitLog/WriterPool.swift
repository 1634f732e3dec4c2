import CLinux
import Glibc

/// Something that has bytes for the disk.
protocol DiskWork: AnyObject, Sendable {
    /// Writes what waits, on a thread of the pool.
    func writePending(_ scratch: WriterScratch)
}

/// A few threads that write partitions to the disk, each one partition at a time, first come first served.
///
/// What arrives for a partition while it is written forms its next write: that is the whole of group commit.
final class WriterPool: @unchecked Sendable {  // Sendable holds: the variables are touched under the lock
    private struct Delayed {
        let deadline: UInt64
        let work: any DiskWork
    }

    private let lock = Lock()
    private var queue: [any DiskWork] = []
    private var head = 0
    private var delayed: [Delayed] = []
    private var sleeping = 0
    private var running = 0
    private var isStopping = false

    init(threads: Int) {
        for _ in 0..<max(1, threads) {
            var thread = pthread_t()
            let context = Unmanaged.passRetained(self)
            running += 1
            guard pthread_create(&thread, nil, writerThreadMain, context.toOpaque()) == 0 else {
                context.release()
                running -= 1
                continue
            }
            pthread_detach(thread)
        }
        precondition(running > 0, "no thread could be started")
    }

    /// Queues a partition; the caller sees to it that it is in the queue only once.
    func submit(_ work: any DiskWork) {
        lock.withLock {
            queue.append(work)
            if sleeping > 0 { lock.signal() }
        }
    }

    /// Queues a partition at a later time.
    func submit(_ work: any DiskWork, afterMilliseconds delay: Int) {
        let deadline = monotonicNanoseconds() + UInt64(max(0, delay)) * 1_000_000
        lock.withLock {
            delayed.append(Delayed(deadline: deadline, work: work))
            if sleeping > 0 { lock.signal() }
        }
    }

    /// Lets the threads finish what is queued and returns when they have ended.
    func stop() {
        lock.withLock {
            isStopping = true
            lock.broadcast()
            while running > 0 { lock.wait() }
        }
    }

    fileprivate func run() {
        let scratch = WriterScratch()
        while let work = next() { work.writePending(scratch) }
        lock.withLock {
            running -= 1
            lock.broadcast()
        }
    }

    private func next() -> (any DiskWork)? {
        lock.withLock {
            while true {
                let deadline = takeDue()
                if head < queue.count {
                    let work = queue[head]
                    head += 1
                    if head == queue.count {
                        queue.removeAll(keepingCapacity: true)
                        head = 0
                    } else if head > 1024 {
                        queue.removeFirst(head)
                        head = 0
                    }
                    return work
                }
                if isStopping { return nil }
                sleeping += 1
                lock.wait(untilNanoseconds: deadline)
                sleeping -= 1
            }
        }
    }

    /// Moves delayed work whose time has come to the queue; the earliest time that is left.
    private func takeDue() -> UInt64? {
        guard !delayed.isEmpty else { return nil }
        let now = monotonicNanoseconds()
        for item in delayed where isStopping || item.deadline <= now { queue.append(item.work) }
        delayed.removeAll { isStopping || $0.deadline <= now }
        return delayed.map(\.deadline).min()
    }
}

private func writerThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    soma_name_thread("log-writer")
    Unmanaged<WriterPool>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

/// Memory that a writer thread needs for the last, half-filled block of a write.
final class WriterScratch {
    static let blockBytes = 4096
    /// How far a small write runs ahead with zeros; see `PartitionLog.directWrite`.
    static let zeroAheadBytes = 64 << 10

    let tail: UnsafeMutableRawPointer
    let zeros: UnsafeMutableRawPointer
    var vectors: [iovec] = []

    init() {
        tail = ChunkPool.map(Self.blockBytes)
        zeros = ChunkPool.map(Self.zeroAheadBytes)
    }

    deinit {
        munmap(tail, Self.blockBytes)
        munmap(zeros, Self.zeroAheadBytes)
    }
}
