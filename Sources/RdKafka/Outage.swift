import Synchronization
import Telemetry

/// Tells of brokers that cannot be reached: once for all clients of the process and then again every ten seconds.
enum Outage {
    private static let toldAt = Mutex<ContinuousClock.Instant?>(nil)
    private static let pause = Duration.seconds(10)

    static func tell(_ reason: String) {
        let now = ContinuousClock.now
        let isDue = toldAt.withLock { toldAt in
            if let last = toldAt, now - last < pause { return false }
            toldAt = now
            return true
        }
        if isDue { ClientHandle.log.warning("brokers cannot be reached; trying on", ["reason": .value(reason)]) }
    }
}
