private import CLinux
private import Synchronization

/// Where the time comes from: the machine, or a clock that a test turns by hand.
///
/// A value, so that it is passed in and never reached for. Wall time may jump (NTP, an operator); monotonic time does
/// not. Use wall time for what is written down and monotonic time for deadlines.
package enum Clock: Sendable {
    /// The machine's own clocks.
    case system
    /// A clock that stands still until it is turned.
    case manual(ManualClock)

    /// Milliseconds since 1970-01-01 UTC: what Kafka timestamps carry.
    package var wallMilliseconds: Int64 {
        switch self {
        case .system: Self.read(CLOCK_REALTIME) / 1_000_000
        case .manual(let clock): clock.wallMilliseconds
        }
    }

    /// Nanoseconds since 1970-01-01 UTC.
    package var wallNanoseconds: Int64 {
        switch self {
        case .system: Self.read(CLOCK_REALTIME)
        case .manual(let clock): clock.wallMilliseconds * 1_000_000
        }
    }

    /// Nanoseconds since some fixed point; never goes back.
    package var monotonicNanoseconds: Int64 {
        switch self {
        case .system: Self.read(CLOCK_MONOTONIC)
        case .manual(let clock): clock.monotonicNanoseconds
        }
    }

    /// Milliseconds since some fixed point; never goes back.
    package var monotonicMilliseconds: Int64 { monotonicNanoseconds / 1_000_000 }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A clock for tests; every copy of the `Clock` that holds it sees the same time.
package final class ManualClock: Sendable {
    private struct Reading {
        var wallMilliseconds: Int64
        var monotonicNanoseconds: Int64
    }

    private let reading: Mutex<Reading>

    /// Starts at a wall time in milliseconds since 1970; monotonic time starts at zero.
    package init(wallMilliseconds: Int64 = 1_700_000_000_000) {
        reading = Mutex(Reading(wallMilliseconds: wallMilliseconds, monotonicNanoseconds: 0))
    }

    package var wallMilliseconds: Int64 { reading.withLock { $0.wallMilliseconds } }
    package var monotonicNanoseconds: Int64 { reading.withLock { $0.monotonicNanoseconds } }

    /// Moves both clocks forward.
    package func advance(milliseconds: Int64) {
        precondition(milliseconds >= 0, "time does not run backwards: \(milliseconds) ms; use jumpWall")
        reading.withLock {
            $0.wallMilliseconds += milliseconds
            $0.monotonicNanoseconds += milliseconds * 1_000_000
        }
    }

    /// Moves the wall clock alone, in either direction, as an operator or NTP does.
    package func jumpWall(milliseconds: Int64) {
        reading.withLock { $0.wallMilliseconds += milliseconds }
    }
}
