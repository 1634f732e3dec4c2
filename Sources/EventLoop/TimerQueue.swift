/// Timers in order of their deadlines, as a value that a test can turn by hand.
package struct TimerQueue {
    /// Names a timer; never used twice.
    package struct Token: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Entry {
        let deadline: Int64
        let number: UInt64
    }

    private var heap: [Entry] = []
    private var bodies: [UInt64: () -> Void] = [:]
    private var nextNumber: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { bodies.isEmpty }

    /// Adds a timer; deadlines are milliseconds on any clock that the caller keeps to.
    package mutating func add(deadline: Int64, _ body: @escaping () -> Void) -> Token {
        nextNumber += 1
        bodies[nextNumber] = body
        heap.append(Entry(deadline: deadline, number: nextNumber))
        siftUp(heap.count - 1)
        return Token(number: nextNumber)
    }

    /// Forgets a timer; harmless when it has run.
    package mutating func cancel(_ token: Token) {
        guard bodies.removeValue(forKey: token.number) != nil else { return }
        // Cancelled entries stay in the heap until they come up; a heap that is mostly dead is built anew.
        guard heap.count > 2 * bodies.count + 64 else { return }
        heap.removeAll { bodies[$0.number] == nil }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    /// The deadline of the next timer.
    package mutating func nextDeadline() -> Int64? {
        while let first = heap.first {
            if bodies[first.number] != nil { return first.deadline }
            removeFirst()
        }
        return nil
    }

    /// Takes the next timer that is due.
    package mutating func popDue(now: Int64) -> (() -> Void)? {
        while let first = heap.first, first.deadline <= now {
            removeFirst()
            if let body = bodies.removeValue(forKey: first.number) { return body }
        }
        return nil
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        if !heap.isEmpty { siftDown(0) }
    }

    /// Equal deadlines run in the order they were added.
    private func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        (left.deadline, left.number) < (right.deadline, right.number)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard isBefore(heap[index], heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if isBefore(heap[child], heap[least]) { least = child }
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
