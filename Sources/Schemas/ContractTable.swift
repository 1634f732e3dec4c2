package import Events

/// All contracts of a platform, by event type.
package struct ContractTable: Sendable {
    private let byType: [String: Contract]

    /// Reads contracts; of several versions of a type the last in the list is taken.
    ///
    /// - Throws: `SchemaError` of the first that cannot be read.
    package init(_ schemas: [EventSchema] = EventSchemas.all) throws(SchemaError) {
        var table: [String: Contract] = [:]
        for schema in schemas { table[schema.type] = try Contract(schema) }
        byType = table
    }

    package subscript(type: String) -> Contract? { byType[type] }

    /// Sorted.
    package var types: [String] { byType.keys.sorted() }

    /// The known type that is spelt most like the given one; for error messages.
    package func nearest(to type: String) -> String? {
        let limit = max(2, type.utf8.count / 3)
        return types.map { (name: $0, distance: Self.distance(type, $0)) }
            .filter { $0.distance <= limit }.min { $0.distance < $1.distance }?.name
    }

    /// Levenshtein's distance; the given text is cut, so the cost is bounded.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8.prefix(64))
        let right = Array(right.utf8.prefix(64))
        var row = Array(0...right.count)
        for (i, leftByte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, rightByte) in right.enumerated() {
                let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (leftByte == rightByte ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[right.count]
    }
}
