/// What became of one produced record.
package struct DeliveryReport: Sendable, Hashable {
    /// The number that was given to `produce`.
    package let opaque: UInt
    package let partition: Int32
    /// The offset the broker gave it; -1 when it is not known.
    package let offset: Int64
    /// `.none` when the record is acknowledged by all in-sync replicas.
    package let code: KafkaError.Code

    package var isDelivered: Bool { code == .none }

    /// The failure as an error to throw.
    package func error(_ operation: String) -> KafkaError? {
        isDelivered ? nil : KafkaError(code, operation)
    }
}

/// Takes delivery reports in batches, on the producer's own thread; the buffer is valid during the call.
package typealias DeliveryHandler = @Sendable (UnsafeBufferPointer<DeliveryReport>) -> Void
