import KafkaProtocol

/// Which transactional batches of a stretch of the log were aborted: a value, fed with the batches in order.
///
/// Only aborted stretches are remembered, which are few.
struct TransactionOutcomes {
    /// The first offset of each producer's transaction that has no marker yet.
    private var open: [Int64: Int64] = [:]
    /// Per producer, in order: from a transaction's first batch to its abort marker.
    private var aborted: [Int64: [ClosedRange<Int64>]] = [:]

    /// Takes note of the next batch.
    mutating func note(_ batch: UnsafeRawBufferPointer, header: RecordBatchHeader) {
        guard header.attributes.isTransactional, header.recordCount > 0 else { return }
        let producer = header.producerID
        guard header.attributes.isControl else {
            if open[producer] == nil { open[producer] = header.baseOffset }
            return
        }
        guard let marker = EndMarker(batch, header: header), let first = open.removeValue(forKey: producer) else {
            return
        }
        if !marker.isCommit { aborted[producer, default: []].append(first...header.baseOffset) }
    }

    /// The first offset of a transaction that has not ended in what was noted.
    var firstUndecided: Int64? { open.values.min() }

    func isAborted(producerID: Int64, offset: Int64) -> Bool {
        guard let ranges = aborted[producerID] else { return false }
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < offset { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(offset)
    }
}
