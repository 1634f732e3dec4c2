import Clocks
import KafkaProtocol
import Telemetry
import Testing

@Suite struct BadInputTests {
    @Test func `an unknown version of ApiVersions is answered in version 0`() throws {
        let broker = try BrokerFixture()
        let client = try broker.client()
        client.send(frame: [0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff])
        let response = try client.receive(
            ApiVersionsRequest.layout,
            version: 0,
            correlationID: 7,
            as: ApiVersionsResponse.self
        )
        #expect(response.errorCode == .unsupportedVersion)
        #expect(response.apiKeys.contains { $0.apiKey == 18 && $0.maxVersion == 4 })
    }

    @Test func `versions advertised are versions served, but for Produce from 0`() throws {
        let broker = try BrokerFixture()
        var request = ApiVersionsRequest()
        request.clientSoftwareName = "test"
        request.clientSoftwareVersion = "1"
        let response = try broker.client().call(request, version: 3, as: ApiVersionsResponse.self)
        #expect(response.apiKeys.count == APIKey.allCases.count)
        #expect(response.apiKeys.first { $0.apiKey == 0 }?.minVersion == 0)
    }

    @Test func `an odd client name is an invalid request`() throws {
        let broker = try BrokerFixture()
        var request = ApiVersionsRequest()
        request.clientSoftwareName = "a b"
        request.clientSoftwareVersion = "1"
        #expect(
            try broker.client().call(request, version: 3, as: ApiVersionsResponse.self).errorCode == .invalidRequest
        )
    }

    @Test(
        arguments: [
            [0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], Array("GET / HTTP/1.1\r\n\r\n".utf8),
            [0, 0, 0, 2, 1, 2],
            // An API that is not served, and a version that is not.
            [0, 0, 0, 10, 0, 99, 0, 0, 0, 0, 0, 1, 0xff, 0xff], [0, 0, 0, 10, 0, 1, 0, 1, 0, 0, 0, 1, 0xff, 0xff],
        ] as [[UInt8]]
    )
    func `rubbish closes the connection with a reason in the log, and only that connection`(bytes: [UInt8]) throws {
        let broker = try BrokerFixture()
        let good = try broker.client()
        let client = try broker.client()
        client.send(bytes)
        #expect(client.isClosedByPeer())
        #expect(broker.log.lines.contains { $0.contains("connection closed") && $0.contains("reason=") })
        #expect(try good.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self).errorCode == .none)
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func `random bodies of every API and version neither stop nor hang the broker`(seed: UInt64) throws {
        let broker = try BrokerFixture()
        var random = SeededGenerator(seed: seed)
        for key in APIKey.allCases {
            let version = Int16.random(in: 0...9, using: &random)
            let client = try broker.client()
            let top: UInt8 = seed % 2 == 0 ? 255 : 3
            let body = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                UInt8.random(in: 0...top, using: &random)
            }
            client.send(frame: [0, UInt8(key.rawValue), 0, UInt8(version), 0, 0, 0, 1, 0, 0] + body)
        }
        let response = try broker.client().call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self)
        #expect(response.errorCode == .none)
    }

    @Test func `a frame that arrives byte by byte is a frame`() throws {
        let broker = try BrokerFixture()
        let client = try broker.client()
        for byte: UInt8 in [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 9, 0xff, 0xff] { client.send([byte]) }
        let response = try client.receive(
            ApiVersionsRequest.layout,
            version: 0,
            correlationID: 9,
            as: ApiVersionsResponse.self
        )
        #expect(response.errorCode == .none)
    }
}
