package import Events
import Synchronization

/// The chat requests that wait for events, by tenant and request id.
package final class TurnTable: Sendable {
    enum Registration {
        case registered
        /// A request with that id is on its way already.
        case duplicate
        case full
    }

    private let turnsMax: Int
    private let turns = Mutex<[TurnKey: Turn]>([:])

    init(turnsMax: Int) { self.turnsMax = turnsMax }

    package var count: Int { turns.withLock { $0.count } }
    var isEmpty: Bool { turns.withLock { $0.isEmpty } }

    func register(_ turn: Turn) -> Registration {
        turns.withLock { turns in
            guard turns[turn.key] == nil else { return .duplicate }
            guard turns.count < turnsMax else { return .full }
            turns[turn.key] = turn
            return .registered
        }
    }

    func remove(_ turn: Turn) {
        turns.withLock { turns in
            if turns[turn.key] === turn { turns[turn.key] = nil }
        }
    }

    func isWaiting(for key: TurnKey) -> Bool { turns.withLock { $0[key] != nil } }

    /// Hands an event to the request that waits for it, if one does.
    func dispatch(_ event: TurnEvent, to key: TurnKey) {
        guard let turn = turns.withLock({ $0[key] }) else { return }
        turn.handle(event)
        if turn.isOver { remove(turn) }
    }

    /// Hands over an event from the bytes of its record.
    ///
    /// - Throws: `EventError` when the bytes break the event's contract.
    package func play(type: String, value: [UInt8], tenant: String, requestID: String) throws(EventError) {
        let key = TurnKey(tenant: tenant, requestID: requestID)
        let read: Result<TurnEvent?, EventError> = value.withUnsafeBytes { bytes in
            Result { () throws(EventError) in try TurnFeed.event(type, bytes) }
        }
        if let event = try read.get() { dispatch(event, to: key) }
    }

    /// Ends turns that took too long, and begins streams that were silent.
    package func tick(now: Int64) {
        let due = turns.withLock { turns in
            turns.values.filter { now >= min($0.beginMilliseconds, $0.deadlineMilliseconds) }
        }
        for turn in due {
            turn.tick(now: now)
            if turn.isOver { remove(turn) }
        }
    }

    /// Answers all that wait with an error; the platform stops.
    func endAll() {
        let all = turns.withLock { turns in
            defer { turns = [:] }
            return Array(turns.values)
        }
        for turn in all { turn.handle(.failed(code: "service_unavailable", message: "The gateway is stopping.")) }
    }
}
