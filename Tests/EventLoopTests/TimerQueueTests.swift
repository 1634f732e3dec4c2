import Clocks
import EventLoop
import Testing

@Suite struct TimerQueueTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `timers run in order of their deadlines, cancelled ones never`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = TimerQueue()
        var ran: [Int64] = []
        var expected: [Int64] = []
        for _ in 0..<300 {
            let deadline = Int64.random(in: 0..<1000, using: &random)
            let token = queue.add(deadline: deadline) { ran.append(deadline) }
            if Bool.random(using: &random) { queue.cancel(token) } else { expected.append(deadline) }
        }
        #expect(queue.nextDeadline() == expected.min())
        while let body = queue.popDue(now: 500) { body() }
        #expect(ran == expected.filter { $0 <= 500 }.sorted())
        while let body = queue.popDue(now: 1000) { body() }
        #expect(ran == expected.sorted() && queue.isEmpty)
    }
}
