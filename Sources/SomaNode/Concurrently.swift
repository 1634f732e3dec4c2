private import RdKafka
private import Synchronization

/// Starts independent parts at the same time, each on a thread of its own: their calls block.
enum Concurrently {
    private final class Outcome: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }

    /// Runs all and waits for all.
    ///
    /// - Throws: The first error; the others have run to their ends by then.
    static func run(_ works: [(name: String, work: @Sendable () throws -> Void)]) throws {
        let outcome = Outcome()
        let threads = works.map { name, work in
            OwnThread(name: "start-\(name)") {
                do {
                    try work()
                } catch {
                    outcome.error.withLock { $0 = $0 ?? error }
                }
            }
        }
        for thread in threads { thread.join() }
        if let error = outcome.error.withLock({ $0 }) { throw error }
    }
}
