/// Where the record batches of a produce or fetch message are; a message never holds a copy of them.
package enum RecordSet: Sendable, Equatable {
    /// The field is null, or empty.
    case none
    /// A part of the frame that was read, as byte positions in it.
    case slice(Range<Int>)
    /// Bytes that whoever sends the message puts in at the writer's splice of that index.
    case external(index: Int, byteCount: Int)

    package var byteCount: Int {
        switch self {
        case .none: 0
        case .slice(let range): range.count
        case .external(_, let byteCount): byteCount
        }
    }
}
