import CLinux
import Glibc
import Synchronization

/// Where a command writes: data to standard output, talk to standard error.
package final class Console: Sendable {
    /// The reader of standard output went away, as `head` does: nothing more is wanted.
    struct Closed: Error {}

    private struct State {
        var pending: [UInt8] = []
        var keptOutput = ""
        var keptTalk = ""
    }

    private static let flushBytes = 64 << 10

    private let state = Mutex(State())
    private let collects: Bool
    /// Whether standard output is a terminal; colour and redrawing need one.
    package let isTerminal: Bool
    package let isColoured: Bool
    let isQuiet: Bool

    /// A console on the process's own descriptors.
    package init(noColour: Bool, quiet: Bool) {
        collects = false
        isQuiet = quiet
        isTerminal = isatty(1) == 1
        isColoured = isTerminal && !noColour
    }

    /// A console that keeps what is written, for a test to look at.
    package init(collecting: Void) {
        collects = true
        isQuiet = false
        isTerminal = false
        isColoured = false
    }

    package var output: String { state.withLock { $0.keptOutput } }
    package var talk: String { state.withLock { $0.keptTalk } }

    /// Writes data; kept back until `flush`, 64 KiB or the end.
    package func write(_ text: String) throws { try write(Array(text.utf8)) }

    package func write(_ bytes: [UInt8]) throws {
        try state.withLock { state in
            if collects {
                state.keptOutput += String(decoding: bytes, as: UTF8.self)
                return
            }
            state.pending.append(contentsOf: bytes)
            if state.pending.count >= Self.flushBytes { try Self.flush(&state.pending) }
        }
    }

    package func flush() throws { try state.withLock { try Self.flush(&$0.pending) } }

    /// Says something to the person at the terminal; silent with `--quiet`.
    package func say(_ text: String) {
        if !isQuiet { complain(text) }
    }

    /// Says something that must be seen even with `--quiet`.
    package func complain(_ text: String) {
        if collects { return state.withLock { $0.keptTalk += text + "\n" } }
        let bytes = Array((text + "\n").utf8)
        // The terminal may be gone; there is nobody left to tell.
        _ = Glibc.write(2, bytes, bytes.count)
    }

    /// Whether somebody sits at the other end of standard input and standard error.
    var canAsk: Bool { !collects && isatty(0) == 1 && isatty(2) == 1 }

    /// Asks a question and reads a line; empty at the end of input.
    func ask(_ question: String) -> String {
        let bytes = Array(question.utf8)
        _ = Glibc.write(2, bytes, bytes.count)
        return readLine() ?? ""
    }

    /// The text in a colour when the terminal has colours.
    package func styled(_ text: String, _ style: Style) -> String {
        isColoured ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    package enum Style: String, Sendable {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    private static func flush(_ pending: inout [UInt8]) throws {
        var start = 0
        while start < pending.count {
            let count = pending.withUnsafeBytes { Glibc.write(1, $0.baseAddress.map { $0 + start }, $0.count - start) }
            if count > 0 {
                start += count
            } else if errno == EAGAIN {
                // Someone made the shared terminal or pipe non-blocking: wait until it takes more.
                var wait = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wait, 1, 1000)
            } else if errno != EINTR {
                pending.removeAll()
                throw Closed()
            }
        }
        pending.removeAll(keepingCapacity: true)
    }
}
