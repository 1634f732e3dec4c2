import Bytes
import Clocks
import CommitLog
import EventLoop
import KafkaProtocol
import Telemetry

/// One request that is being served, and the way to answer it: exactly once, from any thread.
struct Exchange<Response: WireStruct>: Sendable {
    let services: BrokerServices
    let session: KafkaSession
    /// Who asks; the connection may have another name by the time the answer is made.
    let principal: Principal
    let header: RequestHeader
    let layout: MessageLayout
    let receivedNanoseconds: Int64
    let requestByteCount: Int
    let responder: Responder

    var version: Int16 { header.version }
    var loop: EventLoop { responder.connection.loop }

    /// Encodes and sends the answer.
    ///
    /// `records`: the batches that the body's record sets mean, by their index.
    func answer(_ body: Response, records: [LogRead] = []) {
        count()
        guard services.quotas.limitsClients else { return send(body, records) }
        let throttle = throttleMilliseconds(records)
        send(body.throttled(throttle), records)
        // The client is told, and whether it heeds it or not, nothing more is read from it (KIP-219).
        if throttle > 0 { responder.connection.mute(forMilliseconds: throttle) }
    }

    /// Sends the answer and closes the connection behind it.
    func answerLast(_ body: Response, _ fault: ConnectionFault) {
        count()
        responder.sendLast(encode(body, []), fault)
    }

    private func send(_ body: Response, _ records: [LogRead]) { responder.send(encode(body, records)) }

    private func encode(_ body: Response, _ records: [LogRead]) -> [OutputChunk] {
        var writer = WireWriter(isFlexible: layout.isFlexible(version))
        writer.int32(0)
        writer.int32(header.correlationID)
        if layout.responseHeaderIsFlexible(version) { writer.emptyTaggedFields() }
        body.write(to: &writer, version: version)
        let external = writer.splices.reduce(0) { $0 + records[$1.index].byteCount }
        writer.output.patch(Int32(clamping: writer.output.count - 4 + external), at: 0)
        let splices = writer.splices
        let bytes = writer.finish()
        return Self.chunks(bytes, splices, records)
    }

    /// Ends the request without an answer, as acks=0 wants it.
    func finishSilently() {
        count()
        if services.quotas.limitsClients {
            let throttle = throttleMilliseconds([])
            if throttle > 0 { responder.connection.mute(forMilliseconds: throttle) }
        }
        responder.sendNothing()
    }

    private func count() {
        let elapsed = services.clock.monotonicNanoseconds - receivedNanoseconds
        services.metrics.api(layout.key)?.seconds.observe(nanoseconds: elapsed)
    }

    private static func chunks(
        _ bytes: SharedBytes,
        _ splices: [WireWriter.Splice],
        _ records: [LogRead]
    ) -> [OutputChunk] {
        guard !splices.isEmpty else { return [OutputChunk(bytes)] }
        var chunks: [OutputChunk] = []
        var position = 0
        for splice in splices {
            chunks.append(OutputChunk(bytes, position..<splice.position))
            position = splice.position
            for slice in records[splice.index].slices {
                chunks.append(OutputChunk(owner: SliceKeeper(slice), bytes: slice.bytes))
            }
        }
        chunks.append(OutputChunk(bytes, position..<bytes.count))
        return chunks
    }
}

/// Keeps a slice of the log alive until the socket has taken it.
private final class SliceKeeper: Sendable {
    let slice: LogSlice

    init(_ slice: LogSlice) { self.slice = slice }
}
