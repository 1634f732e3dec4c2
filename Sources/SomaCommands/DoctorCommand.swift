import CLinux
import Clocks
import Declarations
import Glibc
import HTTPClient
import JSON
import Postgres
import RdKafka
import SomaNode

/// The command `soma doctor`.
enum DoctorCommand {
    static let command = Command(
        "doctor",
        "Look at everything the platform needs, and say how to mend what is wrong.",
        options: [
            Command.Option("data", "DIR", "The data folder; default ./.soma."),
            Command.Option(
                "config",
                "c",
                "FILE",
                "The file that soma serve broker is given: looks at its data directory."
            ),
            Command.Option("broker-data", "DIR", "The data directory of a broker; default that of soma dev."),
            Command.Option("url", "URL", "The gateway; else SOMA_URL, a running soma dev."),
            Command.Option("postgres", "URL", "PostgreSQL; else SOMA_POSTGRES_URL, a running soma dev."),
        ]
    ) { invocation in
        let checks = Doctor(invocation).examine()
        var table = Table(.left("CHECK"), .left("STATE"), .left("DETAIL"), .left("MEND"))
        for check in checks { table.add(check.name, check.state.rawValue, check.detail, check.mend) }
        try invocation.emit(
            table,
            .array(
                checks.map {
                    [
                        "check": .string($0.name), "state": .string($0.state.rawValue), "detail": .string($0.detail),
                        "mend": .string($0.mend),
                    ]
                }
            )
        )
        return checks.contains { $0.state == .wrong } ? .unhealthy : .success
    }
}

/// Looks at one thing after the other; no finding stops the others.
struct Doctor {
    struct Check {
        enum State: String {
            case fine = "ok"
            /// It works, and somebody should know.
            case doubtful = "warning"
            case wrong
            case notThere = "not there"
        }
        var name: String
        var state: State
        var detail: String
        var mend = ""
    }

    let invocation: Invocation
    let data: String
    private let instance: DevInstance?
    private static let diskBytesMin: Int64 = 1 << 30
    private static let descriptorsMin: UInt = 4096

    init(_ invocation: Invocation) {
        self.invocation = invocation
        data = invocation.option("data") ?? DevInstance.defaultData
        instance = DevInstance.running(data: data)
    }

    func examine() -> [Check] {
        var checks = [instanceCheck(), folder(), disk(), descriptors(), clock(), postgresPrograms()]
        checks += brokerMachine()
        checks += broker()
        checks += [gateway(), postgres()]
        return checks
    }

    private func instanceCheck() -> Check {
        guard let instance else {
            return Check(name: "soma dev", state: .notThere, detail: "none on \(data)", mend: "soma dev")
        }
        return Check(name: "soma dev", state: .fine, detail: "pid \(instance.processID), \(instance.http)")
    }

    private func folder() -> Check {
        let name = "data folder"
        guard Files.isFolder(data) else {
            return Check(name: name, state: .notThere, detail: "\(data) is made by the first soma dev")
        }
        guard access(data, R_OK | W_OK | X_OK) == 0 else {
            return Check(
                name: name,
                state: .wrong,
                detail: "\(data) cannot be written: \(String(cString: strerror(errno)))",
                mend: "make it yours with chown, or use --data"
            )
        }
        return Check(name: name, state: .fine, detail: Files.absolute(data))
    }

    private func disk() -> Check {
        let name = "disk space"
        guard let free = Files.freeBytes(at: Files.isFolder(data) ? data : ".") else {
            return Check(name: name, state: .wrong, detail: "cannot be told")
        }
        let gibibytes = Double(free / (1 << 20)) / 1024
        let detail = "\((gibibytes * 10).rounded() / 10) GiB free"
        guard free >= Self.diskBytesMin else {
            return Check(
                name: name,
                state: .wrong,
                detail: detail,
                mend: "free some space: below 1 GiB a busy log stops soon"
            )
        }
        return Check(name: name, state: .fine, detail: detail)
    }

    private func descriptors() -> Check {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
        // The platform raises its own limit to the hard one.
        let detail = "\(limit.rlim_cur), at most \(limit.rlim_max)"
        guard limit.rlim_max >= Self.descriptorsMin else {
            return Check(
                name: "open files",
                state: .wrong,
                detail: detail,
                mend: "raise the hard limit: ulimit -Hn 65536, limits.conf"
            )
        }
        return Check(name: "open files", state: .fine, detail: detail)
    }

    private func clock() -> Check {
        let year2025: Int64 = 1_735_689_600_000
        let now = Clock.system.wallMilliseconds
        guard now > year2025 else {
            return Check(name: "clock", state: .wrong, detail: "it is before 2025", mend: "set the clock, start NTP")
        }
        return Check(name: "clock", state: .fine, detail: "plausible")
    }

    private func postgresPrograms() -> Check {
        if invocation.environment["SOMA_POSTGRES_URL"]?.isEmpty == false {
            return Check(name: "PostgreSQL programs", state: .fine, detail: "not needed: SOMA_POSTGRES_URL is set")
        }
        do {
            return Check(name: "PostgreSQL programs", state: .fine, detail: try PostgresPrograms.find().postgres)
        } catch {
            return Check(
                name: "PostgreSQL programs",
                state: .wrong,
                detail: "not installed",
                mend: "apt-get install postgresql-15"
            )
        }
    }

    private func broker() -> [Check] {
        let brokers = invocation.globals.brokers
        let isExpected = invocation.globals.brokersAreNamed || instance != nil
        do {
            let admin = try invocation.admin()
            let cluster = try admin.cluster(deadline: min(invocation.globals.timeout, .seconds(3)))
            let there = Check(
                name: "broker",
                state: .fine,
                detail: "\(brokers): \(cluster.brokers.count) nodes, \(cluster.topics.count) topics"
            )
            let declared = try DeclaredResources.builtin().topics.map(\.name)
            let missing = declared.filter { name in !cluster.topics.contains { $0.name == name } }
            guard missing.isEmpty else {
                return [
                    there,
                    Check(
                        name: "topics",
                        state: .wrong,
                        detail: "missing: \(missing.joined(separator: ", "))",
                        mend: "soma dev --external \(brokers), or soma topic create"
                    ),
                ]
            }
            return [
                there, Check(name: "topics", state: .fine, detail: "all \(declared.count) declared topics are there"),
            ]
        } catch {
            return [
                Check(
                    name: "broker",
                    state: isExpected ? .wrong : .notThere,
                    detail: "\(brokers): \(error)",
                    mend: isExpected ? "start it, or name another with -b" : "soma dev"
                )
            ]
        }
    }

    private func gateway() -> Check {
        let named = invocation.option("url") ?? invocation.environment["SOMA_URL"]
        guard let url = named ?? instance?.http else {
            return Check(name: "gateway", state: .notThere, detail: "none named")
        }
        do {
            var request = ClientRequest(url: url + "/readyz")
            request.connectMilliseconds = 2_000
            request.totalMilliseconds = 5_000
            let response = try BlockingHTTP.send(request)
            guard response.status == 200 else {
                return Check(
                    name: "gateway",
                    state: .wrong,
                    detail: "\(url)/readyz answers \(response.status): \(response.text.prefix(200))",
                    mend: "see its log; soma lag shows what stands still"
                )
            }
            return Check(name: "gateway", state: .fine, detail: "\(url) is ready")
        } catch {
            return Check(
                name: "gateway",
                state: .wrong,
                detail: "\(url): \(error)",
                mend: "start it: soma dev or soma serve gateway"
            )
        }
    }

    private func postgres() -> Check {
        let named = invocation.option("postgres") ?? invocation.environment["SOMA_POSTGRES_URL"]
        guard let url = named ?? instance?.postgres, !url.isEmpty else {
            return Check(name: "PostgreSQL", state: .notThere, detail: "none named")
        }
        do {
            let connection = try Connection(url, connectTimeoutSeconds: 3)
            return Check(name: "PostgreSQL", state: .fine, detail: "version \(connection.serverVersion / 10_000)")
        } catch {
            // The URL has a password in it and is not shown.
            return Check(
                name: "PostgreSQL",
                state: .wrong,
                detail: "\(error)",
                mend: "start it, or set SOMA_POSTGRES_URL"
            )
        }
    }
}
