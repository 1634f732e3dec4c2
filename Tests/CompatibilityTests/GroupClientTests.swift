import Foundation
import TestSupport
import Testing

/// Groups of librdkafka's newest consumer under changing members, in the classic protocol and in KIP-848's.
@Suite(.serialized) struct GroupClientTests {
    @Test(arguments: ["eager", "cooperative", "consumer"])
    func `while workers come and go each record is handled once`(mode: String) throws {
        let python = ProcessInfo.processInfo.environment["SOMA_TEST_PYTHON"] ?? "python3"
        let broker = try BrokerProcess()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Clients/group_storm.py"
        )
        let result = try ChildProcess.run(["timeout", "120", python, script.path, broker.address, mode, "20"])
        #expect(result.status == 0, "\(result.output.suffix(3000))")
    }
}
