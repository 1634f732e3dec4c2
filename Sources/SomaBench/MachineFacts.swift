import Glibc
import JSON
import RdKafka

/// What a figure depends on besides the code.
enum MachineFacts {
    static var members: [JSON.Member] {
        var system = utsname()
        uname(&system)
        let kernel = withUnsafeBytes(of: &system.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        var load = [0.0]
        getloadavg(&load, 1)
        let memory = (sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))) >> 20
        #if DEBUG
            let build = "debug"
        #else
            let build = "release"
        #endif
        return [
            .init("build", .string(build)), .init("cores", .integer(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
            .init("memory_mib", .integer(Int64(memory))), .init("kernel", .string(kernel)),
            .init("load_before", .number((load[0] * 10).rounded() / 10)),
            .init("librdkafka", .string(LoadProducer.libraryVersion)),
        ]
    }
}
