import RdKafka

/// What stopped a command, in words for the terminal, and the status it ends with.
package struct CommandError: Error, CustomStringConvertible {
    package let message: String
    package let status: ExitStatus

    package init(_ message: String, status: ExitStatus = .failure) {
        self.message = message
        self.status = status
    }

    /// A mistake on the command line.
    package static func usage(_ message: String) -> CommandError { CommandError(message, status: .usage) }
    package static func notFound(_ message: String) -> CommandError { CommandError(message, status: .notFound) }

    package var description: String { message }

    /// The status that an error of any layer ends a command with.
    static func status(of error: any Error) -> ExitStatus {
        switch error {
        case let error as CommandError: error.status
        case let error as KafkaError: status(of: error)
        default: .failure
        }
    }

    private static func status(of error: KafkaError) -> ExitStatus {
        switch error.code {
        case .timedOut, .requestTimedOut, .messageTimedOut, .transport, .allBrokersDown: .timedOut
        case .unknownTopic, .unknownTopicOrPartition, .unknownPartition, .groupNotFound: .notFound
        default: notAuthorisedNames.contains(error.name) ? .notAuthorised : .failure
        }
    }

    private static let notAuthorisedNames: Set<String> = [
        "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED", "_AUTHENTICATION",
        "SASL_AUTHENTICATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    ]
}
