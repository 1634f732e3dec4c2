/// How much room to offer a decoder next: up to 256 KiB, and one byte more than allowed so that an overrun shows.
func roomLeft(written: Int, maximumByteCount: Int) throws(CompressionError) -> Int {
    guard written <= maximumByteCount else { throw .tooLarge(limit: maximumByteCount) }
    return min(256 << 10, maximumByteCount - written + 1)
}
