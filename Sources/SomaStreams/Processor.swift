/// The behaviour of one task: reads the records of one partition number of all inputs, in order, on one thread.
///
/// Outputs depend on records, state and the context's time alone; calls to the outside belong to an `AsyncProcessor`.
/// What a failed call has forwarded or written to stores is taken back before the record is tried again.
public protocol Processor: AnyObject {
    /// Processes one record.
    ///
    /// - Parameters:
    ///   - record: Valid during the call only.
    ///   - context: Forwards outputs, gives stores and time.
    /// - Throws: `ProcessingError` to say what to do; errors of decoding are known; all others are permanent.
    func process(_ record: RecordView, _ context: ProcessorContext) throws

    /// Called about every `punctuationInterval` of wall-clock time.
    func punctuate(_ context: ProcessorContext) throws

    /// The task ends here, or goes to another member.
    func close()
}

extension Processor {
    /// Does nothing.
    public func punctuate(_ context: ProcessorContext) throws {}

    /// Does nothing.
    public func close() {}
}
