import Bytes
import CommitLog
import Compression
import EventLoop
import KafkaProtocol
import Telemetry

/// Fetch 4–18 (leader epochs KIP-320, sessions KIP-227, topics by id KIP-516, replica state KIP-903, node endpoints
/// KIP-951, directory ids KIP-853, high watermarks of followers KIP-1166).
enum FetchHandler: Handler {
    typealias Request = FetchRequest
    typealias Response = FetchResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let services = exchange.services
        let usesTopicIDs = exchange.version >= 13
        // Before a session exists the epoch is 0; -1 ends one, or asks for none.
        guard request.sessionEpoch > 0 else {
            if request.sessionID != 0 { services.fetchSessions.close(request.sessionID) }
            let isWanted = exchange.version >= 7 && request.sessionEpoch == 0
            let session =
                (isWanted ? services.fetchSessions.open(request, usesTopicIDs: usesTopicIDs) : nil)
                ?? FetchSession(id: 0, usesTopicIDs: usesTopicIDs)
            _ = session.apply(request)
            return OpenFetch(request, exchange, session, isFull: true).begin()
        }
        switch services.fetchSessions.use(request, usesTopicIDs: usesTopicIDs) {
        case .session(let session):
            session.endWait()
            guard session.apply(request) else {
                // All was forgotten: nothing is left to be a session of.
                services.fetchSessions.close(request.sessionID)
                return exchange.answer(Response())
            }
            OpenFetch(request, exchange, session, isFull: false).begin()
        case .error(let code):
            var response = Response()
            response.errorCode = code
            exchange.answer(response)
        }
    }
}

/// Compares what a client knows of the leader with what is: it leads alone, with one epoch for ever.
enum LeaderEpoch {
    /// -1 means that the client does not care.
    static func problem(_ current: Int32) -> ErrorCode? {
        if current > Topic.leaderEpoch { return .unknownLeaderEpoch }
        if current >= 0, current < Topic.leaderEpoch { return .fencedLeaderEpoch }
        return nil
    }
}

enum FetchChecks {
    /// Whether a batch is compressed with zstd, which clients below Fetch 10 do not know (KIP-110).
    static func containsZstd(_ read: LogRead) -> Bool {
        var bytes = ByteWriter(capacity: read.byteCount)
        read.copy(into: &bytes)
        var rest = bytes.bytes
        while let header = try? RecordBatchHeader(rest), header.totalByteCount <= rest.count {
            if header.attributes.codec == .zstd { return true }
            rest = UnsafeRawBufferPointer(rebasing: rest[header.totalByteCount...])
        }
        return false
    }
}

extension FetchRequest {
    var isolation: ReadIsolation { isolationLevel == 0 ? .uncommitted : .committed }
}

extension PartitionLog {
    /// The code of a log that is damaged; its ends are not answered as if it were empty.
    var readProblem: ErrorCode? { unreadableReason.map { ErrorCode(rawValue: $0.kafkaErrorCode) } }
}
