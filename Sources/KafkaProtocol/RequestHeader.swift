package import Bytes

/// The first fields of every request frame.
package struct RequestHeader: Sendable, Equatable {
    package var key: Int16
    package var version: Int16
    package var correlationID: Int32
    /// What the client calls itself; null and odd text are legal.
    package var clientID: String?

    package init(key: Int16, version: Int16, correlationID: Int32, clientID: String?) {
        self.key = key
        self.version = version
        self.correlationID = correlationID
        self.clientID = clientID
    }

    /// Reads the header up to the client id, which has the old form of length in every version.
    ///
    /// The tagged fields of header version 2 follow it; `skipTaggedFields` of a reader for the version takes them.
    package init(from bytes: inout ByteReader) throws(ByteError) {
        key = try bytes.readInt16()
        version = try bytes.readInt16()
        correlationID = try bytes.readInt32()
        let length = Int(try bytes.readInt16())
        guard length >= 0 else {
            guard length == -1 else { throw .negativeLength(length) }
            clientID = nil
            return
        }
        // A client id is for people to read: bytes that are no UTF-8 are shown as such and break nothing.
        clientID = String(decoding: try bytes.readBytes(length), as: UTF8.self)
    }

    package func write(to writer: inout WireWriter) {
        writer.int16(key)
        writer.int16(version)
        writer.int32(correlationID)
        guard let clientID else {
            writer.int16(-1)
            return writer.emptyTaggedFields()
        }
        writer.int16(Int16(clamping: clientID.utf8.count))
        writer.output.writeUTF8(clientID)
        writer.emptyTaggedFields()
    }
}
