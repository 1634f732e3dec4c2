import JSON

/// A whole platform in a process of its own, for the benchmarks that drive it over HTTP.
final class DevProcess {
    let directory: BenchDirectory
    let server: ChildServer

    var http: String { server.ready["http"]?.string ?? "" }
    var broker: String { server.ready["broker"]?.string ?? "" }
    var authorization: (String, String) { ("authorization", "Bearer " + (server.ready["api_key"]?.string ?? "")) }

    init(external: String?, directory: BenchDirectory? = nil) throws {
        let directory = try directory ?? BenchDirectory()
        self.directory = directory
        // Ports beside the standard ones, so that a platform that runs here is not disturbed.
        let offset = Int.random(in: 10_000..<22_000)
        let log = external.map { ["--external", $0] } ?? []
        server = try ChildServer(
            ["/proc/self/exe", "dev", "--data", directory.path + "/data", "--port-offset", "\(offset)", "-o", "json"]
                + log,
            logFile: directory.path + "/log"
        )
    }

    deinit { server.stop() }
}
