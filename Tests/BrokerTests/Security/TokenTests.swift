import Crypto
import JSON
import TestSupport
import Testing

@testable import Broker

/// Keys and tokens made by the `openssl` program, so that another implementation signs what ours checks.
struct TokenMaker {
    let directory: TemporaryDirectory
    let kind: SignatureKey.Algorithm

    init(_ kind: SignatureKey.Algorithm) throws {
        directory = try TemporaryDirectory()
        self.kind = kind
        let words =
            switch kind {
            case .rs256, .rs384, .rs512: "RSA -pkeyopt rsa_keygen_bits:2048"
            case .es256: "EC -pkeyopt ec_paramgen_curve:P-256"
            case .es384: "EC -pkeyopt ec_paramgen_curve:P-384"
            case .edDSA: "ED25519"
            }
        try run("openssl genpkey -algorithm \(words) -out key.pem")
    }

    private func run(_ command: String) throws {
        let result = try ChildProcess.run(["bash", "-c", "cd \(directory.path) && \(command)"])
        guard result.status == 0 else { throw WireClient.Failure(description: result.output) }
    }

    private func bytes(_ name: String) -> [UInt8] {
        Base64.decode(readFile("\(directory.path)/\(name)").utf8.filter { $0 != 10 }) ?? []
    }

    /// The public key as RFC 7517 writes it, from OpenSSL's DER form.
    func jwk(kid: String) throws -> String {
        try run("openssl pkey -in key.pem -pubout -outform DER | base64 -w0 > public")
        let der = bytes("public")
        func text(_ bytes: some Sequence<UInt8>) -> String { Base64.encode(Array(bytes), .url) }
        switch kind {
        case .rs256, .rs384, .rs512:
            // The last 5 bytes are the exponent 65537, before them the 256 bytes of the modulus.
            let modulus = der.dropLast(5).suffix(256)
            return #"{"kty":"RSA","kid":"\#(kid)","alg":"\#(kind.rawValue)","n":"\#(text(modulus))","e":"AQAB"}"#
        case .es256, .es384:
            let size = kind == .es256 ? 32 : 48
            let (x, y) = (der.dropLast(size).suffix(size), der.suffix(size))
            return
                #"{"kty":"EC","kid":"\#(kid)","crv":"P-\#(size * 8)","x":"\#(text(x))","y":"\#(text(y))","use":"sig"}"#
        case .edDSA: return #"{"kty":"OKP","kid":"\#(kid)","crv":"Ed25519","x":"\#(text(der.suffix(32)))"}"#
        }
    }

    func token(header: String, claims: String) throws -> String {
        let signed = "\(Base64.encode(Array(header.utf8), .url)).\(Base64.encode(Array(claims.utf8), .url))"
        try run("printf %s '\(signed)' > message")
        switch kind {
        case .edDSA: try run("openssl pkeyutl -sign -inkey key.pem -rawin -in message | base64 -w0 > signature")
        case .rs384, .es384: try run("openssl dgst -sha384 -sign key.pem message | base64 -w0 > signature")
        case .rs512: try run("openssl dgst -sha512 -sign key.pem message | base64 -w0 > signature")
        case .rs256, .es256: try run("openssl dgst -sha256 -sign key.pem message | base64 -w0 > signature")
        }
        var signature = bytes("signature")
        if kind == .es256 || kind == .es384 { signature = Self.plain(signature, size: kind == .es256 ? 32 : 48) }
        return "\(signed).\(Base64.encode(signature, .url))"
    }

    /// ECDSA's two numbers out of their ASN.1.
    private static func plain(_ der: [UInt8], size: Int) -> [UInt8] {
        var rest = der.dropFirst(2)
        var all: [UInt8] = []
        for _ in 0..<2 {
            let count = Int(rest[rest.startIndex + 1])
            let number = rest.dropFirst(2).prefix(count).drop { $0 == 0 }
            all += Array(repeating: 0, count: size - number.count) + number
            rest = rest.dropFirst(2 + count)
        }
        return all
    }
}

@Suite struct TokenTests {
    static let now: Int64 = 1_700_000_000_000

    static var rules: TokenRules {
        var rules = TokenRules()
        rules.issuer = "https://issuer"
        rules.audiences = ["kafka", "soma"]
        rules.scopes = ["produce"]
        return rules
    }

    static let claims =
        #"{"iss":"https://issuer","aud":["x","soma"],"sub":"alice","exp":1700000100,"iat":1699999990.5,"scope":"a produce"}"#

    private func refusal(_ token: String, _ keys: TokenKeys?, _ rules: TokenRules = Self.rules) -> String? {
        do throws(TokenRules.Problem) {
            _ = try rules.check(token, keys, nowMilliseconds: Self.now)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test(arguments: SignatureKey.Algorithm.allCases)
    func `a token signed by the key is believed, one that was touched is not`(kind: SignatureKey.Algorithm) throws {
        let maker = try TokenMaker(kind)
        let keys = try TokenKeys(Array(#"{"keys":[\#(try maker.jwk(kid: "k1"))]}"#.utf8))
        let token = try maker.token(header: #"{"alg":"\#(kind.rawValue)","kid":"k1"}"#, claims: Self.claims)
        let identity = try Self.rules.check(token, keys, nowMilliseconds: Self.now)
        #expect(identity == SaslIdentity(name: "alice", expiresMilliseconds: 1_700_000_100_000))
        let parts = token.split(separator: ".").map(String.init)
        let other = Base64.encode(Array(Self.claims.replacing("alice", with: "admin").utf8), .url)
        #expect(refusal("\(parts[0]).\(other).\(parts[2])", keys) == "the signature is wrong")
        #expect(refusal("\(parts[0]).\(parts[1]).", keys) == "the signature is wrong")
        #expect(refusal(token + "=", keys) == "the signature is malformed")
        #expect(refusal(token + ".x", keys) != nil)
        #expect(refusal(token, nil) == "there are no keys to check tokens with")
    }

    @Test(arguments: [
        (#"{"alg":"none"}"#, "the token is not signed"),
        (#"{"alg":"HS256","kid":"k1"}"#, "the token's algorithm is not its key's"),
        (#"{"alg":"RS256","kid":"k1"}"#, "the token's algorithm is not its key's"),
        (#"{"alg":"ES256","kid":"k2"}"#, "the token's key is not known"),
        (#"{"alg":"ES256","kid":1}"#, "the token's kid is no text"),
        (#"{"alg":"ES256","crit":["exp"]}"#, "the token has critical header fields"),
        (#"{"alg":"ES256","alg":"none"}"#, "the token's header has a member twice"),
        (#"{"kid":"k1"}"#, "the token names no algorithm"),
        (#"{"alg":"ES256","typ":"secevent+jwt"}"#, "the token is of another type"),
        (#"["ES256"]"#, "the token's header is no JSON object"),
    ])
    func `headers that would let the token choose how it is checked are refused`(header: String, why: String) throws {
        let maker = try TokenMaker(.es256)
        let keys = try TokenKeys(Array(#"{"keys":[\#(try maker.jwk(kid: "k1"))]}"#.utf8))
        #expect(refusal(try maker.token(header: header, claims: Self.claims), keys) == why)
    }

    @Test(arguments: [
        ("https://issuer", "https://other", "the token is of another issuer"),
        ("soma", "elsewhere", "the token is for another audience"),
        ("1700000100", "1699999000", "the token has expired"),
        ("\"exp\"", "\"end\"", "the token has no end"), ("1700000100", "\"1700000100\"", "the claim exp is no time"),
        ("1699999990.5", "1700000900", "the token is not valid yet"),
        ("a produce", "a consume", "the token lacks a scope"),
        ("\"sub\"", "\"who\"", "the token names nobody"), ("alice", "", "the token names nobody"),
        ("\"iat\"", "\"sub\"", "the token's payload has a member twice"),
        ("1700000100", "1e300", "the claim exp is no time"),
    ])
    func `claims that do not fit are refused`(from: String, to: String, why: String) throws {
        let maker = try TokenMaker(.edDSA)
        let keys = try TokenKeys(Array(#"{"keys":[\#(try maker.jwk(kid: "k1"))]}"#.utf8))
        let token = try maker.token(header: #"{"alg":"EdDSA"}"#, claims: Self.claims.replacing(from, with: to))
        #expect(refusal(token, keys) == why)
    }

    @Test func `an unsecured token is taken where a setting says so, and nowhere else`() throws {
        let token =
            "\(Base64.encode(Array(#"{"alg":"none"}"#.utf8), .url)).\(Base64.encode(Array(#"{"sub":"bob","exp":1700000100}"#.utf8), .url))."
        #expect(refusal(token, nil) == "the token is not signed")
        var open = TokenRules()
        open.allowsUnsecured = true
        #expect(refusal(token, nil, open) == nil)
        #expect(refusal(token + "AAAA", nil, open) == "the token is not signed")
    }

    @Test(arguments: [
        "", "{}", #"{"keys":[]}"#, #"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#,
        #"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#, #"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#,
        #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}"#,
        #"{"keys":[{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}]}"#,
    ])
    func `a key set without one good key is refused`(text: String) {
        #expect(throws: TokenKeys.Problem.self) { try TokenKeys(Array(text.utf8)) }
    }

    @Test(
        arguments: [
            ("n,,\u{1}auth=Bearer abc\u{1}\u{1}", "abc"),
            ("n,a=me,\u{1}auth=bearer x.y.z\u{1}traceId=1\u{1}\u{1}", "x.y.z"),
            ("y,,\u{1}host=h\u{1}auth=BEARER t\u{1}\u{1}", "t"), ("n,,\u{1}\u{1}", nil),
            ("n,,\u{1}auth=Basic abc\u{1}\u{1}", nil),
            ("n,,\u{1}auth=Bearer \u{1}\u{1}", nil), ("n,,\u{1}auth=Bearer a\u{1}auth=Bearer b\u{1}\u{1}", nil),
            ("n,,\u{1}auth=Bearer abc\u{1}", nil), ("p=x,,\u{1}auth=Bearer abc\u{1}\u{1}", nil), ("", nil),
            ("n,,\u{1}=x\u{1}auth=Bearer abc\u{1}\u{1}", nil),
        ] as [(String, String?)]
    )
    func `the message of OAUTHBEARER has one token between its separators`(text: String, token: String?) {
        #expect((try? BearerMessage(Array(text.utf8)))?.token == token)
    }
}
