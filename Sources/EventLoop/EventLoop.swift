private import CLinux
private import Glibc
private import Synchronization

/// Something with a descriptor that the loop watches.
package protocol EventSource: AnyObject {
    /// Called on the loop's thread with the epoll events that are there.
    func ready(_ events: UInt32)
}

/// One thread that waits for sockets, timers and work that other threads hand over.
///
/// `post` may be called from any thread; everything else belongs to the loop's own thread, so what lives on a loop needs
/// no lock. Work that blocks has no place here.
package final class EventLoop: @unchecked Sendable {
    // Sendable holds: `posted` and `isStopping` are locked or atomic, the thread id is written before anyone else sees
    // the loop, the rest is touched by the loop's thread alone.

    /// The epoll events that sources ask for.
    package enum Interest {
        package static let read = EPOLLIN.rawValue | EPOLLRDHUP.rawValue
        package static let write = EPOLLOUT.rawValue
        package static let broken = EPOLLERR.rawValue | EPOLLHUP.rawValue
    }

    /// Names a watched descriptor; never used twice, so an event for a source that has gone finds nobody.
    package typealias Token = UInt64

    private static let eventsPerTurn = 256

    private let name: String
    private let epoll: Int32
    private let wakeDescriptor: Int32
    private var thread = pthread_t()
    private var sources: [Token: any EventSource] = [:]
    private var nextToken: Token = 1
    private var timers = TimerQueue()
    private var atTurnEnd: [() -> Void] = []
    private let posted = Mutex<[@Sendable () -> Void]>([])
    private let isStopping = Atomic<Bool>(false)

    /// Milliseconds of the monotonic clock, read once per turn.
    package private(set) var nowMilliseconds: Int64

    /// Starts the thread.
    package init(name: String) throws(EventLoopError) {
        self.name = name
        nowMilliseconds = Self.monotonicMilliseconds()
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw EventLoopError("epoll_create", code: errno) }
        wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard wakeDescriptor >= 0 else {
            let code = errno
            close(epoll)
            throw EventLoopError("eventfd", code: code)
        }
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u64 = 0
        epoll_ctl(epoll, EPOLL_CTL_ADD, wakeDescriptor, &event)
        let failure = pthread_create(&thread, nil, eventLoopThread, Unmanaged.passRetained(self).toOpaque())
        guard failure == 0 else {
            Unmanaged.passUnretained(self).release()
            close(epoll)
            close(wakeDescriptor)
            throw EventLoopError("pthread_create", code: failure)
        }
    }

    /// Whether the caller is on the loop's thread.
    package var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }

    /// Runs `work` on the loop's thread, after what was posted before it.
    ///
    /// Work posted after `stop` is dropped.
    package func post(_ work: @escaping @Sendable () -> Void) {
        let wasEmpty = posted.withLock { posted in
            posted.append(work)
            return posted.count == 1
        }
        // Whoever filled the empty list wakes the loop; the others ride along.
        if wasEmpty { wake() }
    }

    /// Ends the loop after what has been posted so far, and waits for its thread.
    package func stop() {
        precondition(!isCurrent, "a loop cannot wait for itself")
        guard !isStopping.exchange(true, ordering: .acquiringAndReleasing) else { return }
        wake()
        pthread_join(thread, nil)
        close(epoll)
        close(wakeDescriptor)
    }

    /// Runs `body` once after a time; loop thread only.
    package func schedule(afterMilliseconds delay: Int64, _ body: @escaping () -> Void) -> TimerQueue.Token {
        timers.add(deadline: nowMilliseconds + max(0, delay), body)
    }

    package func cancel(_ timer: TimerQueue.Token) { timers.cancel(timer) }

    /// Runs `body` when all events of this turn have been handled; loop thread only.
    package func afterTurn(_ body: @escaping () -> Void) { atTurnEnd.append(body) }

    /// Watches a descriptor; loop thread only.
    package func watch(_ descriptor: Int32, _ interest: UInt32, _ source: any EventSource) throws(EventLoopError)
        -> Token
    {
        let token = nextToken
        nextToken += 1
        var event = epoll_event()
        event.events = interest
        event.data.u64 = token
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            throw EventLoopError("epoll_ctl", code: errno)
        }
        sources[token] = source
        return token
    }

    package func change(_ token: Token, _ descriptor: Int32, _ interest: UInt32) {
        var event = epoll_event()
        event.events = interest
        event.data.u64 = token
        epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event)
    }

    package func unwatch(_ token: Token, _ descriptor: Int32) {
        guard sources.removeValue(forKey: token) != nil else { return }
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    fileprivate func run() {
        soma_name_thread(name)
        var events = [epoll_event](repeating: epoll_event(), count: Self.eventsPerTurn)
        while true {
            let count = epoll_wait(epoll, &events, Int32(Self.eventsPerTurn), timeout())
            nowMilliseconds = Self.monotonicMilliseconds()
            for index in 0..<Int(max(count, 0)) {
                let token = events[index].data.u64
                if token == 0 {
                    var value: UInt64 = 0
                    _ = Glibc.read(wakeDescriptor, &value, 8)
                } else {
                    sources[token]?.ready(events[index].events)
                }
            }
            runPosted()
            while let body = timers.popDue(now: nowMilliseconds) { body() }
            runTurnEnd()
            // Acquire pairs with the release in `stop`: what was posted before it is seen by the last `runPosted`.
            if isStopping.load(ordering: .acquiring) {
                runPosted()
                runTurnEnd()
                break
            }
        }
        sources = [:]
        timers = TimerQueue()
    }

    private func runPosted() {
        let work = posted.withLock { posted in
            let taken = posted
            posted = []
            return taken
        }
        for body in work { body() }
    }

    private func runTurnEnd() {
        while !atTurnEnd.isEmpty {
            let bodies = atTurnEnd
            atTurnEnd = []
            for body in bodies { body() }
        }
    }

    private func timeout() -> Int32 {
        guard let deadline = timers.nextDeadline() else { return -1 }
        return Int32(clamping: max(0, deadline - Self.monotonicMilliseconds()))
    }

    private func wake() {
        var one: UInt64 = 1
        _ = Glibc.write(wakeDescriptor, &one, 8)
    }

    private static func monotonicMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

private func eventLoopThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let loop = Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue()
    // A peer that went away is an error of one write, also inside OpenSSL, and not the end of the process.
    var broken = sigset_t()
    sigemptyset(&broken)
    sigaddset(&broken, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &broken, nil)
    loop.run()
    return nil
}
