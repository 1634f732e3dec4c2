import Events
import SomaStreams

/// Writes a usage for each model call that delivered something.
final class UsageMeterProcessor: Processor {
    func process(_ record: RecordView, _ context: ProcessorContext) throws {
        switch record.type {
        case SLMFinal.type:
            context.forward(UsageMeter.usage(of: try record.decode(SLMFinal.self), envelope: record.envelope))
        case SLMError.type:
            if let usage = UsageMeter.usage(of: try record.decode(SLMError.self), envelope: record.envelope) {
                context.forward(usage)
            }
        default: break
        }
    }
}
