import Glibc
import JSON
import SomaNode
import Testing

@Suite struct DataFolderTests {
    @Test func `a folder belongs to one process at a time`() throws {
        let path = try Files.makeTemporaryFolder()
        defer { Files.removeTree(path) }
        let first = try DataFolder(path)
        let error = #expect(throws: DataFolder.InUse.self) { try DataFolder(path) }
        #expect(error?.description.contains("pid \(getpid())") == true)
        first.release()
        let second = try DataFolder(path)
        second.release()
    }

    @Test func `the key is made once and is its owner's alone`() throws {
        let path = try Files.makeTemporaryFolder()
        defer { Files.removeTree(path) }
        let folder = try DataFolder(path)
        let key = try folder.apiKey()
        #expect(key.utf8.count > 40)
        #expect(try folder.apiKey() == key)
        var status = stat()
        #expect(stat(path + "/api-key", &status) == 0 && status.st_mode & 0o777 == 0o600)
        folder.release()
    }

    @Test func `a folder for one run goes with it`() throws {
        let folder = try DataFolder(nil)
        _ = try folder.apiKey()
        folder.release()
        #expect(!Files.exists(folder.path))
    }

    @Test func `an instance is found while it runs`() throws {
        let path = try Files.makeTemporaryFolder()
        defer { Files.removeTree(path) }
        let folder = try DataFolder(path)
        let instance = DevInstance(
            broker: "127.0.0.1:1",
            http: "http://127.0.0.1:2",
            postgres: "postgresql://x",
            apiKey: "k",
            data: path,
            durable: true,
            processID: getpid()
        )
        try folder.announce(instance)
        #expect(DevInstance.running(data: path) == instance)
        #expect(DevInstance(json: instance.json) == instance)
        #expect(
            instance.json.members?.map(\.name) == ["broker", "http", "postgres", "api_key", "data", "durable", "pid"]
        )
        folder.release()
        #expect(DevInstance.running(data: path) == nil)
    }
}
