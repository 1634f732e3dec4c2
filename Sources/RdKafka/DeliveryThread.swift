import CRdKafka
import Telemetry
import Synchronization

/// Takes the delivery reports of one producer in batches and hands them on.
final class DeliveryThread: Sendable {
    private let queue: EventQueue
    private let isStopping: StopFlag
    private let thread: OwnThread

    private final class StopFlag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    private static let reportsMax = 1024

    init(_ client: ClientHandle, _ handler: @escaping DeliveryHandler) {
        let queue = EventQueue(main: client)
        let flag = StopFlag()
        self.queue = queue
        isStopping = flag
        thread = OwnThread(name: "kafka-delivery") {
            while true {
                // Runs on after the flag is set until the queue is empty, so that no report is lost.
                let isLast = flag.isSet.load(ordering: .acquiring)
                if let event = queue.poll(milliseconds: isLast ? 0 : 500) {
                    Self.take(event, handler)
                    rd_kafka_event_destroy(event)
                } else if isLast {
                    return
                }
            }
        }
    }

    func stop() {
        isStopping.isSet.store(true, ordering: .releasing)
        queue.wake()
        thread.join()
    }

    private static func take(_ event: OpaquePointer, _ handler: DeliveryHandler) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            withUnsafeTemporaryAllocation(of: DeliveryReport.self, capacity: reportsMax) { reports in
                var count = 0
                func hand() {
                    handler(UnsafeBufferPointer(rebasing: reports[0..<count]))
                    count = 0
                }
                while let message = rd_kafka_event_message_next(event) {
                    reports.initializeElement(at: count, to: DeliveryReport(message.pointee))
                    count += 1
                    if count == reportsMax { hand() }
                }
                if count > 0 { hand() }
            }
        case RD_KAFKA_EVENT_ERROR:
            let code = KafkaError.Code(rd_kafka_event_error(event))
            let reason = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
            if code == .allBrokersDown || code == .transport {
                Outage.tell(reason)
            } else {
                ClientHandle.log.warning("producer error", ["code": .value(code.rawValue), "reason": .value(reason)])
            }
        default: break
        }
    }
}

extension DeliveryReport {
    init(_ message: rd_kafka_message_t) {
        self.init(
            opaque: UInt(bitPattern: message._private),
            partition: message.partition,
            offset: message.offset,
            code: KafkaError.Code(message.err)
        )
    }
}
