import CLinux
import Glibc

/// CPU time and memory of a process, from /proc.
struct ProcessMeter {
    private let processID: pid_t

    init(_ processID: pid_t) { self.processID = processID }

    /// User and system time of the process and its ended children, in seconds.
    var cpuSeconds: Double {
        let fields = afterName("/proc/\(processID)/stat")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// User and system time of the process alone, in steps far below a clock tick.
    var preciseCPUSeconds: Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(processID, &clock) == 0, clock_gettime(clock, &time) == 0 else { return cpuSeconds }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Resident memory in mebibytes.
    var residentMiB: Double {
        let fields = contents("/proc/\(processID)/statm").split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return 0 }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }

    private func afterName(_ path: String) -> [Substring] {
        let text = contents(path)
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private func contents(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
