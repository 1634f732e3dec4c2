/// Remembers which requests were answered lately, so that a second delivery asks no model again.
///
/// Bounded: the oldest is forgotten first. It lives in memory, so it knows nothing of before a restart or of other
/// members; the ids of usage make a repeated call harmless for the bill there.
package struct RecentRequests: Sendable {
    private let limit: Int
    private var ids: Set<String> = []
    private var order: [String] = []
    private var oldest = 0

    package init(limit: Int = 10_000) {
        self.limit = max(limit, 1)
    }

    package func contains(_ id: String) -> Bool { ids.contains(id) }

    package mutating func insert(_ id: String) {
        guard ids.insert(id).inserted else { return }
        if order.count < limit {
            order.append(id)
        } else {
            ids.remove(order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % limit
        }
    }
}
