import Foundation
import Testing

/// The rules of the house that no compiler checks.
@Suite struct HouseTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func `a target depends only on targets of a lower layer`() throws {
        let package = try String(contentsOf: Self.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        var layers: [String: Int] = [:]
        var dependencies: [(target: String, on: [String])] = []
        var layer = -1
        var open: (name: String, text: String)?
        for line in package.split(separator: "\n", omittingEmptySubsequences: false) {
            if let number = line.firstMatch(of: /\/\/ Layer (\d+)/)?.1 { layer = Int(number) ?? layer }
            let opening = line.firstMatch(of: /^        (?:swift\(|\.target\(|\.systemLibrary\(|\.executableTarget\()/)
            if opening != nil { open = ("", "") }
            guard layer >= 0, open != nil else { continue }
            open?.text += line + "\n"
            guard line.hasSuffix("),"), let text = open?.text else { continue }
            open = nil
            let names = text.matches(of: /"([A-Za-z][A-Za-z-]*)"/).map { String($0.1) }
            guard let name = names.first else { continue }
            layers[name] = layer
            dependencies.append((name, Array(names.dropFirst())))
        }
        #expect(layers.count > 40)
        for entry in dependencies {
            for dependency in entry.on {
                guard let below = layers[dependency], let own = layers[entry.target] else { continue }
                #expect(below < own, "\(entry.target) (layer \(own)) must not depend on \(dependency) (layer \(below))")
            }
        }
    }

    @Test func `every processor and connector has a README and a manifest`() throws {
        for (folder, manifest) in [("processors", "processor.yaml"), ("connectors", "connector.yaml")] {
            let base = Self.root.appendingPathComponent(folder)
            for name in try FileManager.default.contentsOfDirectory(atPath: base.path) {
                for file in ["README.md", manifest] {
                    let path = base.appendingPathComponent(name).appendingPathComponent(file).path
                    #expect(FileManager.default.fileExists(atPath: path), "\(folder)/\(name)/\(file) is missing")
                }
            }
        }
    }

    @Test func `no hand-written file is longer than 400 lines`() throws {
        for folder in ["Sources", "processors", "connectors"] {
            for path in try Self.swiftFiles(folder) where !path.contains("/Generated/") {
                let text = try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
                #expect(lines <= 401, "\(path) has \(lines) lines")
            }
        }
    }

    private static func swiftFiles(_ folder: String) throws -> [String] {
        let walker = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
        var paths: [String] = []
        while let path = walker?.nextObject() as? String {
            if path.hasSuffix(".swift") { paths.append("\(folder)/\(path)") }
        }
        return paths
    }
}
