import CLinux
import Glibc
import SomaNode
import Synchronization

/// Ctrl-C and SIGTERM as something to ask about and wait for, instead of something that happens in a handler.
///
/// Make it before any other thread: threads made later inherit the blocked signals. A second signal ends the process at
/// once.
final class StopSignal: Sendable {
    private let requested = Latch<Int32>()
    private let actions = Mutex<[@Sendable () -> Void]>([])

    init() {
        // A shell may start background jobs with Ctrl-C ignored; an ignored signal never reaches a descriptor. An ignored
        // SIGHUP stays so: that is what nohup is for.
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let descriptor = signalfd(-1, &signals, Int32(SFD_CLOEXEC))
        precondition(descriptor >= 0, "no signal descriptor: errno \(errno)")
        spawnThread("signals") { [self] in
            watch(descriptor)
        }
    }

    private func watch(_ descriptor: Int32) {
        var info = signalfd_siginfo()
        while read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size {
            if requested.current != nil { _exit(ExitStatus.interrupted.rawValue) }
            requested.set(Int32(bitPattern: info.ssi_signo))
            for action in actions.withLock({ $0 }) { action() }
        }
    }

    var isRequested: Bool { requested.current != nil }

    /// Blocks until a signal comes.
    func wait() { _ = requested.wait() }

    /// Blocks until a signal comes or the time is over; tells whether one came.
    func wait(for time: Duration) -> Bool { requested.wait(for: time) != nil }

    /// Calls the action at the first signal, on the signal thread; at once when it has come already.
    func onRequest(_ action: @escaping @Sendable () -> Void) {
        actions.withLock { $0.append(action) }
        if isRequested { action() }
    }
}
