import CommitLog
import KafkaProtocol
import Synchronization

/// A fetch session (KIP-227), or the partitions of one fetch without a session.
///
/// Outlives its connection. The waits that it has registered with the logs stay between the fetches of a session: a log
/// notes its slot here when it has more, and wakes the fetch that waits.
final class FetchSession: Sendable {
    /// 0 for a fetch without a session.
    let id: Int32
    /// Whether topics come by id (Fetch 13 and newer).
    let usesTopicIDs: Bool

    struct Inner {
        var state: FetchState
        var isolation = ReadIsolation.uncommitted
        var armed: [FetchState.Slot: (log: PartitionLog, wait: ReadWait)] = [:]
    }

    private struct Woken {
        var slots: [(slot: FetchState.Slot, ticket: Int)] = []
        var fetch: OpenFetch?
    }

    private let inner: Mutex<Inner>
    /// Apart from the rest, so that a disk writer that reports data never waits for a fetch that is being served.
    private let woken = Mutex(Woken())

    init(id: Int32, usesTopicIDs: Bool) {
        self.id = id
        self.usesTopicIDs = usesTopicIDs
        inner = Mutex(Inner(state: FetchState(isSession: id != 0)))
    }

    var partitionCount: Int { inner.withLock { $0.state.count } }

    /// Takes over what a request says of its partitions.
    ///
    /// - Returns: False when the session has no partitions left.
    func apply(_ request: FetchRequest) -> Bool {
        inner.withLock { inner in
            Self.cancel(inner.state.forget(request.forgottenTopicsData), &inner)
            Self.cancel(inner.state.update(request.topics), &inner)
            if inner.isolation != request.isolation {
                inner.isolation = request.isolation
                Self.cancel(inner.state.disarmAll(), &inner)
            }
            return inner.state.count > 0
        }
    }

    /// Works on the partitions; what the logs have reported is in the queue.
    func look<Result>(_ body: (inout Inner) -> Result) -> Result {
        inner.withLock { inner in
            let reported = woken.withLock { woken in
                defer { woken.slots.removeAll(keepingCapacity: true) }
                return woken.slots
            }
            for (slot, ticket) in reported {
                inner.state.wake(slot, ticket: ticket)
                if inner.state[slot]?.isArmed != true { inner.armed[slot] = nil }
            }
            return body(&inner)
        }
    }

    /// Has the log report when it has more than this; inside `look`.
    ///
    /// - Returns: False when it has more already, or stands still.
    func arm(_ slot: FetchState.Slot, _ log: PartitionLog, beyond offset: Int64, _ inner: inout Inner) -> Bool {
        if let old = inner.armed.removeValue(forKey: slot) { old.log.cancel(old.wait) }
        let ticket = inner.state.arm(slot)
        let wait = log.whenReadable(beyond: offset, isolation: inner.isolation) { [self] in report(slot, ticket) }
        guard let wait else {
            inner.state.wake(slot, ticket: ticket)
            return false
        }
        inner.armed[slot] = (log, wait)
        return true
    }

    /// Makes a fetch the one that waits; another that did is answered at once.
    ///
    /// - Returns: False when a log has reported since the last look.
    func wait(_ fetch: OpenFetch) -> Bool {
        let (old, isQuiet) = woken.withLock { woken in
            let old = woken.fetch
            woken.fetch = woken.slots.isEmpty ? fetch : nil
            return (old, woken.slots.isEmpty)
        }
        if let old, old !== fetch { old.finishLater() }
        return isQuiet
    }

    /// A new request has come for the session, or the fetch is over.
    func endWait(of fetch: OpenFetch? = nil) {
        let old = woken.withLock { woken -> OpenFetch? in
            guard fetch == nil || woken.fetch === fetch else { return nil }
            defer { woken.fetch = nil }
            return woken.fetch
        }
        if fetch == nil { old?.finishLater() }
    }

    /// Ends all waits: the session is closed, or the fetch without one is over.
    func close() {
        inner.withLock { inner in Self.cancel(inner.state.disarmAll(), &inner) }
    }

    /// Called by a log, from a thread of its own.
    private func report(_ slot: FetchState.Slot, _ ticket: Int) {
        let fetch = woken.withLock { woken -> OpenFetch? in
            woken.slots.append((slot, ticket))
            defer { woken.fetch = nil }
            return woken.fetch
        }
        fetch?.wakeLater()
    }

    private static func cancel(_ slots: [FetchState.Slot], _ inner: inout Inner) {
        for slot in slots {
            if let old = inner.armed.removeValue(forKey: slot) { old.log.cancel(old.wait) }
        }
    }
}
