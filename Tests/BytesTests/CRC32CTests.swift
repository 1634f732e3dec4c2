import Bytes
import CChecksum
import Testing

@Suite struct CRC32CTests {
    private func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.checksum($0) } }

    /// RFC 3720, B.4.
    @Test func `the vectors of iSCSI are met`() {
        #expect(checksum([]) == 0)
        #expect(checksum(Array("123456789".utf8)) == 0xe306_9283)
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(checksum(Array(0..<32)) == 0x46dd_794e)
        #expect(checksum(Array((0..<32).reversed())) == 0x113f_db5c)
    }

    @Test func `the instruction, the tables and joined parts agree at every length and alignment`() {
        var random = SplitMix(state: 1)
        let bytes = (0..<40_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { all in
            for count in Array(0..<70) + [767, 768, 769, 4096, 12_287, 12_288, 12_289, 39_990] {
                let part = UnsafeRawBufferPointer(rebasing: all[(count % 9)..<(count % 9 + count)])
                let whole = CRC32C.checksum(part)
                #expect(whole == soma_crc32c_portable(0, part.baseAddress, count))
                let middle = count / 3
                let head = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: part[..<middle]))
                let tail = UnsafeRawBufferPointer(rebasing: part[middle...])
                #expect(whole == CRC32C.checksum(tail, continuing: head))
                #expect(whole == soma_crc32c_combine(head, CRC32C.checksum(tail), count - middle))
            }
        }
    }
}
