import CRdKafka
import Telemetry

/// An open librdkafka client; its `deinit` closes it.
///
/// Sendable holds: `rd_kafka_t` takes calls from many threads at once.
final class ClientHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    private let flags: Int32

    static let log = Logger("kafka")

    /// Makes a client from settings in librdkafka's own names.
    ///
    /// - Throws: `KafkaError` that names the setting which is unknown or has a bad value.
    init(_ kind: rd_kafka_type_t, _ settings: [String: String], events: Int32) throws(KafkaError) {
        guard let configuration = rd_kafka_conf_new() else {
            throw KafkaError(.invalidArgument, "make a Kafka client", message: "no memory")
        }
        var text = [CChar](repeating: 0, count: 512)
        let all = ConnectionSettings.current.merging(settings) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            let outcome = rd_kafka_conf_set(configuration, key, value, &text, text.count)
            guard outcome == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw KafkaError(.invalidArgument, "set \(key)", message: Self.string(text))
            }
        }
        rd_kafka_conf_set_log_cb(configuration, writeClientLog)
        rd_kafka_conf_set_events(configuration, events)
        // On success the client owns the configuration, on failure it stays ours.
        guard let made = rd_kafka_new(kind, configuration, &text, text.count) else {
            rd_kafka_conf_destroy(configuration)
            throw KafkaError(.invalidArgument, "make a Kafka client", message: Self.string(text))
        }
        pointer = made
        // A consumer closes itself with a deadline of ours; librdkafka's own close in destroy has none.
        flags = kind == RD_KAFKA_CONSUMER ? RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE : 0
    }

    deinit { rd_kafka_destroy_flags(pointer, flags) }

    /// The error that ended this client, if one did.
    func fatalError(_ operation: String) -> KafkaError? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(pointer, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return KafkaError(KafkaError.Code(code), operation, message: Self.string(text), isFatal: true)
    }

    static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Milliseconds for a C call; librdkafka reads negative numbers as "for ever", so none gets through.
    static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds.multipliedReportingOverflow(by: 1000)
        guard !milliseconds.overflow else { return seconds < 0 ? 0 : Int32.max }
        return Int32(clamping: max(0, milliseconds.partialValue &+ attoseconds / 1_000_000_000_000_000))
    }
}

/// Syslog levels: 0–3 are errors, 4 warnings, 5 notices.
private func writeClientLog(
    _ client: OpaquePointer?,
    _ level: Int32,
    _ facility: UnsafePointer<CChar>?,
    _ text: UnsafePointer<CChar>?
) {
    guard let text, let facility else { return }
    let message = String(cString: text)
    let name = client.flatMap { rd_kafka_name($0) }.map { String(cString: $0) } ?? ""
    let origin = String(cString: facility)
    switch level {
    case 0...2: ClientHandle.log.error(message, ["client": .value(name), "facility": .value(origin)])
    // Each client tells of each connection that fails and of each try after it; `Outage` tells of it once.
    case 3...4 where origin != "FAIL" && origin != "ERROR" && origin != "GETPID":
        ClientHandle.log.warning(message, ["client": .value(name), "facility": .value(origin)])
    default: ClientHandle.log.debug(message, ["client": .value(name), "facility": .value(origin)])
    }
}
