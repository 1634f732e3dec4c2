import Glibc

/// `meta.properties`: what a data directory is, written once.
enum MetaProperties {
    /// Raised when an older program could no longer read what a newer one writes.
    static let formatVersion = "1"

    /// Reads the file, or makes it in a new directory; returns the cluster id.
    static func open(in directory: String, clusterID: String?) throws(LogError) -> String {
        let path = "\(directory)/meta.properties"
        if let bytes = try FileSystem.contents(of: path) {
            return try read(bytes, path)
        }
        let id = clusterID ?? randomID()
        let text = "format.version=\(formatVersion)\ncluster.id=\(id)\n"
        try FileSystem.replace(path, with: Array(text.utf8), directory: directory)
        return id
    }

    /// Throws when a directory was written by a program that knows more; one without the file is not looked at.
    static func check(in directory: String) throws(LogError) {
        let path = "\(directory)/meta.properties"
        if let bytes = try FileSystem.contents(of: path) { _ = try read(bytes, path) }
    }

    private static func read(_ bytes: [UInt8], _ path: String) throws(LogError) -> String {
        let values = parse(String(decoding: bytes, as: UTF8.self))
        let version = values["format.version"] ?? "none"
        guard version == formatVersion, let found = values["cluster.id"] else {
            throw .unknownFormat(path: path, found: version, supported: formatVersion)
        }
        return found
    }

    /// What the file says; nil when there is none.
    static func values(in directory: String) throws(LogError) -> [String: String]? {
        try FileSystem.contents(of: "\(directory)/meta.properties").map { parse(String(decoding: $0, as: UTF8.self)) }
    }

    private static func parse(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        return values
    }

    /// 128 random bits in the 22 characters of URL-safe base64, as Kafka's cluster ids.
    private static func randomID() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        return String((0..<22).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
    }
}
