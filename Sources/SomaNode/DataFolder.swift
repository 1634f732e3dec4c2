private import CLinux
private import Crypto
private import Glibc
private import JSON

/// The folder in which a node keeps everything, held by one process at a time.
package final class DataFolder: Sendable {
    /// Another process runs on the folder.
    package struct InUse: Error, CustomStringConvertible {
        let path: String
        let processID: String
        package var description: String {
            "\(path) is in use by another soma (pid \(processID)); stop it, or give this one its own folder with --data"
        }
    }

    package let path: String
    package let isTemporary: Bool
    private let lock: Int32

    /// Takes the folder, making it when it is missing; nil is a new folder that is removed at the end.
    package init(_ given: String?) throws {
        isTemporary = given == nil
        if let given {
            try Files.makeFolder(given)
            path = Files.absolute(given)
        } else {
            path = try Files.makeTemporaryFolder()
        }
        // The lock goes with the process, however it ends; a file with a pid alone would outlive it.
        let file = path + "/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Files.Failure("open", file) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            defer { close(descriptor) }
            guard errno == EWOULDBLOCK else { throw Files.Failure("lock", file) }
            let holder = (try? Files.readAll(descriptor, file, 64)).map { String(decoding: $0, as: UTF8.self) }
            throw InUse(path: path, processID: holder.flatMap { $0.isEmpty ? nil : $0 } ?? "unknown")
        }
        let text = Array(String(getpid()).utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, text, text.count, 0)
        lock = descriptor
    }

    /// Lets go of the folder, and removes it if it was made for this run alone.
    package func release() {
        unlink(path + "/" + DevInstance.fileName)
        if isTemporary { Files.removeTree(path) }
        flock(lock, LOCK_UN)
    }

    deinit { close(lock) }

    /// The API key of this folder: made once, readable by its owner alone.
    package func apiKey() throws -> String {
        let file = path + "/api-key"
        if let kept = try Files.text(file) {
            let key = kept.filter { !$0.isWhitespace }
            if !key.isEmpty { return key }
        }
        let made = "soma-" + Hex.encode(Secrets.random(24))
        try Files.write(made + "\n", to: file)
        return made
    }

    /// The name under which the processors of this folder are members of their groups, the same after every start.
    package func instanceID() throws -> String {
        let file = path + "/instance-id"
        if let kept = try Files.text(file), !kept.isEmpty { return kept }
        let made = "dev-" + Hex.encode(Secrets.random(6))
        try Files.write(made, to: file)
        return made
    }

    /// Tells others on this machine what runs here.
    package func announce(_ instance: DevInstance) throws {
        try Files.write(instance.json.text + "\n", to: path + "/" + DevInstance.fileName)
    }
}
