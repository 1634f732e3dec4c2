import CMicroHTTPD
import Glibc
import Synchronization

// libmicrohttpd's callbacks, on its threads. The order for one request: began, continued (head), continued (each piece
// of the body), continued (end), again continued after each resume, completed.

func requestBegan(
    _ context: UnsafeMutableRawPointer?,
    _ target: UnsafePointer<CChar>?,
    _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context, let connection else { return nil }
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    // Bytes that are not UTF-8 leave an empty target, which is refused with the head.
    let text = target.flatMap { String(validatingCString: $0) } ?? ""
    let exchange = LiveExchange(connection: connection, target: text, settings: core.settings)
    core.exchangeCount.add(1, ordering: .relaxed)
    return Unmanaged.passRetained(exchange).toOpaque()
}

func requestContinued(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?,
    _ bytes: UnsafePointer<CChar>?,
    _ byteCount: UnsafeMutablePointer<Int>?,
    _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let byteCount, let pointer = request?.pointee else { return .NO }
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    let exchange = Unmanaged<LiveExchange>.fromOpaque(pointer).takeUnretainedValue()
    guard let recordPointer = soma_mhd_socket_context(connection) else { return .NO }
    let record = Unmanaged<ConnectionRecord>.fromOpaque(recordPointer).takeUnretainedValue()

    if exchange.request == nil {
        do throws(LiveExchange.Refusal) {
            exchange.request = try exchange.readHead(
                method: method.flatMap { String(validatingCString: $0) } ?? "",
                version: version.flatMap { String(validatingCString: $0) } ?? "",
                isFromLoopback: record.isFromLoopback
            )
        } catch {
            return exchange.queue(core.refuse(exchange.target, error.status, error.reason), closing: true)
                ? .YES : .NO
        }
        record.enter(.body)
        return .YES
    }
    if byteCount.pointee > 0 {
        let count = byteCount.pointee
        byteCount.pointee = 0
        guard (exchange.request?.body.count ?? 0) + count <= core.settings.bodyBytesMax else {
            let refusal = exchange.bodyTooLarge
            exchange.refuseInMidBody(core.refuse(exchange.target, refusal.status, refusal.reason))
            return .NO
        }
        exchange.request?.body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return .YES
    }
    return answer(exchange, core, record) ? .YES : .NO
}

/// The request is read whole: asks the handler, or takes its answer if the connection was resumed for it.
private func answer(_ exchange: LiveExchange, _ core: ServerCore, _ record: ConnectionRecord) -> Bool {
    guard let request = exchange.request else { return false }
    let isFirst = exchange.state.withLock { state in
        guard state.phase == .receiving else { return false }
        state.phase = .handling
        return true
    }
    guard isFirst else { return exchange.sendAnswer() }
    record.enter(.answer(exchange))
    if core.isStopping.load(ordering: .sequentiallyConsistent) {
        return exchange.queue(core.refuse(exchange.target, 503, "the server is stopping"), closing: true)
    }
    core.handler(request, Responder(exchange))
    // The request's memory is the handler's now; a slow answer should not hold it twice.
    exchange.request = Request(path: "")
    let isWaiting = exchange.state.withLock { state in
        guard state.phase == .handling else { return false }
        state.phase = .waiting
        MHD_suspend_connection(exchange.connection)
        return true
    }
    return isWaiting || exchange.sendAnswer()
}

func requestCompleted(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ end: MHD_RequestTerminationCode
) {
    guard let context, let connection, let pointer = request?.pointee else { return }
    request?.pointee = nil
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    let exchange = Unmanaged<LiveExchange>.fromOpaque(pointer).takeRetainedValue()
    if let record = soma_mhd_socket_context(connection) {
        Unmanaged<ConnectionRecord>.fromOpaque(record).takeUnretainedValue().enter(.head)
    }
    exchange.finish(delivered: end == .REQUEST_TERMINATED_COMPLETED_OK)
    core.exchangeCount.subtract(1, ordering: .relaxed)
}

func connectionChanged(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ change: MHD_ConnectionNotificationCode
) {
    guard let context, let connection, let socketContext else { return }
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    if change == .CONNECTION_NOTIFY_STARTED {
        let record = ConnectionRecord(
            descriptor: soma_mhd_socket(connection),
            isFromLoopback: isLoopback(soma_mhd_peer(connection))
        )
        core.add(record)
        socketContext.pointee = Unmanaged.passRetained(record).toOpaque()
    } else if let pointer = socketContext.pointee {
        let record = Unmanaged<ConnectionRecord>.fromOpaque(pointer).takeRetainedValue()
        socketContext.pointee = nil
        record.close()
        core.remove(record)
    }
}

private func isLoopback(_ address: UnsafePointer<sockaddr>?) -> Bool {
    guard let address else { return false }
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
        let bits = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
        return UInt32(bigEndian: bits) >> 24 == 127
    case AF_INET6:
        let bytes = Swift.withUnsafeBytes(of: UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self).sin6_addr)
        {
            Array($0)
        }
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? bytes[12] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    default: return false
    }
}
