package import VectorSink

/// The index of remembered text inside a data folder.
package enum MemoryFolder {
    /// Opens the index that belongs to a log.
    ///
    /// The index knows how far it has read: two logs must not be taken for one, so each has its own folder.
    package static func open(in data: String, clusterID: String) throws -> MemoryIndex {
        let legible = clusterID.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        let folder = "\(data)/memory/\(legible.isEmpty ? "log" : legible)"
        try Files.makeFolder(folder)
        return try MemoryIndex(directory: folder)
    }
}
