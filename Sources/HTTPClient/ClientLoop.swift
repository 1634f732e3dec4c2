import CCurl
import Glibc
import Synchronization

/// The thread of a client: takes orders from a queue and drives curl.
final class ClientLoop: @unchecked Sendable {
    // Sendable holds: `multi` is used by the loop's thread, except for curl_multi_wakeup, which curl allows from any;
    // `transfers` is touched by the loop's thread alone; the rest is under the lock.

    private enum Order {
        case start(UInt64, ClientRequest, any ResponseReceiver)
        case cancel(UInt64)
    }

    private struct State {
        var orders: [Order] = []
        var nextNumber: UInt64 = 1
        var activeCount = 0
        var isStopping = false
    }

    private let multi: UnsafeMutableRawPointer
    private let transfersMax: Int
    private let state = Mutex(State())
    private var transfers: [UInt64: Transfer] = [:]

    private static let isCurlReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(transfersMax: Int, connectionsPerHostMax: Int) throws(ClientError) {
        guard Self.isCurlReady, let multi = curl_multi_init() else {
            throw .unavailable("libcurl cannot start")
        }
        self.multi = multi
        self.transfersMax = transfersMax
        _ = soma_curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHostMax)
        _ = soma_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, connectionsPerHostMax)
    }

    deinit { curl_multi_cleanup(multi) }

    func start(_ request: ClientRequest, _ receiver: any ResponseReceiver) -> UInt64 {
        let (number, refusal): (UInt64, ClientError?) = state.withLock { state in
            let number = state.nextNumber
            state.nextNumber += 1
            if state.isStopping { return (number, .unavailable("the HTTP client is stopped")) }
            if state.activeCount >= transfersMax {
                return (number, .unavailable("\(transfersMax) requests are on their way already"))
            }
            state.activeCount += 1
            state.orders.append(.start(number, request, receiver))
            return (number, nil)
        }
        if let refusal { receiver.end(refusal) } else { curl_multi_wakeup(multi) }
        return number
    }

    func cancel(_ number: UInt64) {
        state.withLock { $0.orders.append(.cancel(number)) }
        curl_multi_wakeup(multi)
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        curl_multi_wakeup(multi)
    }

    func run() {
        while true {
            let (orders, isStopping) = state.withLock { state in
                defer { state.orders = [] }
                return (state.orders, state.isStopping)
            }
            for order in orders { carryOut(order) }
            if isStopping { break }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            finishDone()
            let wait = cutIdle()
            curl_multi_poll(multi, nil, 0, wait, nil)
        }
        for transfer in Array(transfers.values) { end(transfer, .unavailable("the HTTP client is stopped")) }
    }

    private func carryOut(_ order: Order) {
        switch order {
        case .start(let number, let request, let receiver):
            do throws(ClientError) {
                let transfer = try Transfer(
                    number: number,
                    request: request,
                    receiver: receiver,
                    now: monotonicMilliseconds()
                )
                guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
                    throw .unavailable("libcurl takes no more requests")
                }
                transfers[number] = transfer
            } catch {
                forget()
                receiver.end(error)
            }
        case .cancel(let number):
            if let transfer = transfers[number] { end(transfer, .cancelled) }
        }
    }

    private func finishDone() {
        var code = CURLE_OK
        while let easy = soma_curl_next_done(multi, &code) {
            guard let context = soma_curl_context(easy) else { continue }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            remove(transfer)
            transfer.finish(code)
        }
    }

    /// Ends transfers that are silent for too long; gives the time in milliseconds until the next can be.
    private func cutIdle() -> Int32 {
        let now = monotonicMilliseconds()
        var next: Int64 = 60_000
        for transfer in Array(transfers.values) {
            let left = transfer.idleMilliseconds - (now - transfer.lastByteMilliseconds)
            if left <= 0 { end(transfer, .idleTimedOut) } else { next = min(next, left) }
        }
        return Int32(clamping: next)
    }

    private func end(_ transfer: Transfer, _ error: ClientError) {
        remove(transfer)
        transfer.finish(error)
    }

    private func remove(_ transfer: Transfer) {
        curl_multi_remove_handle(multi, transfer.easy)
        transfers[transfer.number] = nil
        forget()
    }

    private func forget() { state.withLock { $0.activeCount -= 1 } }
}
