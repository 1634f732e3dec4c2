import Glibc

/// The memory that this process may use.
enum MachineMemory {
    /// What the machine has, or the control group's limit where that is less.
    static var byteCount: Int {
        let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        guard let limit = controlGroupLimit() else { return machine }
        return min(machine, limit)
    }

    private static func controlGroupLimit() -> Int? {
        for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
            guard let file = fopen(path, "r") else { continue }
            defer { fclose(file) }
            var text = [CChar](repeating: 0, count: 64)
            guard fgets(&text, Int32(text.count), file) != nil else { continue }
            // "max" says that there is none.
            let digits = text.prefix { $0 >= 48 && $0 <= 57 }.map { UInt8(bitPattern: $0) }
            if let limit = Int(String(decoding: digits, as: UTF8.self)), limit > 0 { return limit }
        }
        return nil
    }
}
