/// One place where data breaks its contract.
package struct Violation: Sendable, Equatable {
    /// JSON pointer (RFC 6901) to the value; empty for the whole.
    package var pointer: String
    /// What is wrong with it, as the end of a sentence that begins with the pointer.
    package var reason: String

    package init(pointer: String, reason: String) {
        self.pointer = pointer
        self.reason = reason
    }

    /// A member's name as a step of a JSON pointer.
    package static func step(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return "/" + name
        }
        return "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}

/// A schema that says something this validator does not know; nothing is silently left unchecked.
package struct SchemaError: Error, CustomStringConvertible, Equatable {
    /// JSON pointer into the schema.
    package let pointer: String
    package let reason: String

    package var description: String { "schema\(pointer.isEmpty ? "" : " at \(pointer)"): \(reason)" }
}
