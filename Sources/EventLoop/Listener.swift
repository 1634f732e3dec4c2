private import Glibc
internal import Telemetry

/// The listening socket on its loop.
final class Listener: EventSource {
    private let descriptor: Int32
    private let loop: EventLoop
    private let accept: (Listener) -> Void
    private var token: EventLoop.Token = 0
    private var isStopped = false

    init(descriptor: Int32, loop: EventLoop, accept: @escaping (Listener) -> Void) {
        self.descriptor = descriptor
        self.loop = loop
        self.accept = accept
    }

    func start(_ logger: Logger) {
        do throws(EventLoopError) {
            token = try loop.watch(descriptor, EventLoop.Interest.read, self)
        } catch {
            logger.error("cannot watch the listening socket", ["cause": .value(error.description)])
        }
    }

    func ready(_ events: UInt32) { accept(self) }

    /// Leaves waiting connections to the kernel for a while: there is nothing to take them with.
    func pause(milliseconds: Int64) {
        loop.change(token, descriptor, 0)
        _ = loop.schedule(afterMilliseconds: milliseconds) { [self] in
            if !isStopped { loop.change(token, descriptor, EventLoop.Interest.read) }
        }
    }

    func stop() {
        isStopped = true
        loop.unwatch(token, descriptor)
        close(descriptor)
    }
}
