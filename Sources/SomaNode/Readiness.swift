private import Glibc

/// Whether one part is ready for its work, and what it is doing.
package struct Readiness: Sendable {
    package let name: String
    package let isReady: Bool
    package let detail: String

    /// Parts that did not get ready in time.
    package struct Missed: Error, CustomStringConvertible {
        package let description: String
    }

    /// Blocks until all are ready, or until nobody wants to wait any more.
    ///
    /// - Throws: `Missed` with the state of those that are not, when the time is over.
    package static func wait(
        _ time: Duration,
        _ states: () -> [Readiness],
        unless isStopped: () -> Bool = { false }
    ) throws {
        let deadline = ContinuousClock.now + time
        while true {
            let late = states().filter { !$0.isReady }
            if late.isEmpty || isStopped() { return }
            guard ContinuousClock.now < deadline else {
                let list = late.map { "\($0.name) is \($0.detail)" }.joined(separator: ", ")
                throw Missed(description: "not ready in \(time): \(list)")
            }
            usleep(5_000)
        }
    }
}
