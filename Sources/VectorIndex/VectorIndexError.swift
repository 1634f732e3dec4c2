/// Why the index refused, in hnswlib's own words where there are any.
package struct VectorIndexError: Error, Equatable, CustomStringConvertible {
    package let operation: String
    package let reason: String

    package var description: String { "\(operation): \(reason)" }
}
