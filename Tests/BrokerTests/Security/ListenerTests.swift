import KafkaProtocol
import Telemetry
import TestSupport
import Testing

@testable import Broker

@Suite struct ListenerTests {
    private func broker(_ settings: [String: String] = [:]) throws -> BrokerFixture {
        let all = [
            "listeners": "SASL_PLAINTEXT://127.0.0.1:0", "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
            "connection.failed.authentication.delay.ms": "20",
            "plain.sasl.jaas.config": #"Module required user_alice="secret" user_bob='b"b';"#,
        ]
        return try BrokerFixture(all.merging(settings) { $1 })
    }

    private func handshake(_ client: WireClient, _ mechanism: String = "PLAIN", version: Int16 = 1) throws
        -> SaslHandshakeResponse
    {
        var request = SaslHandshakeRequest()
        request.mechanism = mechanism
        return try client.call(request, version: version, as: SaslHandshakeResponse.self)
    }

    private func authenticate(_ client: WireClient, _ text: String, version: Int16 = 2) throws
        -> SaslAuthenticateResponse
    {
        var request = SaslAuthenticateRequest()
        request.authBytes = Array(text.utf8)
        return try client.call(request, version: version, as: SaslAuthenticateResponse.self)
    }

    private func groups(_ client: WireClient) throws -> ErrorCode {
        try client.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self).errorCode
    }

    @Test(arguments: [("alice", "secret"), ("bob", "b\"b")], 0...2 as ClosedRange<Int16>)
    func `who knows the password is served`(user: (String, String), version: Int16) throws {
        let broker = try broker(["connections.max.reauth.ms": "30000"])
        let client = try broker.client()
        var versions = ApiVersionsRequest()
        versions.clientSoftwareName = "test"
        versions.clientSoftwareVersion = "1"
        #expect(try client.call(versions, version: 3, as: ApiVersionsResponse.self).errorCode == .none)
        #expect(try handshake(client).mechanisms == ["PLAIN", "SCRAM-SHA-256"])
        let response = try authenticate(client, "\0\(user.0)\0\(user.1)", version: version)
        #expect(response.errorCode == .none)
        #expect(response.sessionLifetimeMilliseconds == (version == 0 ? 0 : 30_000))
        #expect(try groups(client) == .none)
    }

    @Test(arguments: [
        "\0alice\0wrong", "\0nobody\0secret", "alice\0secret", "\0alice\0", "\0\0secret", "bob\0alice\0secret", "",
    ])
    func `who does not is told that and no more, and closed`(message: String) throws {
        let broker = try broker()
        let client = try broker.client()
        #expect(try handshake(client).errorCode == .none)
        let response = try authenticate(client, message)
        #expect(response.errorCode == .saslAuthenticationFailed)
        #expect(
            response.errorMessage
                == "Authentication failed during authentication due to invalid credentials with SASL mechanism PLAIN"
        )
        #expect(client.isClosedByPeer())
        #expect(broker.log.lines.contains { $0.contains("login by PLAIN") })
        #expect(!broker.log.lines.contains { $0.contains("wrong") })
    }

    @Test func `before the login nothing else is served`() throws {
        let broker = try broker()
        for (key, name) in [(3, "Metadata"), (0, "Produce"), (16, "ListGroups"), (50, "DescribeUserScramCredentials")] {
            let client = try broker.client()
            client.send(frame: [0, UInt8(key), 0, key == 0 ? 9 : 0, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0])
            #expect(client.isClosedByPeer())
            #expect(broker.log.lines.contains { $0.contains("\(name) before the client has logged in") })
        }
        let other = try broker.client()
        #expect(try handshake(other, "GSSAPI").errorCode == .unsupportedSaslMechanism)
        #expect(other.isClosedByPeer())
        let early = try broker.client()
        #expect(try authenticate(early, "\0alice\0secret").errorCode == .illegalSaslState)
        #expect(early.isClosedByPeer())
    }

    @Test func `before the login a request is small and the time is short`() throws {
        let broker = try broker(["socket.connection.setup.timeout.ms": "300"])
        let large = try broker.client()
        large.send([0, 2, 0, 0])
        #expect(large.isClosedByPeer())
        let silent = try broker.client()
        #expect(silent.isClosedByPeer())
        #expect(broker.log.lines.contains { $0.contains("no login within 300 ms on listener SASL_PLAINTEXT") })
        #expect(broker.log.lines.contains { $0.contains("65536 are allowed") })
        // Who has logged in has all the time there is.
        let client = try broker.client()
        _ = try handshake(client)
        _ = try authenticate(client, "\0alice\0secret")
        #expect(try broker.client().isClosedByPeer())
        #expect(try groups(client) == .none)
    }

    @Test func `after a handshake of version 0 messages come bare`() throws {
        let broker = try broker()
        let client = try broker.client()
        #expect(try handshake(client, version: 0).errorCode == .none)
        client.send(frame: Array("\0alice\0secret".utf8))
        #expect(client.receiveFrame() == [])
        #expect(try groups(client) == .none)
        let wrong = try broker.client()
        #expect(try handshake(wrong, version: 0).errorCode == .none)
        wrong.send(frame: Array("\0alice\0other".utf8))
        #expect(wrong.isClosedByPeer())
    }

    @Test func `a listener without login refuses to begin one`() throws {
        let broker = try BrokerFixture()
        let client = try broker.client()
        #expect(try handshake(client).errorCode == .illegalSaslState)
        #expect(try authenticate(client, "\0alice\0secret").errorCode == .illegalSaslState)
        #expect(try groups(client) == .none)
    }

    @Test func `a TLS listener closes who speaks no TLS, or too slowly, with a reason`() throws {
        let directory = try TemporaryDirectory()
        let made = try ChildProcess.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=test", "-keyout", directory.path + "/key", "-out", directory.path + "/certificate",
        ])
        #expect(made.status == 0, "\(made.output)")
        let broker = try BrokerFixture([
            "listeners": "OUTSIDE://127.0.0.1:0", "listener.security.protocol.map": "OUTSIDE:SSL",
            "listener.name.outside.ssl.keystore.location": directory.path + "/certificate",
            "ssl.key.location": directory.path + "/key", "socket.connection.setup.timeout.ms": "500",
        ])
        let plain = try broker.client()
        plain.send(frame: [0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])
        #expect(plain.isClosedByPeer())
        let slow = try broker.client()
        slow.send([22, 3, 1, 2, 0, 1])
        #expect(slow.isClosedByPeer())
        let rubbish = try broker.client()
        rubbish.send([22, 3, 1, 0, 5, 9, 9, 9, 9, 9])
        // An alert comes first.
        while !rubbish.isClosedByPeer() {}
        let shown = try ChildProcess.run([
            "bash", "-c", "openssl s_client -connect 127.0.0.1:\(broker.port) < /dev/null",
        ])
        #expect(shown.output.contains("CN = test") && shown.output.contains("TLSv1.3"))
        for reason in ["speaks TLS, the client does not", "no TLS handshake within 500 ms", "TLS handshake: "] {
            #expect(broker.log.lines.contains { $0.contains(reason) }, "\(reason)")
        }
    }

    @Test(arguments: [
        (["listeners": "SSL://127.0.0.1:0"], "listener SSL: there is no certificate"),
        (["listeners": "SSL://127.0.0.1:0", "ssl.keystore.location": "/no/such/file"], "/no/such/file"),
        (["listeners": "SASL_PLAINTEXT://127.0.0.1:0", "sasl.enabled.mechanisms": "OAUTHBEARER"], "OAUTHBEARER needs"),
        (["listeners": "A://127.0.0.1:0"], "A is none of PLAINTEXT"),
        (["listeners": "PLAINTEXT://127.0.0.1:0,PLAINTEXT://127.0.0.1:1"], "PLAINTEXT is there twice"),
        (["listeners": "PLAINTEXT://nowhere.invalid:0"], "listen on nowhere.invalid:0"),
        (["advertised.listeners": "OTHER://h:1"], "names no listener"),
        (["listener.name.ssl.ssl.keystore.location": "/x"], "there is no listener SSL"),
        (["ssl.keystore.type": "JKS"], "'JKS' is none of PEM"),
    ])
    func `settings that cannot work keep the broker from starting and say why`(settings: [String: String], why: String)
        throws
    {
        do {
            _ = try BrokerFixture(settings)
            #expect(Bool(false), "started")
        } catch {
            #expect("\(error)".contains(why), "\(error)")
        }
    }

    @Test func `each client is told the address of the listener that it came by`() throws {
        let settings = try BrokerSettings(
            dataDirectory: "/x",
            [
                "listeners": "INSIDE://127.0.0.1:9092,OUTSIDE://[::]:9093,PLAINTEXT://:9094",
                "advertised.listeners": "OUTSIDE://kafka.example:19093",
                "listener.security.protocol.map": "INSIDE:PLAINTEXT,OUTSIDE:SASL_SSL,PLAINTEXT:PLAINTEXT",
            ]
        )
        #expect(
            settings.listeners.map { $0.advertised(boundPort: 7).description } == [
                "127.0.0.1:9092", "kafka.example:19093", "127.0.0.1:9094",
            ]
        )
        #expect(settings.listeners.map(\.security) == [.plaintext, .saslSSL, .plaintext])
        #expect(settings.listeners[1].address.description == "[::]:9093")
    }
}
