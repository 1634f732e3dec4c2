import Bytes
import Glibc
import KafkaProtocol

/// A client that speaks frames over a blocking socket, one at a time or several ahead.
final class WireClient {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let descriptor: Int32
    private var nextCorrelationID: Int32 = 1

    init(port: UInt16, waitSeconds: Int = 10) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure(description: "connect to \(port): errno \(errno)") }
        var limit = timeval(tv_sec: waitSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Sends a request and reads its answer.
    func call<Request: KafkaRequest, Response: WireStruct>(
        _ request: Request,
        version: Int16,
        as type: Response.Type,
        records: [UInt8] = []
    ) throws -> Response {
        let id = send(request, version: version, records: records)
        return try receive(Request.layout, version: version, correlationID: id, as: type)
    }

    /// Sends a request; `records` goes where the request has its only record set.
    @discardableResult
    func send<Request: KafkaRequest>(_ request: Request, version: Int16, records: [UInt8] = []) -> Int32 {
        let id = nextCorrelationID
        nextCorrelationID += 1
        var writer = WireWriter(isFlexible: Request.layout.isFlexible(version))
        RequestHeader(key: Request.layout.key.rawValue, version: version, correlationID: id, clientID: "test")
            .write(to: &writer)
        request.write(to: &writer, version: version)
        var bytes = Array(writer.output.bytes)
        for splice in writer.splices.reversed() { bytes.insert(contentsOf: records, at: splice.position) }
        send(frame: bytes)
        return id
    }

    func send(frame: [UInt8]) {
        let size = UInt32(frame.count)
        send([UInt8(size >> 24), UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255)] + frame)
    }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func receive<Response: WireStruct>(
        _ layout: MessageLayout,
        version: Int16,
        correlationID: Int32,
        as type: Response.Type
    ) throws -> Response {
        guard let frame = receiveFrame() else { throw Failure(description: "closed instead of answered") }
        return try frame.withUnsafeBytes { bytes in
            var head = ByteReader(bytes)
            let got = try head.readInt32()
            guard got == correlationID else { throw Failure(description: "answer \(got), expected \(correlationID)") }
            if layout.responseHeaderIsFlexible(version) { try head.skip(1) }
            var reader = WireReader(head, isFlexible: layout.isFlexible(version))
            let response = try Response(from: &reader, version: version)
            guard reader.cursor.isAtEnd else {
                throw Failure(description: "\(reader.cursor.remaining) bytes left over")
            }
            return response
        }
    }

    /// The next frame without its length; nil at the end of the connection.
    func receiveFrame() -> [UInt8]? {
        guard let head = receive(4) else { return nil }
        let size = head.reduce(0) { $0 << 8 | Int($1) }
        return receive(size)
    }

    /// Whether the broker closes the connection within the waiting time.
    func isClosedByPeer() -> Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, 0)
        return count == 0 || count < 0 && errno == ECONNRESET
    }

    private func receive(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + done }, count - done, 0)
            }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }
}
