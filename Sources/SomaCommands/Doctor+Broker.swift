import Broker
import CLinux
import Clocks
import CommitLog
import Glibc
import SomaNode

/// What a broker needs of its machine: looked at without it, and also while it runs.
extension Doctor {
    /// Below this a write of the log may fail any moment.
    private static let logBytesMin: Int64 = 1 << 30
    private static let memoryBytesMin: Int64 = 256 << 20
    /// Descriptors for connections, beside those for files.
    private static let connectionDescriptors = 1024
    /// What two looks at a clock may differ by.
    private static let clockSlackMilliseconds: Int64 = 5_000

    /// Looks at the directory that `-c`, `--broker-data` or the folder of `soma dev` names; nothing when none does.
    func brokerMachine() -> [Check] {
        let directory: String
        do {
            guard let found = try brokerDirectory() else { return [] }
            directory = found
        } catch {
            return [Check(name: "broker settings", state: .wrong, detail: "\(error)", mend: "mend the file")]
        }
        let probe = LogDirectoryProbe(path: Files.absolute(directory))
        return [
            directoryCheck(probe), holderCheck(probe), formatCheck(probe), directCheck(probe), spaceCheck(probe),
            filesCheck(probe), writeTimeCheck(probe), synchronisedCheck(), memoryCheck(),
        ]
    }

    private func brokerDirectory() throws -> String? {
        if let file = invocation.option("config") {
            let words = BrokerConfiguration.Words(file: file, data: invocation.option("broker-data"))
            return try BrokerConfiguration(words).settings.dataDirectory
        }
        if let named = invocation.option("broker-data") { return named }
        let own = data + "/broker"
        return Files.isFolder(own) ? own : nil
    }

    private func directoryCheck(_ probe: LogDirectoryProbe) -> Check {
        let name = "broker data"
        let user = geteuid()
        if let code = probe.writeFailure {
            let owner = probe.owner.map { "belongs to \(Self.userName($0))" } ?? "is not there and cannot be made"
            return Check(
                name: name,
                state: .wrong,
                detail: "\(probe.path) \(owner), \(Self.userName(user)) cannot write it: "
                    + String(cString: strerror(code)),
                mend: probe.owner == nil
                    ? "make it, and chown it to the broker's user" : "chown -R \(user) \(probe.path)"
            )
        }
        guard let owner = probe.owner else {
            return Check(name: name, state: .notThere, detail: "\(probe.path) is made by the first start")
        }
        let contents = "\(probe.partitions) partitions, \(probe.segments) segments, \(Self.size(probe.segmentBytes))"
        guard owner == user else {
            return Check(
                name: name,
                state: .doubtful,
                detail: "\(probe.path) belongs to \(Self.userName(owner)), this is \(Self.userName(user)); \(contents)",
                mend: "run the broker, and this, as one user"
            )
        }
        return Check(name: name, state: .fine, detail: "\(probe.path): \(contents)")
    }

    private func holderCheck(_ probe: LogDirectoryProbe) -> Check {
        let name = "broker process"
        guard let holder = probe.holder else {
            let how =
                probe.formatVersion == nil || probe.isCleanlyClosed ? "" : "; it did not stop in order, or never ran"
            return Check(name: name, state: .notThere, detail: "nobody has the directory open\(how)")
        }
        let command = (try? Files.text("/proc/\(holder)/comm"))?.flatMap { $0.split(separator: "\n").first } ?? "?"
        let who = holder == 0 ? "somebody in another container" : "pid \(holder) (\(command))"
        return Check(name: name, state: .fine, detail: "\(who) has the directory open; a second one would not start")
    }

    private func formatCheck(_ probe: LogDirectoryProbe) -> Check {
        let name = "broker format"
        guard let found = probe.formatVersion else {
            return Check(name: name, state: .notThere, detail: "a new directory")
        }
        guard found == LogDirectoryProbe.supportedFormat else {
            return Check(
                name: name,
                state: .wrong,
                detail: "version \(found); this program reads \(LogDirectoryProbe.supportedFormat)",
                mend: "use the newer program that wrote it"
            )
        }
        return Check(name: name, state: .fine, detail: "version \(found), cluster \(probe.clusterID ?? "?")")
    }

    private func directCheck(_ probe: LogDirectoryProbe) -> Check {
        let name = "direct I/O"
        switch probe.directIO {
        case .works: return Check(name: name, state: .fine, detail: "the file system takes it")
        case .unknown: return Check(name: name, state: .notThere, detail: "cannot be told without writing")
        case .refused:
            return Check(
                name: name,
                state: .doubtful,
                detail: "refused: writes go through the page cache and are synced, which is slower",
                mend: "ext4 or xfs on a disk of its own is fastest"
            )
        }
    }

    private func spaceCheck(_ probe: LogDirectoryProbe) -> Check {
        let detail = "\(Self.size(probe.freeBytes)) of \(Self.size(probe.totalBytes)) free"
        let isLow = probe.freeBytes < Self.logBytesMin
        let isScarce = probe.freeBytes < probe.totalBytes / 20
        return Check(
            name: "broker disk",
            state: isLow ? .wrong : isScarce ? .doubtful : .fine,
            detail: detail,
            mend: isLow || isScarce ? "free some space, or keep less: log.retention.bytes, log.retention.hours" : ""
        )
    }

    private func filesCheck(_ probe: LogDirectoryProbe) -> Check {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
        // The segment that is written, the one that is read, and the older ones that readers have come to.
        let wanted = probe.partitions * 2 + probe.segments + Self.connectionDescriptors
        let detail = "\(limit.rlim_max) at most, \(wanted) with all \(probe.segments) segments open"
        let isEnough = UInt(clamping: wanted) <= limit.rlim_max
        return Check(
            name: "broker files",
            state: isEnough ? .fine : .wrong,
            detail: detail,
            mend: isEnough ? "" : "LimitNOFILE= in the unit, or ulimit -Hn"
        )
    }

    private func writeTimeCheck(_ probe: LogDirectoryProbe) -> Check {
        let name = "broker clock"
        guard let newest = probe.newestWrite else {
            return Check(name: name, state: .notThere, detail: "nothing was written yet")
        }
        let ahead = newest - Clock.system.wallMilliseconds
        guard ahead > Self.clockSlackMilliseconds else {
            return Check(name: name, state: .fine, detail: "the newest write was \(Self.ago(-ahead)) ago")
        }
        return Check(
            name: name,
            state: .wrong,
            detail: "the newest write lies \(Self.ago(ahead)) ahead: the clock was set back",
            mend: "set the clock; until then retention keeps too much and times are refused or out of order"
        )
    }

    private func synchronisedCheck() -> Check {
        let answer = soma_clock_is_synchronised()
        guard answer >= 0 else { return Check(name: "time service", state: .notThere, detail: "cannot be told") }
        guard answer == 1 else {
            return Check(
                name: "time service",
                state: .doubtful,
                detail: "the kernel's clock is not synchronised",
                mend: "start chrony or systemd-timesyncd"
            )
        }
        return Check(name: "time service", state: .fine, detail: "the kernel's clock is synchronised")
    }

    private func memoryCheck() -> Check {
        let name = "memory"
        let text = (try? Files.text("/proc/meminfo"))?.flatMap { $0 } ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        guard let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int64($0) }) else {
            return Check(name: name, state: .notThere, detail: "cannot be told")
        }
        let bytes = kibibytes << 10
        let isEnough = bytes >= Self.memoryBytesMin
        return Check(
            name: name,
            state: isEnough ? .fine : .doubtful,
            detail: "\(Self.size(bytes)) available",
            mend: isEnough ? "" : "give the broker less: log.cache.bytes, queued.max.request.bytes"
        )
    }

    private static func userName(_ id: UInt32) -> String {
        guard let entry = getpwuid(id), let name = entry.pointee.pw_name else { return "user \(id)" }
        return String(cString: name)
    }

    /// Writes a size as `12.5 GiB`.
    private static func size(_ bytes: Int64) -> String {
        let (unit, name): (Int64, String) =
            bytes >= 1 << 30 ? (1 << 30, "GiB") : bytes >= 1 << 20 ? (1 << 20, "MiB") : (1 << 10, "KiB")
        let tenths = (Double(bytes) / Double(unit) * 10).rounded() / 10
        return "\(tenths) \(name)"
    }

    private static func ago(_ milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds) / 1000
        return seconds < 120
            ? "\(seconds) s" : seconds < 7200 ? "\(seconds / 60) min" : "\(seconds / 3600) h"
    }
}
