package import Bytes

/// A run of bytes on its way to a socket, and what keeps them alive.
package struct OutputChunk: @unchecked Sendable {  // Sendable holds: the bytes no longer change
    private let owner: AnyObject
    let bytes: UnsafeRawBufferPointer

    /// `owner`: keeps `bytes` valid and unchanged as long as it lives.
    package init(owner: any AnyObject & Sendable, bytes: UnsafeRawBufferPointer) {
        self.owner = owner
        self.bytes = bytes
    }

    /// A part of shared bytes.
    package init(_ shared: SharedBytes, _ range: Range<Int>) {
        self.init(owner: shared, bytes: UnsafeRawBufferPointer(rebasing: shared.bytes[range]))
    }

    package init(_ shared: SharedBytes) { self.init(owner: shared, bytes: shared.bytes) }
}
