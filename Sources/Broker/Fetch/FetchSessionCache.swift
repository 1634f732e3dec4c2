import KafkaProtocol
import Clocks
import Synchronization

/// The open fetch sessions, bounded, as a value (KIP-227).
///
/// A full cache takes a new session only in place of one that was not used for a while, or of one with fewer partitions
/// that had its time; else the client goes on without a session, which costs it nothing but bytes.
struct FetchSessionCache<Session: AnyObject & Sendable>: Sendable {
    private struct Entry: Sendable {
        let session: Session
        let usesTopicIDs: Bool
        let size: Int
        let createdAt: Int64
        var usedAt: Int64
        /// The epoch that the next request must have.
        var epoch: Int32
    }

    /// What came of a request for a session.
    enum Found {
        case session(Session)
        case error(ErrorCode)
    }

    /// Kafka's `min.incremental.fetch.session.eviction.ms`.
    static var evictionMilliseconds: Int64 { 120_000 }

    private let limit: Int
    private var entries: [Int32: Entry] = [:]
    /// No place can become free before this time.
    private var fullUntil: Int64 = 0

    init(limit: Int) { self.limit = limit }

    var count: Int { entries.count }

    /// Makes room for a session and keeps it.
    ///
    /// - Returns: The session that had to go, if one had to; nil for both when there is no room.
    mutating func create(
        size: Int,
        usesTopicIDs: Bool,
        now: Int64,
        randomID: () -> Int32,
        _ make: (Int32) -> Session
    ) -> (session: Session?, evicted: Session?) {
        guard limit > 0, size > 0 else { return (nil, nil) }
        var evicted: Session?
        if entries.count >= limit {
            guard let victim = victim(for: size, now: now) else { return (nil, nil) }
            evicted = entries.removeValue(forKey: victim)?.session
        }
        var id = randomID()
        while id <= 0 || entries[id] != nil { id = randomID() }
        let session = make(id)
        entries[id] = Entry(
            session: session,
            usesTopicIDs: usesTopicIDs,
            size: size,
            createdAt: now,
            usedAt: now,
            epoch: 1
        )
        return (session, evicted)
    }

    /// The session of an incremental request, whose epoch must be the next one.
    mutating func use(id: Int32, epoch: Int32, usesTopicIDs: Bool, now: Int64) -> Found {
        guard var entry = entries[id] else { return .error(.fetchSessionIDNotFound) }
        guard entry.epoch == epoch else { return .error(.invalidFetchSessionEpoch) }
        guard entry.usesTopicIDs == usesTopicIDs else { return .error(.fetchSessionTopicIDError) }
        entry.epoch = epoch == Int32.max ? 1 : epoch + 1
        entry.usedAt = now
        entries[id] = entry
        return .session(entry.session)
    }

    mutating func remove(id: Int32) -> Session? { entries.removeValue(forKey: id)?.session }

    private mutating func victim(for size: Int, now: Int64) -> Int32? {
        guard now >= fullUntil else { return nil }
        if let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt }),
            now - oldest.value.usedAt > Self.evictionMilliseconds
        {
            return oldest.key
        }
        let smallest = entries.filter { now - $0.value.createdAt > Self.evictionMilliseconds && $0.value.size < size }
            .min { ($0.value.size, $0.value.usedAt) < ($1.value.size, $1.value.usedAt) }
        // Whoever else asks meanwhile need not look through all of them again.
        if smallest == nil { fullUntil = now + 1000 }
        return smallest?.key
    }
}

/// The fetch sessions of a broker.
final class FetchSessions: Sendable {
    private let cache: Mutex<FetchSessionCache<FetchSession>>
    private let clock: Clock

    init(limit: Int, clock: Clock) {
        cache = Mutex(FetchSessionCache(limit: limit))
        self.clock = clock
    }

    var count: Int { cache.withLock { $0.count } }

    /// A session for the partitions of a request; nil when there is no room for one.
    func open(_ request: FetchRequest, usesTopicIDs: Bool) -> FetchSession? {
        let size = request.topics.reduce(0) { $0 + $1.partitions.count }
        let (session, evicted) = cache.withLock { cache in
            cache.create(
                size: size,
                usesTopicIDs: usesTopicIDs,
                now: clock.monotonicMilliseconds,
                randomID: { Int32.random(in: 1...Int32.max) },
                { FetchSession(id: $0, usesTopicIDs: usesTopicIDs) }
            )
        }
        evicted?.close()
        return session
    }

    func use(_ request: FetchRequest, usesTopicIDs: Bool) -> FetchSessionCache<FetchSession>.Found {
        cache.withLock {
            $0.use(
                id: request.sessionID,
                epoch: request.sessionEpoch,
                usesTopicIDs: usesTopicIDs,
                now: clock.monotonicMilliseconds
            )
        }
    }

    func close(_ id: Int32) {
        guard let session = cache.withLock({ $0.remove(id: id) }) else { return }
        session.endWait()
        session.close()
    }
}
