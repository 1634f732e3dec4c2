import Crypto
import EventLoop
import KafkaProtocol
import Telemetry

/// AlterUserScramCredentials 0 (KIP-554): adds, changes and removes users of SCRAM.
///
/// The client sends the password after PBKDF2; of that only what checks it is kept.
enum AlterUserScramCredentialsHandler: Handler {
    typealias Request = AlterUserScramCredentialsRequest
    typealias Response = AlterUserScramCredentialsResponse

    private struct Refusal: Error {
        let code: ErrorCode
        let message: String
    }

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.administration.post {
            var response = Response()
            let names = Set(request.deletions.map(\.name) + request.upsertions.map(\.name)).sorted()
            var refusals: [String: Refusal] = [:]
            if exchange.authorizeCluster(.alter) {
                refusals = change(request, exchange.services)
            } else {
                for name in names {
                    refusals[name] = Refusal(
                        code: .clusterAuthorizationFailed,
                        message: "Cluster authorization failed."
                    )
                }
            }
            response.results = names.map { name in
                var result = Response.Result()
                result.user = name
                result.errorCode = refusals[name]?.code ?? .none
                result.errorMessage = refusals[name]?.message
                return result
            }
            exchange.answer(response)
        }
    }

    /// What is right for a user is done for that user, all of it or nothing.
    private static func change(_ request: Request, _ services: BrokerServices) -> [String: Refusal] {
        let users = services.security.users
        var refusals = check(request, users.all)
        func isTaken(_ name: String) -> Bool { refusals[name] == nil }
        let deletions = request.deletions.filter { isTaken($0.name) }
        let upsertions = request.upsertions.filter { isTaken($0.name) }
        guard !deletions.isEmpty || !upsertions.isEmpty else { return refusals }
        do throws(AtomicFile.Failure) {
            try users.change { users in
                for deletion in deletions {
                    guard let mechanism = SaslMechanism.scram(number: deletion.mechanism) else { continue }
                    users[deletion.name]?[mechanism] = nil
                    if users[deletion.name]?.isEmpty == true { users[deletion.name] = nil }
                }
                for upsertion in upsertions {
                    guard let mechanism = SaslMechanism.scram(number: upsertion.mechanism), let hash = mechanism.hash
                    else { continue }
                    users[upsertion.name, default: [:]][mechanism] = ScramCredential(
                        saltedPassword: upsertion.saltedPassword,
                        salt: upsertion.salt,
                        iterations: Int(upsertion.iterations),
                        hash
                    )
                }
            }
        } catch {
            services.logger.error("users not written", ["cause": .value(error)])
            for name in deletions.map(\.name) + upsertions.map(\.name) {
                refusals[name] = Refusal(code: .kafkaStorageError, message: "\(error)")
            }
        }
        return refusals
    }

    private static func check(_ request: Request, _ users: [String: ScramUsers.Credentials]) -> [String: Refusal] {
        var refusals: [String: Refusal] = [:]
        var seen: Set<String> = []
        func refuse(_ name: String, _ code: ErrorCode, _ message: String) {
            if refusals[name] == nil { refusals[name] = Refusal(code: code, message: message) }
        }
        func note(_ name: String, _ mechanism: Int8) {
            if name.isEmpty { refuse(name, .unacceptableCredential, "Username must not be empty") }
            if SaslMechanism.scram(number: mechanism) == nil {
                refuse(name, .unsupportedSaslMechanism, "Unknown SCRAM mechanism")
            }
            if !seen.insert("\(mechanism) \(name)").inserted {
                refuse(name, .duplicateResource, "A user credential cannot be altered twice in the same request")
            }
        }
        for deletion in request.deletions {
            note(deletion.name, deletion.mechanism)
            if let mechanism = SaslMechanism.scram(number: deletion.mechanism), users[deletion.name]?[mechanism] == nil
            {
                refuse(
                    deletion.name,
                    .resourceNotFound,
                    "Attempt to delete a user credential that does not exist"
                )
            }
        }
        let allowed = ScramCredential.iterationsAllowed
        for upsertion in request.upsertions {
            note(upsertion.name, upsertion.mechanism)
            if upsertion.iterations < allowed.lowerBound {
                refuse(upsertion.name, .unacceptableCredential, "Too few iterations")
            }
            if upsertion.iterations > allowed.upperBound {
                refuse(upsertion.name, .unacceptableCredential, "Too many iterations")
            }
            if upsertion.salt.isEmpty || upsertion.salt.count > ScramCredential.saltBytesMax {
                refuse(upsertion.name, .unacceptableCredential, "The salt is empty or too long")
            }
            let size = SaslMechanism.scram(number: upsertion.mechanism)?.hash?.byteCount
            if upsertion.saltedPassword.count != size {
                refuse(upsertion.name, .unacceptableCredential, "The salted password has another length")
            }
            if upsertion.name.utf8.count > 1024 {
                refuse(upsertion.name, .unacceptableCredential, "The name is too long")
            }
            if users[upsertion.name] == nil, users.count >= ScramUsers.usersMax {
                refuse(upsertion.name, .policyViolation, "There are \(ScramUsers.usersMax) users already")
            }
        }
        return refusals
    }
}
