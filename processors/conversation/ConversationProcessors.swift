package import SomaStreams

/// The processors of this folder, ready to run.
package enum ConversationProcessors {
    /// All of them.
    package static func definitions(_ settings: ConversationSettings) -> [ProcessorDefinition] {
        [turnGate(settings), turnOrchestrator(settings), turnAssembler()]
    }

    /// conversation.events → conversation.turns or a refusal, and the reasons.
    package static func turnGate(_ settings: ConversationSettings) -> ProcessorDefinition {
        let gate = TurnGate(settings)
        return ProcessorDefinition(
            name: TurnGate.name,
            inputs: ["conversation.events"],
            outputs: ["conversation.turns", "conversation.events", "agent.audit"]
        ) { _ in TurnGateProcessor(gate) }
    }

    /// conversation.turns, with the answers in conversation.events as history → slm.requests.
    package static func turnOrchestrator(_ settings: ConversationSettings) -> ProcessorDefinition {
        let planner = TurnPlanner(settings)
        return ProcessorDefinition(
            name: TurnPlanner.name,
            inputs: ["conversation.turns", "conversation.events"],
            outputs: ["slm.requests", "agent.audit"],
            stores: [TurnOrchestratorProcessor.store]
        ) { _ in TurnOrchestratorProcessor(planner) }
    }

    /// slm.responses → conversation.events.
    package static func turnAssembler() -> ProcessorDefinition {
        ProcessorDefinition(
            name: "turn-assembler",
            inputs: ["slm.responses"],
            outputs: ["conversation.events", "agent.audit"]
        ) { _ in TurnAssemblerProcessor() }
    }
}
