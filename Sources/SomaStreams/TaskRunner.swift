package import Clocks
package import StateStore

/// Runs the processor of one task over records: retries, roll-back, dead letters.
///
/// Knows no Kafka, no thread.
package final class TaskRunner {
    /// What became of a record.
    package enum Outcome {
        case processed
        case deadLettered(ProcessingError)
    }

    /// What the runner asks of the one who drives it.
    package struct Host {
        /// Waits between retries; false ends the run.
        package var pause: (Duration) -> Bool
        /// Told of each failed try.
        package var failed: (ProcessingError, _ isRetried: Bool) -> Void

        package init(pause: @escaping (Duration) -> Bool, failed: @escaping (ProcessingError, Bool) -> Void) {
            self.pause = pause
            self.failed = failed
        }
    }

    /// The run ends because the processor stops; the record is done again later.
    package struct Interrupted: Error {}

    package let definition: ProcessorDefinition
    package let partition: Int32
    package let stores: [String: TrackedStore]
    package let view: RecordView
    private let processor: any Processor
    private let context: ProcessorContext
    private let host: Host

    package init(
        _ definition: ProcessorDefinition,
        partition: Int32,
        stores: [String: TrackedStore],
        clock: Clock,
        host: Host,
        make: ProcessorDefinition.Make
    ) throws {
        self.definition = definition
        self.partition = partition
        self.stores = stores
        self.host = host
        processor = try make(partition)
        view = RecordView(defaultTypes: definition.defaultTypes)
        context = ProcessorContext(definition: definition, partition: partition, stores: stores, clock: clock)
    }

    /// Processes the record that `view` shows and hands on what it makes.
    ///
    /// - Throws: `Interrupted`, the failure itself under the policy `stop`, or what `write` throws.
    package func run(write: (OutputRecord) throws -> Void) throws -> Outcome {
        context.streamTime = max(context.streamTime, view.timestamp)
        var retry = 0
        while true {
            context.begin(.record(view))
            do {
                try processor.process(view, context)
                if let misuse = context.misuse { throw misuse }
                context.succeed()
                for output in context.pending { try write(output) }
                return .processed
            } catch let error where !context.isDone {
                context.fail()
                let failure = ProcessingError(wrapping: error)
                let isRetried = failure.kind == .transient && retry < definition.failure.retries
                host.failed(failure, isRetried)
                if isRetried {
                    retry += 1
                    guard host.pause(definition.failure.pause(before: retry)) else { throw Interrupted() }
                    continue
                }
                guard definition.failure.last == .deadLetter else { throw failure }
                let letter = DeadLetter.record(
                    OwnedRecord(copying: view),
                    failure,
                    processor: definition.name,
                    now: context.now
                )
                try write(letter)
                return .deadLettered(failure)
            }
        }
    }

    /// Calls the processor's wall-clock timer.
    package func punctuate(write: (OutputRecord) throws -> Void) throws {
        context.begin(.timer(context.now))
        do {
            try processor.punctuate(context)
            if let misuse = context.misuse { throw misuse }
        } catch {
            context.fail()
            let failure = ProcessingError(wrapping: error)
            host.failed(failure, false)
            // There is no record to set aside; the next tick tries again.
            if definition.failure.last == .stop { throw failure }
            return
        }
        context.succeed()
        for output in context.pending { try write(output) }
    }

    package func close() { processor.close() }
}
