/// The header fields of a request, names in lower case, in the order received.
package struct Headers: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    package private(set) var fields: [Field]

    package init(_ fields: [(String, String)] = []) {
        self.fields = fields.map { Field(name: $0.0.lowercased(), value: $0.1) }
    }

    mutating func append(lowercasedName name: String, value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// The first field of that lower-case name.
    package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    func count(of name: String) -> Int { fields.reduce(0) { $1.name == name ? $0 + 1 : $0 } }
}
