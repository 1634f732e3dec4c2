package import Bytes

/// Which versions of a request there are, and from which on it is in the flexible form (KIP-482).
package struct MessageLayout: Sendable {
    package let key: APIKey
    /// The versions that the codec reads and writes.
    package let versions: ClosedRange<Int16>
    /// The first version with compact lengths and tagged fields; nil when none is.
    package let flexibleFrom: Int16?

    package init(_ key: APIKey, versions: ClosedRange<Int16>, flexibleFrom: Int16?) {
        self.key = key
        self.versions = versions
        self.flexibleFrom = flexibleFrom
    }

    package func isFlexible(_ version: Int16) -> Bool {
        guard let flexibleFrom else { return false }
        return version >= flexibleFrom
    }

    /// The response header has a tagged-field section in flexible versions, but never for ApiVersions: its reader does
    /// not know yet what the broker speaks (KIP-511).
    package func responseHeaderIsFlexible(_ version: Int16) -> Bool {
        key != .apiVersions && isFlexible(version)
    }
}

/// A part of a message that can be read from and written to the wire in any of its versions.
///
/// Tagged fields that matter to a single node are read; those that only tell clients about leaders elsewhere are never
/// written, which every version allows.
package protocol WireStruct: Sendable {
    init()
    init(from reader: inout WireReader, version: Int16) throws(ByteError)
    func write(to writer: inout WireWriter, version: Int16)
}

/// The body of a request.
package protocol KafkaRequest: WireStruct {
    static var layout: MessageLayout { get }
}
