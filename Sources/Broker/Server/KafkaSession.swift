import Bytes
import Clocks
import EventLoop
import KafkaProtocol
import Telemetry

/// The broker's side of one connection: reads headers and hands each request to its handler.
final class KafkaSession: FrameHandler, @unchecked Sendable {
    // Sendable holds: used on the connection's loop alone.

    let services: BrokerServices
    let connection: Connection
    let peer: String
    /// The client's address without its port.
    let host: String
    /// The listener that the client came by.
    let listener: BrokerListener
    var listenerName: String { listener.name }
    /// Who the client has shown to be; changes with authentication alone.
    var principal = Principal.anonymous
    /// Where the client stands with its login; nil on a listener that asks for none.
    var login: SaslSession?
    /// Of the login under way, for messages.
    var mechanismName = ""
    /// Fetches that wait for data; ended when the connection goes.
    private var waitingFetches: [ObjectIdentifier: OpenFetch] = [:]
    private var accessCache = AccessCache()

    init(services: BrokerServices, connection: Connection) {
        self.services = services
        self.connection = connection
        peer = connection.peer
        let address = peer.lastIndex(of: ":").map { [peer] in String(peer[..<$0]) } ?? peer
        host = String(address.filter { $0 != "[" && $0 != "]" })
        listener = services.security.listener(named: connection.endpoint.name)
        login = listener.login?.makeSession()
        if let subject = connection.certificateSubject { principal = Principal(name: subject) }
    }

    /// The client's address as a member of a group is described.
    var clientHost: String { "/" + host }

    func receive(_ frame: UnsafeRawBufferPointer, _ responder: Responder) throws(ConnectionFault) {
        if let login, login.takesRawMessage { return takeRaw(frame, responder) }
        var bytes = ByteReader(frame)
        let header: RequestHeader
        do throws(ByteError) {
            header = try RequestHeader(from: &bytes)
        } catch {
            throw ConnectionFault("request header: \(error)")
        }
        let arrival = HandlerTable.Arrival(
            services: services,
            session: self,
            header: header,
            frame: frame,
            responder: responder,
            receivedNanoseconds: services.clock.monotonicNanoseconds
        )
        guard let row = HandlerTable.byKey[header.key] else {
            throw ConnectionFault("API key \(header.key) is not served")
        }
        services.metrics.api(row.layout.key)?.requests.add()
        if login != nil { try checkLogin(row.layout.key) }
        guard row.layout.versions.contains(header.version) else {
            // Only here has the client not heard yet what we speak, so only here is there an answer for it.
            if row.layout.key == .apiVersions { return ApiVersionsHandler.answerUnknownVersion(arrival) }
            throw ConnectionFault("version \(header.version) of \(row.layout.key.name) is not served")
        }
        var reader = WireReader(bytes, isFlexible: row.layout.isFlexible(header.version))
        do throws(ByteError) {
            try reader.skipTaggedFields()
        } catch {
            throw ConnectionFault("request header: \(error)")
        }
        guard services.quotas.limitsClients else { return try row.serve(&reader, arrival) }
        try row.serve(&reader, arrival)
        let elapsed = services.clock.monotonicNanoseconds - arrival.receivedNanoseconds
        services.quotas.noteRequestTime(
            nanoseconds: elapsed,
            .init(user: principal.name, clientID: header.clientID ?? "")
        )
    }

    /// Asks the access rules, which remember for this connection what they said.
    func allows(
        _ access: AccessControl,
        _ principal: Principal,
        _ operation: AccessOperation,
        _ type: ResourceType,
        _ name: String
    ) -> Bool {
        accessCache.allows(access, principal, host, operation, type, name)
    }

    func closed() {
        for fetch in waitingFetches.values { fetch.abandon() }
        waitingFetches = [:]
    }

    /// Fetches under way at a time.
    ///
    /// Each may hold a whole answer while it waits for those before it; clients have one.
    private static let openFetchesMax = 8

    var isSaturated: Bool { waitingFetches.count >= Self.openFetchesMax }

    func add(_ fetch: OpenFetch) { waitingFetches[ObjectIdentifier(fetch)] = fetch }

    func remove(_ fetch: OpenFetch) { waitingFetches[ObjectIdentifier(fetch)] = nil }

    /// Answers all fetches with what there is; used when the broker stops.
    func finishFetches() { for fetch in waitingFetches.values { fetch.finish() } }
}
