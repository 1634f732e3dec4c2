import CommitLog
import KafkaProtocol

extension Exchange {
    private var quotaClient: QuotaLedger.Client {
        QuotaLedger.Client(user: principal.name, clientID: header.clientID ?? "")
    }

    /// Counts what the request used; the time that the client must wait.
    func throttleMilliseconds(_ records: [LogRead]) -> Int64 {
        let (quotas, client) = (services.quotas, quotaClient)
        let used: Int64 =
            switch layout.key {
            case .produce: quotas.use(.produce, Double(requestByteCount), client)
            case .fetch: quotas.use(.consume, Double(records.reduce(0) { $0 + $1.byteCount }), client)
            case .createTopics, .deleteTopics, .createPartitions: quotas.mutationThrottle(client)
            default: 0
            }
        // The time of this request is counted when its handler has returned, and waited for with the next.
        return max(used, quotas.use(.requestTime, 0, client))
    }

    /// Asks whether `count` partitions may be made or removed (KIP-599).
    ///
    /// `isStrict`: the client knows the error that says no; others are made to wait afterwards.
    func mutate(_ count: Int, isStrict: Bool) -> Bool {
        services.quotas.mutate(count, quotaClient, isStrict: isStrict)
    }
}

extension WireStruct {
    /// The same answer, telling the time to wait if it can.
    func throttled(_ milliseconds: Int64) -> Self {
        guard milliseconds > 0, var answer = self as? any ThrottledAnswer else { return self }
        answer.throttleTimeMilliseconds = Int32(clamping: milliseconds)
        return answer as? Self ?? self
    }
}
