package import JSON
private import Glibc

/// What a running `soma dev` tells others about itself: its JSON line, kept in `<data>/dev.json`.
package struct DevInstance: Sendable, Equatable {
    package var broker: String
    package var http: String
    package var postgres: String
    package var apiKey: String
    package var data: String
    package var durable: Bool
    package var processID: Int32

    package init(
        broker: String,
        http: String,
        postgres: String,
        apiKey: String,
        data: String,
        durable: Bool,
        processID: Int32
    ) {
        self.broker = broker
        self.http = http
        self.postgres = postgres
        self.apiKey = apiKey
        self.data = data
        self.durable = durable
        self.processID = processID
    }

    package static let fileName = "dev.json"
    /// The data folder when none is named.
    package static let defaultData = "./.soma"

    package var json: JSON {
        [
            "broker": .string(broker), "http": .string(http), "postgres": .string(postgres),
            "api_key": .string(apiKey), "data": .string(data), "durable": .bool(durable),
            "pid": .integer(Int64(processID)),
        ]
    }

    package init?(json: JSON) {
        guard let broker = json["broker"]?.string, let http = json["http"]?.string,
            let apiKey = json["api_key"]?.string, let data = json["data"]?.string,
            let number = json["pid"]?.int64, let processID = Int32(exactly: number), processID > 0
        else { return nil }
        self.init(
            broker: broker,
            http: http,
            postgres: json["postgres"]?.string ?? "",
            apiKey: apiKey,
            data: data,
            durable: json["durable"]?.bool ?? false,
            processID: processID
        )
    }

    /// The instance that runs on a data folder; nil when none does, whatever the file says.
    package static func running(data: String = defaultData) -> DevInstance? {
        guard let bytes = try? Files.read("\(data)/\(fileName)", bytesMax: 64 << 10),
            let json = try? JSON.parse(bytes), let instance = DevInstance(json: json), instance.isAlive
        else { return nil }
        return instance
    }

    private var isAlive: Bool { kill(processID, 0) == 0 || errno == EPERM }
}
