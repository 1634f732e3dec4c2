import EventLoop
import KafkaProtocol

/// DescribeUserScramCredentials 0 (KIP-554): who may log in with SCRAM; never a key or a salt.
enum DescribeUserScramCredentialsHandler: Handler {
    typealias Request = DescribeUserScramCredentialsRequest
    typealias Response = DescribeUserScramCredentialsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        guard exchange.authorizeCluster(.describe) else {
            response.errorCode = .clusterAuthorizationFailed
            response.errorMessage = "Cluster authorization failed."
            return exchange.answer(response)
        }
        let users = exchange.services.security.users.all
        if let asked = request.users, !asked.isEmpty {
            let names = asked.map(\.name)
            let twice = Set(names.filter { name in names.count { $0 == name } > 1 })
            response.results = Set(names).sorted().map { name in
                if twice.contains(name) {
                    return refused(
                        name,
                        .duplicateResource,
                        "Cannot describe SCRAM credentials for the same user twice."
                    )
                }
                return users[name].map { describe(name, $0) }
                    ?? refused(name, .resourceNotFound, "There are no SCRAM credentials of this user.")
            }
        } else {
            response.results = users.sorted { $0.key < $1.key }.map { describe($0.key, $0.value) }
        }
        exchange.answer(response)
    }

    private static func describe(_ name: String, _ credentials: ScramUsers.Credentials) -> Response.Result {
        var result = Response.Result()
        result.user = name
        result.credentialInfos = credentials.compactMap { mechanism, credential in
            guard let number = mechanism.scramNumber else { return nil }
            var info = Response.Result.Credential()
            info.mechanism = number
            info.iterations = Int32(clamping: credential.iterations)
            return info
        }.sorted { $0.mechanism < $1.mechanism }
        return result
    }

    private static func refused(_ name: String, _ error: ErrorCode, _ message: String) -> Response.Result {
        var result = Response.Result()
        result.user = name
        result.errorCode = error
        result.errorMessage = message
        return result
    }
}
