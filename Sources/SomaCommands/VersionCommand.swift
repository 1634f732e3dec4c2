import JSON

/// The command `soma version`.
enum VersionCommand {
    /// The version of the platform.
    static let version = "0.1.0"

    static let command = Command("version", "Show the version.") { invocation in
        if invocation.isForPeople {
            try invocation.console.write("soma \(version)\n")
        } else {
            try invocation.emit(["version": .string(version)])
        }
        return .success
    }
}
