private import CLinux
package import Clocks
private import Synchronization

/// Where log lines go: one `write` per line to a descriptor, so that lines of several threads never mix.
package final class LogSink: Sendable {
    /// How a line is written.
    package enum Form: UInt8, Sendable {
        /// `12:00:00.123 info  broker  listening address=127.0.0.1:9092`
        case human
        /// One JSON object per line with `time`, `level`, `subject`, `message` and the fields.
        case json
    }

    /// The sink of the process: descriptor 2.
    package static let standard = LogSink(descriptor: 2)

    /// A line longer than this is cut, so that a hostile value cannot flood the log.
    private static let lineBytesMax = 8 * 1024

    private let descriptor: Int32
    private let clock: Clock
    private let level: Atomic<UInt8>
    private let form: Atomic<UInt8>
    private let collects: Bool
    private let collected = Mutex<[String]>([])

    package init(descriptor: Int32, clock: Clock = .system, level: LogLevel = .info, form: Form = .human) {
        self.descriptor = descriptor
        self.clock = clock
        self.level = Atomic(level.rawValue)
        self.form = Atomic(form.rawValue)
        collects = false
    }

    /// A sink that keeps its lines for a test to look at.
    package init(collectingWith clock: Clock, level: LogLevel = .debug, form: Form = .human) {
        descriptor = -1
        self.clock = clock
        self.level = Atomic(level.rawValue)
        self.form = Atomic(form.rawValue)
        collects = true
    }

    /// What a collecting sink has kept.
    package var lines: [String] { collected.withLock { $0 } }

    /// Sets the lowest level that is written and the form; takes effect for lines that follow.
    package func configure(level: LogLevel? = nil, form: Form? = nil) {
        // Relaxed: nothing else is published through these two.
        if let level { self.level.store(level.rawValue, ordering: .relaxed) }
        if let form { self.form.store(form.rawValue, ordering: .relaxed) }
    }

    package func isOn(_ wanted: LogLevel) -> Bool { wanted.rawValue >= level.load(ordering: .relaxed) }

    package func write(
        _ level: LogLevel,
        subject: String,
        message: String,
        fields: KeyValuePairs<String, LogValue>
    ) {
        let now = clock.wallMilliseconds
        var line = [UInt8]()
        line.reserveCapacity(160)
        if form.load(ordering: .relaxed) == Form.json.rawValue {
            LogLine.json(level, subject, message, fields, now, into: &line)
        } else {
            LogLine.human(level, subject, message, fields, now, into: &line)
        }
        if line.count > Self.lineBytesMax {
            line.removeLast(line.count - Self.lineBytesMax)
            line.append(contentsOf: Array(" …".utf8))
        }
        if collects {
            collected.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            return
        }
        line.append(UInt8(ascii: "\n"))
        // A log that cannot be written has nobody to tell; the count that comes back changes nothing.
        _ = line.withUnsafeBytes { CLinux.write(descriptor, $0.baseAddress, $0.count) }
    }
}
