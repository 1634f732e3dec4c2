// One entry for libFuzzer; SOMA_FUZZ names what the bytes are given to. Built by `Fuzz/run`.
import Glibc

private let target = String(cString: getenv("SOMA_FUZZ") ?? strdup("request"))
private let rows = MessageRow.all
private let folder = {
    var template = Array("/dev/shm/soma-fuzz-XXXXXX".utf8CString)
    _ = mkdtemp(&template)
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    switch target {
    case "request": request(bytes)
    case "answer": answer(bytes)
    case "batch": batch(bytes)
    case "codec": codec(bytes)
    case "group": groupRecord(bytes)
    case "file": file(bytes)
    case "segment": segment(bytes)
    case "settings": settings(bytes)
    case "sasl": sasl(bytes)
    default: fatalError("no target \(target)")
    }
    return 0
}

/// The first two bytes choose the API and the version.
private func choose(_ bytes: UnsafeRawBufferPointer) -> (MessageRow, Int16, UnsafeRawBufferPointer)? {
    guard bytes.count > 2 else { return nil }
    let row = rows.first { $0.layout.key.rawValue == Int16(bytes[0]) } ?? rows[Int(bytes[0]) % rows.count]
    let versions = row.layout.versions
    let version = versions.contains(Int16(bytes[1])) ? Int16(bytes[1]) : versions.lowerBound + Int16(Int(bytes[1]) % versions.count)
    return (row, version, UnsafeRawBufferPointer(rebasing: bytes[2...]))
}

private func request(_ bytes: UnsafeRawBufferPointer) {
    guard let (row, version, body) = choose(bytes) else { return }
    // What could be read is written and read again: it must be the same.
    guard let written = try? row.rewriteRequest(body, version) else { return }
    written.withUnsafeBytes { again in
        guard let twice = try? row.rewriteRequest(again, version), twice == written else {
            fatalError("\(row.layout.key) \(version): what was written is not read back")
        }
    }
}

private func answer(_ bytes: UnsafeRawBufferPointer) {
    guard let (row, version, body) = choose(bytes) else { return }
    _ = try? row.rewriteResponse(body, version)
}

private func batch(_ bytes: UnsafeRawBufferPointer) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer { copy.deallocate() }
    copy.copyMemory(from: bytes)
    // A right checksum and magic, which chance does not find.
    if bytes.count >= 61, bytes[0] & 1 == 0 {
        copy.storeBytes(of: UInt32(bytes.count - 12).bigEndian, toByteOffset: 8, as: UInt32.self)
        copy[16] = 2
        let sum = RecordBatch.checksum(of: UnsafeRawBufferPointer(copy))
        copy.storeBytes(of: sum.bigEndian, toByteOffset: 17, as: UInt32.self)
    }
    let batch = UnsafeRawBufferPointer(copy)
    let validator = BatchValidator(maxMessageBytes: 1 << 20, requiresKeys: bytes.first == 2, origin: .client)
    if let valid = try? validator.validate(batch) {
        for codec in CompressionCodec.allCases { _ = try? valid.first?.recompressed(with: codec, maxMessageBytes: 1 << 20) }
    }
    guard let header = try? RecordBatchHeader(batch), header.totalByteCount <= batch.count else { return }
    let whole = UnsafeRawBufferPointer(rebasing: batch[..<header.totalByteCount])
    try? RecordBatch.forEachRecord(in: whole, header: header) { record in
        _ = try? GroupRecord(key: record.key, value: record.value)
        return true
    }
}

private func codec(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let codec = CompressionCodec.allCases[Int(first) % CompressionCodec.allCases.count]
    let body = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    var writer = ByteWriter()
    try? codec.decompress(body, into: &writer, maximumByteCount: 100_000)
    precondition(writer.count <= 100_000)
    if first >= 128 {
        var packed = ByteWriter(), unpacked = ByteWriter()
        guard (try? codec.compress(body, into: &packed)) != nil else { fatalError("\(codec) cannot compress") }
        do {
            try codec.decompress(packed.bytes, into: &unpacked, maximumByteCount: body.count)
        } catch {
            fatalError("\(codec): \(error)")
        }
        precondition(Array(unpacked.bytes) == Array(body))
    }
}

private func groupRecord(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let rest = bytes.dropFirst()
    let keyCount = min(Int(first), rest.count)
    let key = UnsafeRawBufferPointer(rebasing: rest.prefix(keyCount))
    let value = UnsafeRawBufferPointer(rebasing: rest.dropFirst(keyCount))
    _ = try? GroupRecord(key: key, value: value)
    _ = ConsumerSubscription.topics(in: Array(value))
}

private func file(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let body = Array(bytes.dropFirst())
    switch first % 5 {
    case 0: _ = try? CatalogueFile.decode(body)
    case 1: _ = try? LineFile(kind: "rules").decode(body)
    case 2:
        // The checksum is mended, or nothing else would ever be read.
        var mended = body
        if mended.count >= 14 {
            let sum = mended.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[10...])) }
            withUnsafeBytes(of: sum.bigEndian) { mended.replaceSubrange(6..<10, with: $0) }
        }
        _ = ProducerSnapshot.decode(mended)
    case 3:
        let path = "\(folder)/checkpoint"
        write(body, path)
        _ = try? Checkpoint.read(path)
    default:
        let path = "\(folder)/index"
        write(body, path)
        write(Array(body.reversed()), path + ".time")
        _ = try? SegmentIndex.load(indexPath: path, timePath: path + ".time", segmentByteCount: 1 << 20)
        _ = try? SegmentIndex.lastTimestamp(inFile: path)
    }
}

private func segment(_ bytes: UnsafeRawBufferPointer) {
    let path = "\(folder)/00000000000000000000.log"
    write(Array(bytes), path)
    guard let handle = try? FileHandle(path: path, flags: O_RDONLY) else { return }
    let scan = SegmentScan(handle: handle, baseOffset: 0, indexInterval: 64)
    _ = try? scan.run(limit: Int64(bytes.count), verifyFrom: 0)
    _ = try? scan.run(limit: Int64(bytes.count))
}

private func settings(_ bytes: UnsafeRawBufferPointer) {
    var overrides: [String: String] = [:]
    let known = BrokerSettings.table.map(\.key)
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(20) {
        let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let first = parts[0].utf8.first else { continue }
        overrides[parts[0].utf8.count == 1 ? known[Int(first) % known.count] : parts[0]] = parts[1]
    }
    _ = try? BrokerSettings(dataDirectory: "/tmp/x", overrides)
}

private struct Judges: SaslSession.Judges {
    static let credential = ScramCredential(salt: [1, 2], storedKey: [3], serverKey: [4], iterations: 4096)
    static let rules = {
        var rules = TokenRules()
        rules.allowsUnsecured = true
        return rules
    }()

    func serverNonce() -> String { "nonce" }
    func find(_ user: String, _ mechanism: SaslMechanism) -> ScramExchange.Lookup {
        .init(credential: Self.credential, isKnown: user == "alice")
    }
    func check(token: String, nowMilliseconds: Int64) throws(TokenRules.Problem) -> SaslIdentity {
        try Self.rules.check(token, nil, nowMilliseconds: nowMilliseconds)
    }
}

/// The first byte chooses the mechanism; messages are parted by the byte 255.
private func sasl(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let mechanism = SaslMechanism.allCases[Int(first) % SaslMechanism.allCases.count]
    var session = SaslSession(mechanisms: SaslMechanism.allCases, maxLifetimeMilliseconds: 1000)
    _ = session.handshake(mechanism.rawValue, version: Int16(first >> 7), nowMilliseconds: 0, Judges())
    for message in bytes.dropFirst().split(separator: 255, omittingEmptySubsequences: false).prefix(5) {
        if case .checkPassword = session.authenticate(Array(message), nowMilliseconds: 0, Judges()) {
            _ = session.decided(first & 1 == 0, nowMilliseconds: 0)
        }
    }
    _ = try? TokenKeys(Array(bytes.dropFirst()))
}

private func write(_ bytes: [UInt8], _ path: String) {
    guard let handle = try? FileHandle(path: path, flags: O_WRONLY | O_CREAT | O_TRUNC) else { return }
    try? handle.write(bytes, at: 0)
}
