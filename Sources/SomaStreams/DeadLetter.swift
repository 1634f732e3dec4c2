import Events
import RdKafka

/// Makes dead letters of processors.
package enum DeadLetter {
    package static func record(
        _ record: OwnedRecord,
        _ error: ProcessingError,
        processor: String,
        now: Int64
    ) -> OutputRecord {
        let context = DeadLetterContext(
            place: TopicPartition(record.topic, record.partition),
            offset: record.offset,
            connector: processor,
            stage: error.kind == .undecodable ? .read : .process,
            errorClass: error.cause,
            message: error.message,
            code: error.code
        )
        let headers = context.headers(over: record.headers.map { (name: $0.name, value: $0.value) })
        return OutputRecord(
            topic: DeadLetterContext.topic(of: record.topic),
            partition: nil,
            key: record.key,
            value: record.value,
            headers: headers.map { RecordHeader($0.name, $0.value) },
            timestamp: now
        )
    }
}
