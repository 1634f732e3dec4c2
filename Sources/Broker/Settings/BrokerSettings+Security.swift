extension BrokerSettings {
    /// Listeners, encryption and login.
    static let securityTable: [SettingDefinition] =
        listenerTable + [
            .init(
                "listeners",
                .text,
                "",
                "NAME://host:port, with commas between; each with a port of its own. Not set: the one of --listen."
            ),
            .init(
                "advertised.listeners",
                .text,
                "",
                "NAME://host:port told to clients of a listener; default is the address listened on."
            ),
            .init(
                "listener.security.protocol.map",
                .text,
                "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
                "NAME:PROTOCOL for each listener name."
            ),
        ]

    /// What may also be set for one listener, as `listener.name.<name in lower case>.<key>`.
    static let listenerTable: [SettingDefinition] = tlsTable + saslTable

    /// What may change while the broker runs, for all listeners or for one.
    static let tlsKeys: Set<String> = Set(tlsTable.map(\.key))

    private static let tlsTable: [SettingDefinition] = [
        .init("ssl.keystore.type", .choice(["PEM"]), "PEM", "Form of certificates and keys."),
        .init(
            "ssl.keystore.location",
            .text,
            "",
            "File with our certificate, those up to the root, and the key unless ssl.key.location has it. Read again "
                + "when it changes."
        ),
        .init("ssl.key.location", .text, "", "File with the key. Not in Kafka."),
        .init("ssl.keystore.certificate.chain", .text, "", "Our certificates themselves instead of a file."),
        .init("ssl.keystore.key", .text, "", "The key itself instead of a file.", isSecret: true),
        .init("ssl.key.password", .text, "", "Opens an encrypted key.", isSecret: true),
        .init("ssl.truststore.type", .choice(["PEM"]), "PEM", "Form of the trusted certificates."),
        .init(
            "ssl.truststore.location",
            .text,
            "",
            "File with the certificates that clients' certificates must lead to. Read again when it changes."
        ),
        .init("ssl.truststore.certificates", .text, "", "The trusted certificates themselves instead of a file."),
        .init(
            "ssl.client.auth",
            .choice(["none", "requested", "required"]),
            "none",
            "Whether clients show a certificate; its subject is the client's name on listeners without SASL."
        ),
        .init("ssl.enabled.protocols", .list(["TLSv1.2", "TLSv1.3"]), "TLSv1.2,TLSv1.3", "Versions of TLS."),
        .init("ssl.cipher.suites", .list([]), "", "Ciphers, by OpenSSL's names; empty for its choice."),
        .init(
            "ssl.principal.mapping.rules",
            .choice(["DEFAULT"]),
            "DEFAULT",
            "How a certificate's subject becomes a name: as it is."
        ),
    ]

    private static let saslTable: [SettingDefinition] = [
        .init(
            "sasl.enabled.mechanisms",
            .list(SaslMechanism.allCases.map(\.rawValue)),
            "SCRAM-SHA-256,SCRAM-SHA-512",
            "How clients may log in. Kafka's own default is GSSAPI, which is not served."
        ),
        .init(
            "sasl.server.max.receive.size",
            .integer(1024...16 << 20),
            "65536",
            "Largest request before the client has logged in."
        ),
        .init(
            "socket.connection.setup.timeout.ms",
            .integer(1...3_600_000),
            "10000",
            "Time for TLS handshake and login together."
        ),
        .init(
            "connection.failed.authentication.delay.ms",
            .integer(0...60_000),
            "100",
            "A failed login is answered after this time."
        ),
        .init(
            "connections.max.reauth.ms",
            .integer(0...Int64.max / 2),
            "0",
            "A login holds so long, and no longer than its token; 0 as long as the connection."
        ),
        .init(
            "plain.sasl.jaas.config",
            .text,
            "",
            "Users of PLAIN in Kafka's form: ...PlainLoginModule required user_NAME=\"PASSWORD\" ...;",
            isSecret: true
        ),
        .init(
            "sasl.plain.users.location",
            .text,
            "",
            "File with users of PLAIN, NAME:PASSWORD in each line. Read again when it changes. Not in Kafka."
        ),
        .init(
            "sasl.oauthbearer.jwks.endpoint.url",
            .text,
            "",
            "file:///path of the key set (RFC 7517) that tokens are checked with; nothing is ever fetched."
        ),
        .init("sasl.oauthbearer.expected.issuer", .text, "", "The iss of tokens."),
        .init("sasl.oauthbearer.expected.audience", .list([]), "", "The aud of tokens; one of these."),
        .init("sasl.oauthbearer.expected.scope", .list([]), "", "Scopes that a token must have. Not in Kafka."),
        .init("sasl.oauthbearer.scope.claim.name", .text, "scope", "The claim with the scopes."),
        .init("sasl.oauthbearer.sub.claim.name", .text, "sub", "The claim with the client's name."),
        .init("sasl.oauthbearer.clock.skew.seconds", .integer(0...3600), "30", "Clocks may differ by so much."),
        .init(
            "sasl.oauthbearer.unsecured.allowed",
            .flag,
            "false",
            "Take tokens without any signature: for development only, whoever connects may claim any name. Not in Kafka."
        ),
    ]

    static let listenerKeys: [String: SettingDefinition] = Dictionary(
        uniqueKeysWithValues: listenerTable.map { ($0.key, $0) }
    )

    /// The parts of `listener.name.<name>.<key>`, when it is one that may be set so.
    static func listenerKey(_ key: String) -> (listener: String, definition: SettingDefinition)? {
        let prefix = "listener.name."
        guard key.hasPrefix(prefix) else { return nil }
        let rest = key.dropFirst(prefix.count)
        guard let dot = rest.firstIndex(of: "."), dot > rest.startIndex,
            let definition = listenerKeys[String(rest[rest.index(after: dot)...])]
        else { return nil }
        return (rest[..<dot].uppercased(), definition)
    }

    /// What is known of a setting, for the broker or for one listener.
    static func definition(of key: String) -> SettingDefinition? { byKey[key] ?? listenerKey(key)?.definition }

    /// The value for one listener: set for it, or for all, or the default.
    package func text(_ key: String, listener: String) -> String {
        let own = "listener.name.\(listener.lowercased()).\(key)"
        return changes.effective[own] ?? overrides[own] ?? text(key)
    }

    package func integer(_ key: String, listener: String) -> Int64 { Int64(text(key, listener: listener)) ?? 0 }
    package func flag(_ key: String, listener: String) -> Bool { text(key, listener: listener) == "true" }
}
