private import Glibc

/// Where PostgreSQL's programs are on this machine.
package struct PostgresPrograms: Sendable {
    package let postgres: String
    package let initdb: String

    private static let debian = "/usr/lib/postgresql"

    /// The newest version that Debian's packages put there, else what stands in PATH.
    package static func find() throws -> PostgresPrograms {
        let versions = Files.names(in: debian).compactMap { Int($0) }.sorted(by: >)
        let folders = versions.map { "\(debian)/\($0)/bin" } + ["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"]
        for folder in folders where access(folder + "/postgres", X_OK) == 0 && access(folder + "/initdb", X_OK) == 0 {
            return PostgresPrograms(postgres: folder + "/postgres", initdb: folder + "/initdb")
        }
        throw PrivatePostgres.Failure(
            description: "PostgreSQL is not installed: apt-get install postgresql-15, or set SOMA_POSTGRES_URL"
        )
    }
}
