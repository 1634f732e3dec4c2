import Bytes
import KafkaProtocol

/// The part of the consumer protocol's subscription that a broker looks at: the topics.
enum ConsumerSubscription {
    static let protocolType = "consumer"

    /// The topics of a subscription; none when the bytes are something else.
    static func topics(in metadata: [UInt8]) -> [String] {
        metadata.withUnsafeBytes { bytes in
            var reader = WireReader(ByteReader(bytes), isFlexible: false)
            guard (try? reader.int16()) != nil else { return [] }
            return (try? reader.strings()) ?? []
        }
    }
}
