import CRdKafka

/// Transactions need `transactional.id` among the settings. Every call has a deadline; after an error that neither
/// `isRetriable` nor `requiresAbort` marks, the outcome is unclear: close the producer and make a new one.
extension Producer {
    /// Fences older producers with the same transactional id and ends what they left open; called once.
    package func initTransactions(deadline: Duration) throws(KafkaError) {
        try KafkaError.check(
            rd_kafka_init_transactions(client.pointer, ClientHandle.milliseconds(deadline)),
            "init transactions"
        )
    }

    package func beginTransaction() throws(KafkaError) {
        try KafkaError.check(rd_kafka_begin_transaction(client.pointer), "begin transaction")
    }

    /// Adds consumed positions to the transaction, under the group's generation.
    ///
    /// `offsets`: The next offset to read of each partition.
    package func sendOffsets(
        _ offsets: [TopicPartition: Int64],
        group: GroupMetadata,
        deadline: Duration
    ) throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        let list = PartitionList(offsets: offsets)
        try KafkaError.check(
            list.lend {
                rd_kafka_send_offsets_to_transaction(
                    client.pointer,
                    $0,
                    group.pointer,
                    ClientHandle.milliseconds(deadline)
                )
            },
            "send offsets to transaction"
        )
    }

    package func commitTransaction(deadline: Duration) throws(KafkaError) {
        try KafkaError.check(
            rd_kafka_commit_transaction(client.pointer, ClientHandle.milliseconds(deadline)),
            "commit transaction"
        )
    }

    /// Gives the transaction up.
    ///
    /// Flushes first: librdkafka gives the sequence number of a record that it drops at an abort to the next
    /// transaction's first record, which a broker that already has the dropped one then takes for a duplicate.
    package func abortTransaction(deadline: Duration) throws(KafkaError) {
        let milliseconds = ClientHandle.milliseconds(deadline)
        rd_kafka_flush(client.pointer, milliseconds / 2)
        try KafkaError.check(rd_kafka_abort_transaction(client.pointer, milliseconds), "abort transaction")
    }
}
