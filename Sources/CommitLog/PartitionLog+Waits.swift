import Synchronization

/// Somebody waits for the disk.
struct DurableWait {
    let offset: Int64
    let body: @Sendable (LogError?) -> Void
}

struct RegisteredReadWait {
    let id: Int
    let offset: Int64
    let isolation: ReadIsolation
    let body: @Sendable () -> Void
}

/// A registered wait for data, for `PartitionLog.cancel(_:)`.
package struct ReadWait: Hashable, Sendable {
    let id: Int
}

/// Waits whose time has come, to be called when no lock is held.
struct DueWaits {
    var durable: [DurableWait] = []
    var error: LogError?
    var read: [RegisteredReadWait] = []

    func call() {
        for wait in durable { wait.body(error) }
        for wait in read { wait.body() }
    }
}

extension PartitionLog {
    /// Calls `body` once: with nil when the appended bytes are durable, else with the error that lost them.
    ///
    /// It is called from a writer thread, together with all others that the same sync satisfied, or at once from this
    /// call when the outcome is known already. It must be quick; no lock is held, it may call the log.
    package func whenDurable(_ append: AppendResult, _ body: @escaping @Sendable (LogError?) -> Void) {
        let (isKnown, error) = lock.withLock { () -> (Bool, LogError?) in
            if append.generation != generation { return (true, outcome(of: append)) }
            if highWatermark >= append.durableOffset { return (true, nil) }
            if let stopped { return (true, stopped) }
            durableWaits.append(DurableWait(offset: append.durableOffset, body: body))
            return (false, nil)
        }
        if isKnown { body(error) }
    }

    /// What became of an append that was made before a failed write: that took back what was not durable yet, and
    /// other bytes may have got the offsets since.
    ///
    /// Call it with the lock held.
    private func outcome(of append: AppendResult) -> LogError? {
        guard let failure = takeBacks.first(where: { $0.generation == append.generation }) else {
            return .storageFull(path: directory)  // too long ago to tell: the producer has to ask again
        }
        return append.durableOffset <= failure.offset ? nil : failure.error
    }

    /// Calls `body` once, from a writer thread, when the end of what the reader may see (the high watermark, or the last
    /// stable offset) is above `offset` or the partition stops or closes.
    ///
    /// It must be quick; no lock is held.
    ///
    /// - Returns: nil, and `body` is never called, when there is nothing to wait for: the end is above `offset`, or the
    ///   partition has stopped or closed.
    package func whenReadable(
        beyond offset: Int64,
        isolation: ReadIsolation = .uncommitted,
        _ body: @escaping @Sendable () -> Void
    ) -> ReadWait? {
        lock.withLock {
            guard readableEnd(isolation) <= offset, stopped == nil, !isClosed else { return nil }
            nextWaitID += 1
            readWaits.append(RegisteredReadWait(id: nextWaitID, offset: offset, isolation: isolation, body: body))
            return ReadWait(id: nextWaitID)
        }
    }

    /// Forgets a wait; harmless when it has been called already.
    package func cancel(_ wait: ReadWait) {
        lock.withLock {
            guard let index = readWaits.firstIndex(where: { $0.id == wait.id }) else { return }
            readWaits.swapAt(index, readWaits.count - 1)
            readWaits.removeLast()
        }
    }

    /// The offset that a reader may not pass.
    func readableEnd(_ isolation: ReadIsolation) -> Int64 {
        switch isolation {
        case .uncommitted: highWatermark
        case .committed: lastStableOffset
        }
    }

    /// Takes out the waits that the present high watermark satisfies.
    ///
    /// Call it with the lock held.
    func takeSatisfiedWaits() -> DueWaits {
        let reached = highWatermark
        var due = DueWaits()
        if durableWaits.allSatisfy({ $0.offset <= reached }) {
            swap(&due.durable, &durableWaits)
        } else {
            due.durable = durableWaits.filter { $0.offset <= reached }
            durableWaits.removeAll { $0.offset <= reached }
        }
        let stable = lastStableOffset
        func isDue(_ wait: RegisteredReadWait) -> Bool {
            wait.offset < (wait.isolation == .committed ? stable : reached)
        }
        if readWaits.allSatisfy(isDue) {
            swap(&due.read, &readWaits)
        } else {
            due.read = readWaits.filter(isDue)
            readWaits.removeAll(where: isDue)
        }
        return due
    }

    /// Takes out all waits for the disk, and those for data too when nothing more will come.
    ///
    /// Call it with the lock held.
    func takeAllWaits(error: LogError, readers: Bool) -> DueWaits {
        var due = DueWaits(error: error)
        swap(&due.durable, &durableWaits)
        if readers { swap(&due.read, &readWaits) }
        return due
    }
}
