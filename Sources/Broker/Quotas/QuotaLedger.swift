/// What clients have used of their quotas, and how long they must wait; a value, with the time as an argument.
package struct QuotaLedger: Sendable {
    package struct Client: Sendable, Hashable {
        package let user: String
        package let clientID: String

        package init(user: String, clientID: String) {
            self.user = user
            self.clientID = clientID
        }
    }

    package struct Windows: Sendable {
        package var milliseconds: Int64 = 1000
        package var count = 11

        package init() {}
    }

    private struct Account: Hashable {
        let kind: QuotaKind
        let sharers: QuotaTable.Sharers
    }

    /// Accounts kept; when there are more, those that were used longest ago begin anew.
    private static let accountsMax = 20_000

    package private(set) var table = QuotaTable()
    private let windows: Windows
    private let mutationWindows: Windows
    private var meters: [Account: RateMeter] = [:]
    private var buckets: [QuotaTable.Sharers: TokenBucket] = [:]
    private var addresses: [String: RateMeter] = [:]

    package init(windows: Windows = Windows(), mutationWindows: Windows = Windows()) {
        self.windows = windows
        self.mutationWindows = mutationWindows
    }

    package mutating func replace(_ table: QuotaTable) { self.table = table }

    /// Counts what a client used.
    ///
    /// - Returns: The time it must wait.
    package mutating func use(_ kind: QuotaKind, _ amount: Double, _ client: Client, now: Int64) -> Int64 {
        guard let limit = table.limit(kind, user: client.user, clientID: client.clientID) else { return 0 }
        let account = Account(kind: kind, sharers: limit.sharedBy)
        var meter = meters[account] ?? RateMeter(windowMilliseconds: windows.milliseconds, windowsMax: windows.count)
        if amount > 0 { meter.record(amount, now: now) }
        let throttle = meter.throttleMilliseconds(limit: limit.perSecond, now: now)
        meters[account] = meter
        if meters.count > Self.accountsMax { forgetIdle(now: now) }
        // A time quota only slows down: nobody is shut out for work that is done.
        return kind == .requestTime ? min(throttle, windows.milliseconds) : throttle
    }

    /// Asks whether topics or partitions may be made or removed; what is allowed is counted.
    ///
    /// `isStrict`: refuse what is too much; older clients are only made to wait.
    package mutating func mutate(_ count: Int, _ client: Client, isStrict: Bool, now: Int64) -> Bool {
        guard let (sharers, kept) = bucket(of: client, now: now) else { return true }
        var bucket = kept
        let isAllowed = !isStrict || bucket.isOpen(now: now)
        if isAllowed { bucket.take(Double(count), now: now) }
        if buckets.count >= Self.accountsMax { buckets = [:] }
        buckets[sharers] = bucket
        return isAllowed
    }

    /// The time until a client may make or remove topics again.
    package mutating func mutationThrottle(_ client: Client, now: Int64) -> Int64 {
        guard var bucket = bucket(of: client, now: now)?.1 else { return 0 }
        return bucket.throttleMilliseconds(now: now)
    }

    private func bucket(of client: Client, now: Int64) -> (QuotaTable.Sharers, TokenBucket)? {
        guard let limit = table.limit(.mutations, user: client.user, clientID: client.clientID) else { return nil }
        let kept = buckets[limit.sharedBy].flatMap { $0.perSecond == limit.perSecond ? $0 : nil }
        let seconds = Double(mutationWindows.milliseconds) / 1000 * Double(mutationWindows.count)
        return (limit.sharedBy, kept ?? TokenBucket(perSecond: limit.perSecond, burstSeconds: seconds, now: now))
    }

    /// Counts a connection from an address.
    ///
    /// - Returns: The time for which it is too much; 0 admits it.
    package mutating func connect(_ address: String, now: Int64) -> Int64 {
        guard let limit = table.connectionLimit(address: address) else { return 0 }
        var meter =
            addresses[address] ?? RateMeter(windowMilliseconds: windows.milliseconds, windowsMax: windows.count)
        var tried = meter
        tried.record(1, now: now)
        let throttle = tried.throttleMilliseconds(limit: limit, now: now)
        // One that is turned away is not counted, or knocking would keep the door shut.
        if throttle == 0 { meter = tried }
        addresses[address] = meter
        if addresses.count > Self.accountsMax { forgetIdle(now: now) }
        return throttle
    }

    private mutating func forgetIdle(now: Int64) {
        meters = meters.filter { !$0.value.isIdle(now: now) }
        addresses = addresses.filter { !$0.value.isIdle(now: now) }
        if meters.count > Self.accountsMax { meters = [:] }
        if addresses.count > Self.accountsMax { addresses = [:] }
    }
}
