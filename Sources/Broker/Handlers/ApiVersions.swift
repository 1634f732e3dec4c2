import EventLoop
import KafkaProtocol

/// ApiVersions 0–4 (KIP-35, KIP-511, features KIP-584): what the broker speaks.
enum ApiVersionsHandler: Handler {
    typealias Request = ApiVersionsRequest
    typealias Response = ApiVersionsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = response(.none)
        if exchange.version >= 3 {
            let fits = [request.clientSoftwareName, request.clientSoftwareVersion].allSatisfy(isProper)
            if !fits { response = ApiVersionsResponse(error: .invalidRequest) }
        }
        exchange.answer(response)
    }

    /// A client that begins with a version from our future gets the oldest answer, which every client reads, and goes
    /// on from there.
    static func answerUnknownVersion(_ arrival: HandlerTable.Arrival) {
        var header = arrival.header
        header.version = 0
        let exchange = Exchange<Response>(
            services: arrival.services,
            session: arrival.session,
            principal: arrival.session.principal,
            header: header,
            layout: Request.layout,
            receivedNanoseconds: arrival.receivedNanoseconds,
            requestByteCount: arrival.frame.count,
            responder: arrival.responder
        )
        exchange.answer(response(.unsupportedVersion))
    }

    private static func response(_ error: ErrorCode) -> Response {
        var response = ApiVersionsResponse(error: error)
        response.supportedFeatures = BrokerFeature.table.map { feature in
            var supported = Response.SupportedFeature()
            supported.name = feature.name
            supported.minVersion = feature.versions.lowerBound
            supported.maxVersion = feature.versions.upperBound
            return supported
        }
        response.finalizedFeaturesEpoch = BrokerFeature.epoch
        response.finalizedFeatures = BrokerFeature.table.filter { $0.level > 0 }.map { feature in
            var finalized = Response.FinalizedFeature()
            finalized.name = feature.name
            finalized.minVersionLevel = feature.level
            finalized.maxVersionLevel = feature.level
            return finalized
        }
        for row in HandlerTable.rows {
            var version = Response.Version()
            version.apiKey = row.layout.key.rawValue
            version.minVersion = row.advertised.lowerBound
            version.maxVersion = row.advertised.upperBound
            response.apiKeys.append(version)
        }
        return response
    }

    /// Letters, digits, dots and dashes, not at the ends: the names become metric labels elsewhere.
    private static func isProper(_ text: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            byte >= 48 && byte <= 57 || byte | 0x20 >= 97 && byte | 0x20 <= 122
        }
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}

extension ApiVersionsResponse {
    fileprivate init(error: ErrorCode) {
        self.init()
        errorCode = error
    }
}
