import Foundation

/// One file to write, by its path below the package.
struct GeneratedFile {
    let path: String
    let text: String
}

/// A data file that the generator cannot make sense of.
struct GeneratorError: Error, CustomStringConvertible {
    let file: String
    let reason: String
    var description: String { "\(file): \(reason)" }
}

/// The files below a directory with an extension, by path, sorted.
func dataFiles(_ root: URL, _ directory: String, _ pathExtension: String) throws -> [String] {
    let base = root.appendingPathComponent(directory)
    guard let walker = FileManager.default.enumerator(atPath: base.path) else {
        throw GeneratorError(file: directory, reason: "no such directory; run this from the package's root")
    }
    var paths: [String] = []
    for case let path as String in walker where path.hasSuffix(".\(pathExtension)") {
        paths.append("\(directory)/\(path)")
    }
    return paths.sorted()
}

/// A Swift literal of a text over several lines.
func literal(_ text: String, indent: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : indent + $0 }
    return "#\"\"\"\n" + lines.joined(separator: "\n") + "\n" + indent + "\"\"\"#"
}
