/// The reads of one partition that are under way on reader threads, and those that ran ahead of their readers, as a value.
///
/// A reader that goes through old data finds its next piece in memory: the read behind the one it just got has been
/// started when it got that one.
struct AheadReads {
    /// Says whether it took the outcome.
    typealias Waiter = @Sendable (Result<LogRead, LogError>) -> Bool

    /// What a read is the answer to.
    struct Request: Equatable {
        let offset: Int64
        let maxBytes: Int
        let isolation: ReadIsolation
    }

    enum Found {
        /// It was in memory; it is not kept.
        case ready(LogRead)
        /// The waiter is called when it is.
        case loading
        /// Nobody has asked for it: start it, and hand the outcome to `finish`.
        case absent
    }

    private enum State {
        case loading([Waiter])
        case ready(LogRead, since: Int64)
    }

    private struct Entry {
        let request: Request
        var state: State
    }

    /// Reads that nobody took, in one partition; consumers that gave up are the reason for more.
    private static let readyMax = 16

    private var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }

    /// Begins a read that nobody has asked for yet.
    ///
    /// - Returns: False when there is one from that offset on.
    mutating func begin(_ request: Request) -> Bool {
        guard index(of: request) == nil else { return false }
        entries.append(Entry(request: request, state: .loading([])))
        return true
    }

    private func index(of request: Request) -> Int? {
        entries.firstIndex { $0.request.offset == request.offset && $0.request.isolation == request.isolation }
    }

    /// Looks for a read from that offset on; one of another length does too.
    mutating func take(_ request: Request, _ waiter: @escaping Waiter) -> Found {
        guard let index = index(of: request) else {
            entries.append(Entry(request: request, state: .loading([waiter])))
            return .absent
        }
        switch entries[index].state {
        case .ready(let read, _):
            entries.remove(at: index)
            return .ready(read)
        case .loading(let waiters):
            entries[index].state = .loading(waiters + [waiter])
            return .loading
        }
    }

    /// Takes the outcome of a read that was absent.
    ///
    /// - Returns: Those who wait for it: call them and then this again, with whether one took it, until there are none.
    ///   A read that nobody took is kept for who comes.
    mutating func finish(
        _ request: Request,
        _ result: Result<LogRead, LogError>,
        isTaken: Bool,
        now: Int64
    ) -> [Waiter] {
        guard let index = entries.firstIndex(where: { $0.request == request }),
            case .loading(let waiters) = entries[index].state
        else { return [] }
        guard waiters.isEmpty else {
            entries[index].state = .loading([])
            return waiters
        }
        guard !isTaken, case .success(let read) = result, !read.isEmpty else {
            entries.remove(at: index)
            return []
        }
        entries[index].state = .ready(read, since: now)
        let ready = entries.indices.filter { if case .ready = entries[$0].state { true } else { false } }
        if ready.count > Self.readyMax { entries.remove(at: ready[0]) }
        return []
    }

    /// Forgets what is ready since before a time.
    mutating func drop(before time: Int64) {
        entries.removeAll { if case .ready(_, let since) = $0.state { since < time } else { false } }
    }
}
