import EventLoop
import KafkaProtocol

/// UpdateFeatures 0–2 (KIP-584, KIP-778; one error for all from version 2 on): levels come with the version of the
/// broker, so that asking for the level in force is all that succeeds.
enum UpdateFeaturesHandler: Handler {
    typealias Request = UpdateFeaturesRequest
    typealias Response = UpdateFeaturesResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        guard exchange.authorizeCluster(.alter) else {
            response.errorCode = .clusterAuthorizationFailed
            return exchange.answer(response)
        }
        response.results = request.featureUpdates.map { update in
            var result = Response.Result()
            result.feature = update.feature
            if let problem = problem(update) {
                result.errorCode = .invalidUpdateVersion
                result.errorMessage = problem
            }
            return result
        }
        if exchange.version >= 2, let failed = response.results.first(where: { $0.errorCode != .none }) {
            response.errorCode = failed.errorCode
            response.errorMessage =
                "The update failed for all features since the following feature had an error: "
                + (failed.errorMessage ?? "")
        }
        exchange.answer(response)
    }

    private static func problem(_ update: Request.Update) -> String? {
        let what = "Invalid update version \(update.maxVersionLevel) for feature \(update.feature)."
        guard let feature = BrokerFeature.table.first(where: { $0.name == update.feature }) else {
            return what + " This broker does not have it."
        }
        return update.maxVersionLevel == feature.level
            ? nil : what + " Its level is \(feature.level) and does not change while the broker runs."
    }
}
