/// One header of a record: a name and bytes, in the order of the record.
public struct RecordHeader: Sendable, Equatable {
    /// The name; lower case by convention.
    public var name: String
    /// The value; nil is a header without one.
    public var value: [UInt8]?

    /// Makes a header.
    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    /// Makes a header with a text.
    public init(_ name: String, text: String) {
        self.init(name, Array(text.utf8))
    }
}
