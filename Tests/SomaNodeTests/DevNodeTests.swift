import SomaNode
import Testing

/// The whole platform in the test's own process.
@Suite(.enabled(if: (try? PostgresPrograms.find()) != nil, "PostgreSQL is not installed"), .serialized)
struct DevNodeTests {
    private func settings(_ data: String?) throws -> DevSettings {
        var settings = DevSettings()
        settings.data = data
        settings.portOffset = try freeOffset()
        return settings
    }

    /// An offset with which both standard ports are free.
    private func freeOffset() throws -> UInt16 {
        for _ in 0..<100 {
            let offset = UInt16.random(in: 10_000..<50_000)
            if FreePort.isFree(9092 + offset), FreePort.isFree(8080 + offset) { return offset }
        }
        throw NoFreePorts()
    }

    @Test func `starts, says where it is, and stops; a second start finds the same key`() throws {
        let path = try Files.makeTemporaryFolder()
        defer { Files.removeTree(path) }
        let settings = try settings(path)
        let first = try DevNode(settings)
        #expect(DevInstance.running(data: path) == first.instance)
        #expect(first.instance.durable)
        #expect(first.notes.contains { $0.contains("1 replica") })
        #expect(throws: DataFolder.InUse.self) { try DevNode(settings) }
        first.stop()
        #expect(FreePort.isFree(settings.brokerPort) && FreePort.isFree(settings.httpPort))

        let second = try DevNode(settings)
        #expect(second.instance.apiKey == first.instance.apiKey)
        #expect(second.notes.isEmpty)
        second.stop()
    }

    @Test func `a port in use is named, and nothing is left running or lying about`() throws {
        let settings = try settings(nil)
        let first = try DevNode(settings)
        defer { first.stop() }
        #expect(!first.instance.durable)
        let error = #expect(throws: DevNode.PortInUse.self) { try DevNode(settings) }
        #expect(error?.description.contains("--port-offset") == true)
    }
}

private struct NoFreePorts: Error {}
