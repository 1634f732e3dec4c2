private import Synchronization

/// A number that only grows; counts from any thread.
package final class Counter: Sendable {
    private let count = Atomic<Int64>(0)

    package init() {}

    /// Adds to the count.
    ///
    /// Call it once per batch, not per record.
    package func add(_ amount: Int = 1) {
        // Relaxed: readers want the number, not an order with other memory.
        count.wrappingAdd(Int64(amount), ordering: .relaxed)
    }

    package var value: Int64 { count.load(ordering: .relaxed) }
}

/// A number that goes up and down; set from any thread.
package final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    package init() {}

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    package func set(_ value: some BinaryInteger) { set(Double(value)) }

    package func add(_ amount: Double) {
        var current = bits.load(ordering: .relaxed)
        while true {
            let next = (Double(bitPattern: current) + amount).bitPattern
            let outcome = bits.compareExchange(expected: current, desired: next, ordering: .relaxed)
            if outcome.exchanged { return }
            current = outcome.original
        }
    }

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
