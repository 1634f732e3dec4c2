/// Something the operator should hear about; the owner of the directory writes it to its log.
package struct LogEvent: Sendable {
    package enum Severity: Sendable {
        /// Data at risk or a partition stopped: act now.
        case error
        /// Look today.
        case warning
        case info
    }

    package let severity: Severity
    package let partition: TopicPartition?
    package let message: String
}
