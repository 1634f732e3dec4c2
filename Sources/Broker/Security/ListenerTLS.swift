import EventLoop
import Glibc
import Synchronization
import TLS
import Telemetry

/// Certificate, key and trust of one listener: read from settings and files, and again when either changes.
///
/// Changes happen on the administration thread.
final class ListenerTLS: Sendable {
    /// What a file was when it was looked at; another size, time or inode means other content.
    struct FileState: Equatable {
        var path: String
        var inode: UInt64 = 0
        var size: Int64 = -1
        var seconds = 0
        var nanoseconds = 0

        init(_ path: String) {
            self.path = path
            var status = stat()
            guard stat(path, &status) == 0 else { return }
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    private struct State {
        var configuration: TLSConfiguration
        /// The files as they were when they were last read, well or badly.
        var tried: [FileState]
        /// The files at the last look; a change is acted on when two looks agree, so that no half-written file is read.
        var seen: [FileState]
    }

    let name: String
    let identity: TLSIdentity
    private let state: Mutex<State>

    /// - Throws: `TLSError` that names the setting or file which is no good.
    init(name: String, _ settings: TLSSettings, _ logger: Logger) throws(TLSError) {
        self.name = name
        let files = settings.files.map(FileState.init)
        let configuration = try settings.read()
        let context = try TLSContext(configuration)
        identity = TLSIdentity(context)
        state = Mutex(State(configuration: configuration, tried: files, seen: files))
        Self.tell(context, name, "certificate", logger)
    }

    /// Reads the files again when they have changed and kept still; what is no good is logged and changes nothing.
    func look(_ settings: TLSSettings, _ logger: Logger) {
        let now = settings.files.map(FileState.init)
        let isDue = state.withLock { state in
            defer { state.seen = now }
            return now != state.tried && now == state.seen
        }
        guard isDue else { return }
        do throws(TLSError) {
            try reload(settings, now, logger)
        } catch {
            logger.error(
                "certificate not reloaded; the old one stays in use",
                ["listener": .value(name), "cause": .value(error)]
            )
        }
    }

    /// Whether other settings would do.
    ///
    /// - Throws: `TLSError` that says why not.
    func check(_ settings: TLSSettings) throws(TLSError) { _ = try TLSContext(settings.read()) }

    /// Takes other settings.
    ///
    /// - Throws: `TLSError` when they are no good; then the old ones stay in use.
    func change(_ settings: TLSSettings, _ logger: Logger) throws(TLSError) {
        try reload(settings, settings.files.map(FileState.init), logger)
    }

    private func reload(_ settings: TLSSettings, _ files: [FileState], _ logger: Logger) throws(TLSError) {
        state.withLock { $0.tried = files }
        let configuration = try settings.read()
        guard configuration != state.withLock({ $0.configuration }) else { return }
        let context = try TLSContext(configuration)
        state.withLock { $0.configuration = configuration }
        identity.replace(with: context)
        Self.tell(context, name, "certificate reloaded", logger)
    }

    private static func tell(_ context: TLSContext, _ name: String, _ what: String, _ logger: Logger) {
        logger.info(
            what,
            ["listener": .value(name), "subject": .value(context.subject), "until": .value(context.expiry)]
        )
        guard context.isExpired else { return }
        logger.error("the certificate has expired; clients will refuse it", ["listener": .value(name)])
    }
}

/// What the settings say about a listener's TLS.
struct TLSSettings: Sendable, Equatable {
    private let values: [String: String]

    init(_ settings: BrokerSettings, listener: String) {
        values = Dictionary(
            uniqueKeysWithValues: BrokerSettings.tlsKeys.map { ($0, settings.text($0, listener: listener)) }
        )
    }

    private func text(_ key: String) -> String { values[key] ?? "" }

    /// The files that are read.
    var files: [String] {
        ["ssl.keystore.location", "ssl.key.location", "ssl.truststore.location"].map(text).filter { !$0.isEmpty }
    }

    func read() throws(TLSError) -> TLSConfiguration {
        guard let chain = try bytes("ssl.keystore.certificate.chain", orFile: "ssl.keystore.location") else {
            throw TLSError("there is no certificate: set ssl.keystore.location or ssl.keystore.certificate.chain")
        }
        // Without a setting of its own the key is in the certificate's file.
        let key = try bytes("ssl.keystore.key", orFile: "ssl.key.location") ?? chain
        var configuration = TLSConfiguration(certificateChain: chain, key: key)
        let password = text("ssl.key.password")
        configuration.keyPassword = password.isEmpty ? nil : password
        configuration.clientCertificate = .init(rawValue: text("ssl.client.auth")) ?? .none
        if configuration.clientCertificate != .none {
            configuration.trusted = try bytes("ssl.truststore.certificates", orFile: "ssl.truststore.location")
            guard configuration.trusted != nil else {
                throw TLSError("ssl.client.auth needs ssl.truststore.location or ssl.truststore.certificates")
            }
        }
        let versions = SettingDefinition.items(text("ssl.enabled.protocols"))
        configuration.versions = Set(versions.compactMap(TLSConfiguration.Version.init))
        configuration.cipherSuites = SettingDefinition.items(text("ssl.cipher.suites"))
        return configuration
    }

    private func bytes(_ key: String, orFile fileKey: String) throws(TLSError) -> [UInt8]? {
        // Property files write a line break in a value as these two characters.
        let value = text(key).replacing("\\n", with: "\n")
        if !value.isEmpty { return Array(value.utf8) }
        let path = text(fileKey)
        guard !path.isEmpty else { return nil }
        do throws(AtomicFile.Failure) {
            if let bytes = try AtomicFile.read(path) { return bytes }
            throw AtomicFile.Failure(operation: "open", path: path, code: ENOENT)
        } catch {
            throw TLSError("\(fileKey): \(error)")
        }
    }
}
