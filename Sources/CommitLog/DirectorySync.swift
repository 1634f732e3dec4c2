/// Makes new names in one directory durable, with one sync for all who ask while another is under way.
final class DirectorySync: @unchecked Sendable {  // Sendable holds: the variables are touched under the lock
    private let path: String
    private let lock = Lock()
    private var asked = 0
    private var done = 0
    private var isRunning = false
    private var failure: LogError?

    init(path: String) { self.path = path }

    /// Returns when every name that was made before the call is durable.
    func sync() throws(LogError) {
        let ticket = lock.withLock {
            asked += 1
            return asked
        }
        while true {
            let target: Int? = try lock.withLock { () throws(LogError) in
                while done < ticket && isRunning { lock.wait() }
                if let failure { throw failure }
                if done >= ticket { return nil }
                isRunning = true
                return asked
            }
            guard let target else { return }
            var caught: LogError?
            do throws(LogError) {
                try FileSystem.syncDirectory(path)
            } catch {
                caught = error
            }
            lock.withLock {
                isRunning = false
                done = target
                failure = caught  // a sync that failed is never tried again: what it covered may be lost
                lock.broadcast()
            }
        }
    }
}
