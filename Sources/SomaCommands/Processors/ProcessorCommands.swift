import Declarations
import JSON
import RdKafka
import SomaNode

/// The command `soma processor`.
enum ProcessorCommands {
    static let command = Command("processor", "List, describe and run processors.", [list, describe, run])

    private static let list = Command("list", "List processors and the state of their groups.") { invocation in
        let processors = try DeclaredResources.builtin().processors
        let states = states(of: processors, invocation)
        var table = Table(
            .left("NAME"),
            .left("STATE"),
            .right("MEMBERS"),
            .left("DELIVERY"),
            .left("INPUTS"),
            .left("OUTPUTS"),
            .left("DOCS", wide: true)
        )
        for processor in processors {
            let group = states[processor.group]
            table.add(
                processor.name,
                group?.state ?? "-",
                group.map { "\($0.members.count)" } ?? "-",
                processor.delivery.rawValue,
                processor.inputs.joined(separator: ","),
                processor.outputs.joined(separator: ","),
                processor.documentation
            )
        }
        try invocation.emit(table, .array(processors.map { json($0, states[$0.group]) }))
        return .success
    }

    private static let describe = Command(
        "describe",
        "Show what a processor reads, writes and promises.",
        arguments: [.required("NAME", "A processor.")]
    ) { invocation in
        let processor = try find(invocation.words[0])
        let group = states(of: [processor], invocation)[processor.group]
        var table = Table(.left("FIELD"), .left("VALUE"))
        table.add("name", processor.name)
        table.add("docs", processor.documentation)
        table.add("group", processor.group)
        table.add("state", group?.state ?? "unknown: no broker at \(invocation.globals.brokers)")
        table.add("members", group.map { "\($0.members.count)" } ?? "-")
        table.add("inputs", processor.inputs.joined(separator: ", "))
        table.add("outputs", processor.outputs.joined(separator: ", "))
        table.add("delivery", processor.delivery.rawValue)
        table.add("retries", "\(processor.retries)")
        try invocation.emit(table, json(processor, group))
        return .success
    }

    private static let run = Command(
        "run",
        "Run one processor as a process of its own, beside the others of its group.",
        arguments: [.required("NAME", "A processor.")],
        examples: ["soma processor run billing-rater -b 127.0.0.1:9092"]
    ) { invocation in
        try Service.run(invocation) { stack, stop in
            let definitions = try ServeCommands.definitions([invocation.words[0]], invocation)
            let part = ProcessorsPart(definitions, brokers: invocation.globals.brokers, instanceID: nil)
            stack.add(invocation.words[0]) { part.stop() }
            try Readiness.wait(Service.readyDeadline, { part.states }, unless: { stop.isRequested })
            return [
                "processor": .string(invocation.words[0]), "brokers": .string(invocation.globals.brokers),
                "pid": Service.processID,
            ]
        }
    }

    /// A declared processor.
    ///
    /// - Throws: `CommandError` with status not found that names the nearest.
    static func find(_ name: String) throws -> ProcessorDeclaration {
        let processors = try DeclaredResources.builtin().processors
        guard let found = processors.first(where: { $0.name == name }) else {
            let nearest =
                Spelling.nearest(to: name, among: processors.map(\.name)).map { "; did you mean \($0)?" } ?? ""
            throw CommandError.notFound("there is no processor \(name)\(nearest)")
        }
        return found
    }

    /// The groups as the broker sees them; empty when there is none to ask, because the list is of use without it.
    private static func states(
        of processors: [ProcessorDeclaration],
        _ invocation: Invocation
    ) -> [String: Admin.GroupDescription] {
        let deadline = min(invocation.globals.timeout, .seconds(2))
        guard let admin = try? invocation.admin(),
            let groups = try? admin.describeGroups(processors.map(\.group), deadline: deadline)
        else { return [:] }
        return Dictionary(groups.map { ($0.id, $0) }) { $1 }
    }

    private static func json(_ processor: ProcessorDeclaration, _ group: Admin.GroupDescription?) -> JSON {
        [
            "name": .string(processor.name), "docs": .string(processor.documentation),
            "group": .string(processor.group), "state": group.map { .string($0.state) } ?? nil,
            "members": group.map { .integer(Int64($0.members.count)) } ?? nil,
            "inputs": .array(processor.inputs.map { .string($0) }),
            "outputs": .array(processor.outputs.map { .string($0) }), "delivery": .string(processor.delivery.rawValue),
            "retries": .integer(Int64(processor.retries)),
        ]
    }
}
