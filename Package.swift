// swift-tools-version: 6.2
import PackageDescription

// The map of the house. A target imports only targets with a lower layer number (docs/architecture.md); the layer is
// the comment above each group, and `HouseTests` checks it.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func swift(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    let manifest = path?.hasPrefix("processors/") == true ? "processor.yaml" : "connector.yaml"
    return .target(
        name: name,
        dependencies: dependencies,
        path: path,
        exclude: path == nil ? [] : ["README.md", manifest],
        swiftSettings: settings
    )
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "soma",
    products: [
        .executable(name: "soma", targets: ["soma"]),
        .library(name: "SomaStreams", targets: ["SomaStreams"]),
        .library(name: "SomaStreamsTesting", targets: ["SomaStreamsTesting"]),
    ],
    targets: [
        // Layer 0: C libraries from Debian packages, and the shims that Swift needs to reach them.
        .target(name: "CLinux"),
        .target(name: "CChecksum", cSettings: [.unsafeFlags(["-O3"])]),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "CMicroHTTPD", linkerSettings: [.linkedLibrary("microhttpd")]),
        .target(name: "CSimdJSON", cxxSettings: [.unsafeFlags(["-O3"])], linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CHNSW", cxxSettings: [.unsafeFlags(["-O3"])]),
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Layer 1
        swift("Bytes", ["CChecksum"]),
        swift("Clocks", ["CLinux"]),
        swift("Crypto", ["COpenSSL"]),

        // Layer 2
        swift("Telemetry", ["Clocks", "CLinux"]),
        swift("Settings"),
        swift("JSON", ["CSimdJSON"]),
        swift("Retrieval"),
        swift("TLS", ["COpenSSL"]),

        // Layer 3
        swift("EventLoop", ["Bytes", "CLinux", "Telemetry", "TLS"]),
        swift("Compression", ["Bytes", "CZstd", "CLZ4", "CSnappy", "CZlib"]),
        swift("RdKafka", ["CRdKafka", "CLinux", "Telemetry"]),
        swift("Postgres", ["CLibPQ", "Telemetry"]),
        swift("YAML", ["CYAML"]),
        swift("VectorIndex", ["CHNSW"]),

        // Layer 4
        swift("KafkaProtocol", ["Bytes", "Compression"]),
        swift("HTTPServer", ["CMicroHTTPD", "Telemetry", "CLinux"]),
        swift("HTTPClient", ["CCurl", "Telemetry", "CLinux"]),
        swift("Events", ["JSON", "Crypto", "Clocks"]),

        // Layer 5
        swift("Schemas", ["JSON", "Events"]),
        swift("Declarations", ["YAML", "Events", "JSON"]),
        swift("CommitLog", ["KafkaProtocol", "Bytes", "Compression", "Clocks", "Telemetry", "CLinux"]),
        swift("StateStore", ["JSON"]),

        // Layer 6
        swift(
            "Broker",
            [
                "CommitLog", "KafkaProtocol", "EventLoop", "TLS", "Crypto", "JSON", "Bytes", "Compression", "Clocks",
                "Telemetry", "CLinux",
            ]
        ),
        swift("SomaStreams", ["RdKafka", "Events", "JSON", "StateStore", "Telemetry", "Clocks", "Crypto"]),
        swift("SinkRuntime", ["RdKafka", "Events", "JSON", "Telemetry", "Clocks"]),

        // Layer 7
        swift("SomaStreamsTesting", ["SomaStreams", "Events", "JSON", "StateStore", "Clocks", "Telemetry"]),
        swift("ConsumerLag", ["RdKafka", "Telemetry", "Clocks"]),
        swift(
            "Conversation",
            ["SomaStreams", "Events", "JSON", "Crypto", "StateStore"],
            path: "processors/conversation"
        ),
        swift(
            "Inference",
            ["SomaStreams", "Events", "JSON", "HTTPClient", "Telemetry", "Clocks", "Retrieval"],
            path: "processors/inference"
        ),
        swift("Billing", ["SomaStreams", "Events", "JSON", "StateStore", "Declarations"], path: "processors/billing"),
        swift(
            "PostgresSink",
            ["SinkRuntime", "RdKafka", "Postgres", "Events", "JSON", "Telemetry"],
            path: "connectors/postgres"
        ),
        swift(
            "VectorSink",
            ["SinkRuntime", "RdKafka", "VectorIndex", "Retrieval", "Events", "JSON", "Telemetry", "Bytes"],
            path: "connectors/vector"
        ),

        // Layer 8
        swift(
            "Gateway",
            [
                "HTTPServer", "RdKafka", "Events", "Schemas", "JSON", "Crypto", "Clocks", "Telemetry", "ConsumerLag",
                "VectorSink", "Declarations", "CLinux",
            ]
        ),

        // Layer 9
        swift(
            "SomaNode",
            [
                "Broker", "CommitLog", "Gateway", "Schemas", "SomaStreams", "SinkRuntime", "ConsumerLag",
                "Conversation",
                "Inference", "Billing", "PostgresSink", "VectorSink", "Declarations", "Events", "JSON", "RdKafka",
                "Postgres", "HTTPServer", "HTTPClient", "Telemetry", "Clocks", "Crypto", "Settings", "CLinux",
            ]
        ),

        // Layer 10
        swift(
            "SomaCommands",
            [
                "SomaNode", "Broker", "CommitLog", "KafkaProtocol", "Compression", "RdKafka", "Events", "JSON",
                "ConsumerLag",
                "Declarations", "HTTPClient", "Postgres", "SomaStreams", "Telemetry", "Clocks", "Crypto", "Settings",
                "CLinux", "VectorSink",
            ]
        ),
        swift(
            "SomaBench",
            [
                "SomaNode", "Broker", "RdKafka", "Events", "JSON", "HTTPClient", "Telemetry", "Clocks", "CLinux",
                "Bytes",
            ]
        ),

        // Layer 11
        .executableTarget(name: "soma", dependencies: ["SomaCommands", "SomaBench"], swiftSettings: settings),
        .executableTarget(
            name: "soma-generate",
            dependencies: ["JSON"],
            swiftSettings: settings
        ),

        tests("HouseTests", []),
        tests("RdKafkaTests", ["RdKafka", "Telemetry", "LogTestSupport"]),
        tests("StateStoreTests", ["StateStore"]),
        tests("ConsumerLagTests", ["ConsumerLag", "RdKafka", "Telemetry", "LogTestSupport"]),
        tests("SinkRuntimeTests", ["SinkRuntime", "RdKafka", "Events", "Telemetry", "LogTestSupport"]),
        tests(
            "SomaStreamsTests",
            [
                "SomaStreams", "SomaStreamsTesting", "StateStore", "RdKafka", "Events", "JSON", "Telemetry", "Clocks",
                "LogTestSupport",
            ]
        ),
        tests("JSONTests", ["JSON"]),
        tests("EventsTests", ["Events", "JSON"]),
        tests("DeclarationsTests", ["Declarations", "YAML"]),
        .testTarget(
            name: "CompatibilityTests",
            dependencies: ["TestSupport", "JSON"],
            exclude: ["Clients"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["TestSupport", "JSON"],
            exclude: ["Peers"],
            swiftSettings: settings
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Postgres", "CLinux"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        tests("PostgresTests", ["Postgres", "TestSupport"]),
        tests("HTTPServerTests", ["HTTPServer", "TestSupport"]),
        tests("HTTPClientTests", ["HTTPClient", "HTTPServer", "TestSupport"]),
        tests("SchemasTests", ["Schemas", "Events", "JSON"]),
        tests(
            "GatewayTests",
            [
                "Gateway", "HTTPServer", "HTTPClient", "Events", "Schemas", "JSON", "Clocks", "Telemetry", "RdKafka",
                "Broker", "TestSupport",
            ]
        ),
        tests("ClocksTests", ["Clocks"]),
        tests("TelemetryTests", ["Telemetry", "Clocks"]),
        tests("EventLoopTests", ["EventLoop", "Bytes", "Clocks", "Telemetry", "TestSupport"]),
        tests(
            "BrokerTests",
            [
                "Broker", "Crypto", "JSON", "TLS", "CommitLog", "KafkaProtocol", "Bytes", "Clocks", "Telemetry",
                "TestSupport",
            ]
        ),
        tests("KafkaProtocolTests", ["KafkaProtocol", "Bytes", "Clocks", "Compression"]),
        tests("RetrievalTests", ["Retrieval", "Clocks"]),
        tests(
            "PostgresSinkTests",
            ["PostgresSink", "Postgres", "RdKafka", "SinkRuntime", "Events", "JSON", "Clocks", "TestSupport"]
        ),
        tests("VectorSinkTests", ["VectorSink", "RdKafka", "SinkRuntime", "Events", "Clocks", "TestSupport"]),
        tests("VectorIndexTests", ["VectorIndex", "Clocks", "TestSupport"]),
        .testTarget(
            name: "InferenceTests",
            dependencies: ["Inference", "Events", "Clocks", "SomaStreams", "SomaStreamsTesting", "TestSupport"],
            exclude: ["Peers"],
            swiftSettings: settings
        ),
        tests("ConversationTests", ["Conversation", "Events", "Clocks", "SomaStreams", "SomaStreamsTesting"]),
        tests("BillingTests", ["Billing", "Events", "Clocks", "SomaStreams", "SomaStreamsTesting", "StateStore"]),
        tests("SomaNodeTests", ["SomaNode", "Postgres"]),
        tests(
            "SomaCommandsTests",
            ["SomaCommands", "SomaNode", "Broker", "RdKafka", "Events", "JSON", "Settings", "HTTPClient"]
        ),
        tests("BytesTests", ["Bytes", "CChecksum"]),
        tests("CompressionTests", ["Compression", "Bytes"]),
        tests("CommitLogTests", ["CommitLog", "KafkaProtocol", "Compression", "Bytes", "Clocks", "CLinux"]),

        // Layer 12: what tests of log clients share.
        .target(
            name: "LogTestSupport",
            dependencies: ["Broker", "RdKafka", "Telemetry", "TestSupport"],
            path: "Tests/LogTestSupport",
            swiftSettings: settings
        ),
    ]
)

// The inner loop on a small machine: `SOMA_TARGETS=BrokerTests swift test` builds what these targets need, nothing else.
if let wanted = Context.environment["SOMA_TARGETS"], !wanted.isEmpty {
    let byName = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
    var kept: Set<String> = []
    var open = wanted.split(separator: ",").map(String.init)
    while let name = open.popLast() {
        guard let target = byName[name] else { fatalError("SOMA_TARGETS: there is no target \(name)") }
        guard kept.insert(name).inserted else { continue }
        for case .byNameItem(let dependency, _) in target.dependencies { open.append(dependency) }
    }
    package.targets.removeAll { !kept.contains($0.name) }
    package.products.removeAll { product in
        let names = (product as? Product.Library)?.targets ?? (product as? Product.Executable)?.targets ?? []
        return !names.allSatisfy(kept.contains)
    }
}
