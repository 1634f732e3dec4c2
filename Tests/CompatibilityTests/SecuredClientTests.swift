import Foundation
import TestSupport
import Testing

/// Clients that we did not write, against listeners with TLS and login.
///
/// The list of passing cases only grows.
@Suite struct SecuredClientTests {
    private static let python = ProcessInfo.processInfo.environment["SOMA_TEST_PYTHON"] ?? "python3"
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Clients/security.py").path

    /// A broker with one listener of each protocol; certificates, keys and `openssl`'s work in its folder.
    private static func broker(_ more: [String: String] = [:]) throws -> BrokerProcess {
        let directory = try TemporaryDirectory()
        let made = try ChildProcess.run([python, script, "prepare", directory.path])
        guard made.status == 0 else { throw BrokerProcess.Failure(description: made.output) }
        let names = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
        let settings = [
            "listeners": names.map { "\($0)://127.0.0.1:0" }.joined(separator: ","),
            "ssl.keystore.location": directory.path + "/both.pem",
            "ssl.truststore.location": directory.path + "/ca.pem",
            "ssl.client.auth": "requested",
            "listener.name.sasl_ssl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
            "listener.name.sasl_plaintext.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "sasl.oauthbearer.jwks.endpoint.url": "file://\(directory.path)/keys.json",
            "sasl.oauthbearer.expected.issuer": "https://issuer",
            "sasl.oauthbearer.expected.audience": "kafka",
            "plain.sasl.jaas.config":
                #"org.apache.kafka.common.security.plain.PlainLoginModule required user_bob="p4ss";"#,
        ]
        let user = "'SCRAM-SHA-512=[name=admin,password-file=\(directory.path)/password]'"
        return try BrokerProcess(
            settings.merging(more) { $1 },
            options: ["--add-scram", user],
            in: directory
        )
    }

    private func run(_ name: String, _ broker: BrokerProcess) throws {
        let result = try ChildProcess.run([
            "timeout", "100", Self.python, Self.script, broker.directory.path, broker.listeners, name,
        ])
        let log = readFile(broker.directory.path + "/log")
        #expect(result.status == 0, "\(name): \(result.output.suffix(3000))\n\(log.suffix(1500))")
        for secret in ["p4ss", "wonder,land"] { #expect(!log.contains(secret), "\(name): a password is in the log") }
    }

    static let cases = [
        "confluent_ssl", "confluent_plain", "confluent_scram_256", "confluent_scram_512", "confluent_token",
        "confluent_mechanism_not_enabled", "confluent_unknown_authority", "kafka_python_ssl", "kafka_python_plain",
        "kafka_python_scram_256", "kafka_python_scram_512", "aiokafka_ssl", "aiokafka_plain", "aiokafka_scram_256",
        "aiokafka_scram_512", "secrets_are_not_shown", "reload_under_load", "reload_by_config",
    ]

    @Test(arguments: cases)
    func `a foreign client gets in where it may and nowhere else`(name: String) throws {
        try run(name, try Self.broker())
    }

    @Test(arguments: [
        ("confluent_client_certificate", ""),
        ("confluent_stranger_is_refused", "certificate"), ("confluent_expired_is_refused", "certificate has expired"),
        ("confluent_ssl_without_certificate_is_refused", "peer did not return a certificate"),
    ])
    func `a listener that wants certificates lets in who has a good one`(name: String, reason: String) throws {
        let broker = try Self.broker(["ssl.client.auth": "required"])
        try run(name, broker)
        #expect(reason.isEmpty || readFile(broker.directory.path + "/log").contains(reason))
    }

    @Test(arguments: [
        ("confluent_plaintext_to_tls", "speaks TLS, the client does not"),
        ("confluent_tls_to_plaintext", "a TLS client at listener PLAINTEXT, which speaks no TLS"),
    ])
    func `a client that mistakes the protocol is closed with a reason in the log`(name: String, reason: String) throws {
        let broker = try Self.broker()
        try run(name, broker)
        #expect(readFile(broker.directory.path + "/log").contains(reason))
    }

    /// librdkafka 2.0.2, as distributions ship it and our own commands use it.
    @Test(arguments: ["PLAIN", "SCRAM-SHA-512"])
    func `kcat logs in over TLS`(mechanism: String) throws {
        let broker = try Self.broker()
        let listeners = try JSONSerialization.jsonObject(with: Data(broker.listeners.utf8)) as? [String: String]
        let kcat =
            "kcat -b \(try #require(listeners?["SASL_SSL"])) -X security.protocol=SASL_SSL -X sasl.mechanism=\(mechanism)"
            + " -X sasl.username=admin -X sasl.password=p4ss -X ssl.ca.location=\(broker.directory.path)/ca.pem -t t"
        let result = try ChildProcess.run([
            "bash", "-c", "seq 100 | timeout 30 \(kcat) -P && timeout 30 \(kcat) -C -e -q | tail -n 1",
        ])
        #expect(result.output.hasSuffix("100\n"), "\(result.output)")
    }

    private static let kafka = ProcessInfo.processInfo.environment["KAFKA_HOME"]

    @Test(.enabled(if: kafka != nil, "KAFKA_HOME is not set"), arguments: ["SCRAM-SHA-512", "PLAIN"])
    func `Kafka's own tools log in over TLS and make users`(mechanism: String) throws {
        let broker = try Self.broker()
        let module = mechanism == "PLAIN" ? "plain.PlainLoginModule" : "scram.ScramLoginModule"
        let properties = broker.directory.path + "/client.properties"
        try Data(
            """
            security.protocol=SASL_SSL
            sasl.mechanism=\(mechanism)
            sasl.jaas.config=org.apache.kafka.common.security.\(module) required username="admin" password="p4ss";
            ssl.truststore.type=PEM
            ssl.truststore.location=\(broker.directory.path)/ca.pem
            """.utf8
        ).write(to: URL(fileURLWithPath: properties))
        let listeners = try #require(
            try JSONSerialization.jsonObject(with: Data(broker.listeners.utf8)) as? [String: String]
        )
        let address = try #require(listeners["SASL_SSL"])
        func tool(_ words: String...) throws -> String {
            let script = "\(Self.kafka ?? "")/bin/kafka-configs.sh"
            let result = try ChildProcess.run(
                ["timeout", "90", script, "--bootstrap-server", address, "--command-config", properties] + words
            )
            #expect(result.status == 0, "\(words): \(result.output.suffix(2000))")
            return result.output
        }
        _ = try tool(
            "--alter",
            "--add-config",
            "SCRAM-SHA-256=[iterations=8192,password=x]",
            "--entity-type",
            "users",
            "--entity-name",
            "dora"
        )
        let users = try tool("--describe", "--entity-type", "users")
        #expect(users.contains("'dora' are SCRAM-SHA-256=iterations=8192"), "\(users)")
    }
}
