/// Puts a compacted segment in the place of one or several others, so that a crash at any moment leaves either all the old
/// ones or the new one.
///
/// The new file is complete and synced as `<base>.cleaned`, and beside it `<base>.<end>.txnindex.swap` when the old ones
/// have aborted transactions. Its new name `<base>.<end>.swap` is the decision: from then on, whoever finds it takes the
/// remaining steps. Before, all these are rubbish.
struct SegmentSwap {
    /// One change to the directory.
    enum Step: Equatable {
        case rename(from: String, to: String)
        case remove(String)
        /// Makes the steps before durable.
        case sync
    }

    let directory: String
    let baseOffset: Int64
    /// Behind the last offset that the new segment covers.
    let endOffset: Int64

    static func cleanedPath(_ directory: String, baseOffset: Int64) -> String {
        "\(directory)/\(Segment.name(baseOffset)).cleaned"
    }

    var swapPath: String { "\(directory)/\(Segment.name(baseOffset)).\(Segment.name(endOffset)).swap" }
    var abortedSwapPath: String {
        "\(directory)/\(Segment.name(baseOffset)).\(Segment.name(endOffset)).txnindex.swap"
    }
    private var abortedPath: String { "\(directory)/\(Segment.name(baseOffset)).txnindex" }
    private var logPath: String { "\(directory)/\(Segment.name(baseOffset)).log" }

    /// Decides for the new segment.
    var decision: [Step] {
        [.rename(from: Self.cleanedPath(directory, baseOffset: baseOffset), to: swapPath), .sync]
    }

    /// Removes what the new segment replaces, but for the files that are replaced by renaming.
    ///
    /// `names`: What is in the directory.
    func removal(_ names: [String]) -> [Step] {
        let doomed = names.filter { name in
            guard let dot = name.firstIndex(of: "."), let base = Int64(name[..<dot]) else { return false }
            switch name[dot...] {
            case ".log", ".txnindex": return base > baseOffset && base < endOffset
            case ".index", ".timeindex": return base >= baseOffset && base < endOffset
            default: return false
            }
        }
        return doomed.sorted().map { .remove("\(directory)/\($0)") } + [.sync]
    }

    /// Gives the new segment its name for good; `hasAborted` says that there are aborted transactions to go with it.
    func placing(hasAborted: Bool) -> [Step] {
        let aborted = hasAborted ? [Step.rename(from: abortedSwapPath, to: abortedPath)] : []
        return aborted + [.rename(from: swapPath, to: logPath), .sync]
    }

    static func perform(_ steps: some Sequence<Step>, in directory: String) throws(LogError) {
        for step in steps {
            switch step {
            case .rename(let from, let target): try FileSystem.rename(from, to: target)
            case .remove(let path): try FileSystem.removeFile(path)
            case .sync: try FileSystem.syncDirectory(directory)
            }
        }
    }

    /// Ends what a crash interrupted; true when anything was there.
    static func recover(_ directory: String, names: [String]) throws(LogError) -> Bool {
        var found = false
        for name in names where name.hasSuffix(".cleaned") {
            try FileSystem.removeFile("\(directory)/\(name)")
            found = true
        }
        for name in names.sorted() where name.hasSuffix(".swap") {
            let words = name.split(separator: ".")
            guard words.count == 3, let base = Int64(words[0]), let end = Int64(words[1]) else { continue }
            let swap = SegmentSwap(directory: directory, baseOffset: base, endOffset: end)
            let hasAborted = FileSystem.exists(swap.abortedSwapPath)
            try perform(swap.removal(names) + swap.placing(hasAborted: hasAborted), in: directory)
            found = true
        }
        for name in names where name.hasSuffix(".txnindex.swap") {
            try FileSystem.removeFile("\(directory)/\(name)")
            found = true
        }
        return found
    }
}
