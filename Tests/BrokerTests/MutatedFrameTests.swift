import Clocks
import Foundation
import KafkaProtocol
import Telemetry
import Testing

/// Requests that Apache Kafka's own clients sent, damaged in every way, against a live broker.
@Suite(.serialized) struct MutatedFrameTests {
    private static func frames() throws -> [[UInt8]] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Golden")
        return try ["schema", "conversation", "clients"].flatMap { name in
            try String(contentsOf: folder.appendingPathComponent("\(name).frames"), encoding: .utf8)
                .split(separator: "\n").compactMap { line -> [UInt8]? in
                    let words = line.split(separator: " ")
                    guard words.count == 5, words[3] == "q" else { return nil }
                    return Data(base64Encoded: String(words[4])).map { Array($0) }
                }
        }
    }

    private static let huge: [[UInt8]] = [
        [0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0xff, 0xff, 0xff, 0xff, 0x0f],
        [0xff, 0xff, 0xff, 0x7f], [0x7f, 0xff], [0xff, 0xfe],
    ]

    /// The key, the version and the correlation id; most often they stay, so that more than the header is read.
    private static let headByteCount = 8

    private static func mutate(_ frame: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
        var head = Array(frame.prefix(headByteCount))
        var body = Array(frame.dropFirst(headByteCount))
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0...body.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: body.removeSubrange(place...)
            case 1 where place < body.count: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2:
                let value = huge.randomElement(using: &random) ?? []
                body.replaceSubrange(place..<min(body.count, place + value.count), with: value)
            case 3: body.insert(contentsOf: (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }, at: place)
            case 4: body.removeSubrange(place..<min(body.count, place + Int.random(in: 1...8, using: &random)))
            default:
                body += (0..<Int.random(in: 1...200, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
        }
        if Int.random(in: 0..<20, using: &random) == 0 {
            head[Int.random(in: 0..<4, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        return head + body
    }

    /// Connections that the broker has open, by its own count.
    private static func connections(_ broker: BrokerFixture) -> Int? {
        let lines = broker.metrics.prometheusText().split(separator: "\n")
        let line = lines.first { $0.hasPrefix("soma_broker_connections ") }
        return line.flatMap { Int($0.split(separator: " ")[1]) }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `five hundred damaged requests neither stop nor hang the broker, and leave nothing open`(seed: UInt64) throws {
        let broker = try BrokerFixture([
            "num.partitions": "1", "authorizer.class.name": "standard", "super.users": "User:ANONYMOUS",
        ])
        let canary = try broker.client(waitSeconds: 5)
        _ = try canary.call(ApiVersionsRequest(), version: 0, as: ApiVersionsResponse.self)
        let frames = try Self.frames()
        var random = SeededGenerator(seed: seed)
        var open: [WireClient] = []
        for index in 0..<500 {
            let frame = try #require(frames.randomElement(using: &random))
            let client = try broker.client(waitSeconds: 5)
            let bytes = Self.mutate(frame, using: &random)
            client.send(frame: bytes)
            open.append(client)
            if open.count > 40 { open.removeFirst() }
            if index % 25 == 0 {
                let answer = try canary.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self)
                #expect(answer.errorCode == .none, "seed \(seed), after \(index)")
            }
        }
        open = []
        // The broker hears of closed connections between its answers.
        let deadline = Clock.system.monotonicMilliseconds + 10_000
        while Self.connections(broker) != 1, Clock.system.monotonicMilliseconds < deadline {
            _ = try canary.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self)
        }
        #expect(Self.connections(broker) == 1, "the canary's")
        var request = ListConfigResourcesRequest()
        request.resourceTypes = [4]
        let last = try canary.call(request, version: 1, as: ListConfigResourcesResponse.self)
        #expect(last.configResources.count == 1)
    }
}
