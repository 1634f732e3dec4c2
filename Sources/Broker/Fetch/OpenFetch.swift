import CommitLog
import EventLoop
import KafkaProtocol
import Synchronization
import Telemetry

/// A fetch that is being served: looks at its partitions, waits for the disk, for more records or for its time to run
/// out, and answers once.
///
/// Lives on its connection's loop. Logs and reader threads call from theirs; what comes before the loop gets round to it
/// is one wake.
final class OpenFetch: @unchecked Sendable {
    // Sendable holds: everything but the atomic flag is used on the connection's loop; calls from elsewhere are posted.

    private let request: FetchRequest
    private let exchange: Exchange<FetchResponse>
    private let session: FetchSession
    /// The answer names every partition, not only what has changed.
    private let isFull: Bool
    private var found: FetchFindings
    private var timer: TimerQueue.Token?
    private var isLookScheduled = false
    /// Its time is over: it waits for the disk alone.
    private var isLate: Bool
    /// Read by threads that bring records.
    private let isOver = Atomic<Bool>(false)

    init(_ request: FetchRequest, _ exchange: Exchange<FetchResponse>, _ session: FetchSession, isFull: Bool) {
        self.request = request
        self.exchange = exchange
        self.session = session
        self.isFull = isFull
        isLate = request.maxWaitMilliseconds <= 0 || request.minBytes <= 0
        found = FetchFindings(request, exchange)
    }

    func begin() {
        proceed()
        guard !isDone else { return }
        exchange.session.add(self)
        guard !isLate else { return }
        timer = exchange.loop.schedule(afterMilliseconds: Int64(request.maxWaitMilliseconds)) { [self] in
            timer = nil
            finish()
        }
    }

    /// Answers with what there is now; records that are on their way from the disk are waited for when there are no
    /// others.
    func finish() {
        guard !isDone else { return }
        isLate = true
        proceed()
    }

    /// The connection is gone.
    func abandon() {
        guard !isDone else { return }
        isOver.store(true, ordering: .relaxed)
        release()
    }

    /// From any thread.
    func finishLater() { exchange.loop.post { self.finish() } }

    /// From any thread.
    func wakeLater() { exchange.loop.post { self.scheduleLook() } }

    private var isDone: Bool { isOver.load(ordering: .relaxed) }

    private func scheduleLook() {
        guard !isDone, !isLookScheduled else { return }
        isLookScheduled = true
        exchange.loop.afterTurn { [self] in
            isLookScheduled = false
            if !isDone { proceed() }
        }
    }

    private func proceed() {
        // A partition may get records between the look and the wait: look again, and let others have a turn at last.
        for _ in 0..<4 {
            let isSettled = look()
            if mustAnswer { return answer() }
            if isSettled, session.wait(self) { return }
        }
        wakeLater()
    }

    private var mustAnswer: Bool {
        if found.hasError { return true }
        if found.byteCount > 0 { return isLate || found.byteCount >= Int(request.minBytes) }
        return found.loading.isEmpty && (isLate || isFull && request.topics.isEmpty)
    }

    /// Looks at the partitions that may have changed.
    ///
    /// - Returns: False when one has got records while it was looked at.
    private func look() -> Bool {
        session.look { inner in
            found.begin()
            for slot in inner.state.queue {
                guard let partition = inner.state[slot] else { continue }
                found.look(at: partition, slot, inner.isolation) { [self] result in
                    guard !isOver.load(ordering: .relaxed) else { return false }
                    exchange.loop.post { self.take(result, slot) }
                    return true
                }
            }
            guard session.id != 0 || !mustAnswer else { return true }
            return rest(&inner)
        }
    }

    /// Registers waits where there is no more now.
    private func rest(_ inner: inout FetchSession.Inner) -> Bool {
        var resting: [FetchState.Slot] = []
        var isSettled = true
        for end in found.ends {
            if session.arm(end.slot, end.log, beyond: end.offset, &inner) {
                resting.append(end.slot)
            } else if end.log.stopReason == nil {
                isSettled = false
            }
        }
        inner.state.settle(served: [], resting: resting)
        guard !mustAnswer else { return true }
        // Partitions with some records, too few of them, are waited for beyond those; they stay in the queue.
        for end in found.partial where !session.arm(end.slot, end.log, beyond: end.offset, &inner) {
            if end.log.stopReason == nil { isSettled = false }
        }
        return isSettled
    }

    /// Takes what a reader thread has brought.
    private func take(_ result: Result<LogRead, LogError>, _ slot: FetchState.Slot) {
        guard !isDone else { return }
        found.take(result, slot)
        scheduleLook()
    }

    private func answer() {
        isOver.store(true, ordering: .relaxed)
        exchange.session.remove(self)
        let (response, records) = session.look { inner in
            inner.state.settle(served: found.served, resting: [])
            return found.assemble(session.id, isFull: isFull, &inner.state)
        }
        release()
        exchange.services.metrics.fetchedBytes.add(found.byteCount)
        exchange.answer(response, records: records)
    }

    private func release() {
        if let timer { exchange.loop.cancel(timer) }
        timer = nil
        session.endWait(of: self)
        if session.id == 0 { session.close() }
    }
}
