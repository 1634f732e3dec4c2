import CommitLog
import EventLoop
import KafkaProtocol

/// A fetch that found too little and waits for more, or for its time to run out.
///
/// Lives on its connection's loop. The log calls from a writer thread when a partition has more; all calls that come
/// before the loop gets round to it are one wake.
final class WaitingFetch: @unchecked Sendable {
    // Sendable holds: everything is used on the connection's loop; the log's calls are posted to it.

    private let request: FetchRequest
    private let exchange: Exchange<FetchResponse>
    private var waits: [(log: PartitionLog, wait: ReadWait)] = []
    private var timer: TimerQueue.Token?
    private var isDone = false

    init(_ request: FetchRequest, _ exchange: Exchange<FetchResponse>) {
        self.request = request
        self.exchange = exchange
    }

    func begin(_ result: FetchResult) {
        exchange.session.add(self)
        timer = exchange.loop.schedule(afterMilliseconds: Int64(request.maxWaitMilliseconds)) { [self] in
            timer = nil
            finish()
        }
        wait(for: result)
    }

    /// Answers with what there is now.
    func finish() {
        guard !isDone else { return }
        end(FetchResult(request, exchange))
    }

    /// The connection is gone.
    func abandon() {
        isDone = true
        release()
    }

    private func wake() {
        guard !isDone else { return }
        let result = FetchResult(request, exchange)
        if result.hasError || result.byteCount >= Int(request.minBytes) { return end(result) }
        cancelWaits()
        wait(for: result)
    }

    /// Waits at the end of each partition, beyond the records that are there already.
    private func wait(for result: FetchResult) {
        for (log, offset) in result.ends where !register(log, beyond: offset) { return }
        // Partitions with some data, too little of it, are waited for beyond that data.
        for read in result.partial where !register(read.log, beyond: read.offset) { return }
    }

    /// - Returns: False when there is more already; a wake is on its way then.
    private func register(_ log: PartitionLog, beyond offset: Int64) -> Bool {
        let loop = exchange.loop
        guard
            let wait = log.whenReadable(
                beyond: offset,
                isolation: request.isolation,
                { loop.post { self.wake() } }
            )
        else {
            // A partition that stands still has no more to give: the fetch waits out its time.
            if log.stopReason == nil { loop.post { self.wake() } }
            return log.stopReason != nil
        }
        waits.append((log, wait))
        return true
    }

    private func end(_ result: FetchResult) {
        isDone = true
        release()
        exchange.session.remove(self)
        result.answer(exchange)
    }

    private func release() {
        if let timer { exchange.loop.cancel(timer) }
        timer = nil
        cancelWaits()
    }

    private func cancelWaits() {
        for (log, wait) in waits { log.cancel(wait) }
        waits = []
    }
}
