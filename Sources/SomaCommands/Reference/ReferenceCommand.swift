import JSON
import SomaNode

/// The command `soma reference`.
enum ReferenceCommand {
    static let command = Command(
        "reference",
        "Show the reference pages of this version: settings, topic settings, metrics.",
        arguments: [.any("PAGE", "broker-settings, topic-settings or broker-metrics; all when none is named.")],
        options: [
            Command.Option("write", "DIR", "Write the pages into a folder instead."),
            .flag("check", "With --write: write nothing, and fail when a page differs."),
        ],
        examples: ["soma reference broker-settings", "soma reference --write docs/reference"]
    ) { invocation in
        let all = ReferencePage.all
        let known = all.map { String($0.name.dropLast(3)) }
        for word in invocation.words where !known.contains(word) {
            throw CommandError.notFound("there is no page \(word); there are \(known.joined(separator: ", "))")
        }
        let wanted = all.filter { invocation.words.isEmpty || invocation.words.contains(String($0.name.dropLast(3))) }
        guard let folder = invocation.option("write") else {
            guard !invocation.flag("check") else { throw CommandError.usage("--check looks at the folder of --write") }
            for page in wanted { try invocation.console.write(page.text) }
            return .success
        }
        var stale: [String] = []
        for page in wanted {
            let path = "\(folder)/\(page.name)"
            guard try Files.text(path) != page.text else { continue }
            stale.append(path)
            if !invocation.flag("check") { try Files.write(page.text, to: path, mode: 0o644) }
        }
        guard invocation.flag("check"), !stale.isEmpty else { return .success }
        throw CommandError(
            "\(stale.joined(separator: ", ")): not as the program writes it now; run `make generate`",
            status: .differences
        )
    }
}
