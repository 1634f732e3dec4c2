// Writes the Swift that comes from data files: event types and contracts from schemas/, declared topics and prices.
// `soma-generate` rewrites the files; `soma-generate --check` exits with 1 when a file would change.

import Foundation

let check = CommandLine.arguments.contains("--check")
let root = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
do {
    let files = try EventTypesGenerator(root: root).files() + BuiltinFilesGenerator(root: root).files()
    var stale: [String] = []
    for file in files {
        let url = root.appendingPathComponent(file.path)
        let old = try? String(contentsOf: url, encoding: .utf8)
        guard old != file.text else { continue }
        stale.append(file.path)
        guard !check else { continue }
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try file.text.write(to: url, atomically: true, encoding: .utf8)
    }
    for path in stale { print(check ? "stale: \(path)" : "wrote \(path)") }
    if check && !stale.isEmpty {
        print("run `swift run soma-generate` and commit what it writes")
        exit(1)
    }
} catch {
    FileHandle.standardError.write(Data("soma-generate: \(error)\n".utf8))
    exit(1)
}
