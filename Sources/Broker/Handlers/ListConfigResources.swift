import EventLoop
import KafkaProtocol

/// ListConfigResources 0–1 (KIP-1000 as ListClientMetricsResources, KIP-1142): what has configs, by type.
enum ListConfigResourcesHandler: Handler {
    typealias Request = ListConfigResourcesRequest
    typealias Response = ListConfigResourcesResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        guard exchange.authorizeCluster(.describeConfigs) else {
            response.errorCode = .clusterAuthorizationFailed
            return exchange.answer(response)
        }
        var types = Set(request.resourceTypes.compactMap(ConfigResource.init))
        if exchange.version == 0 {
            types = [.clientMetrics]
        } else if request.resourceTypes.isEmpty {
            types = Set(ConfigResource.allCases)
        } else if request.resourceTypes.contains(where: { ConfigResource(rawValue: $0) == nil }) {
            response.errorCode = .unsupportedVersion
            return exchange.answer(response)
        }
        for type in types.sorted(by: { $0.rawValue < $1.rawValue }) {
            response.configResources += names(type, exchange.services).map { name in
                var resource = Response.Resource()
                resource.resourceType = type.rawValue
                resource.resourceName = name
                return resource
            }
        }
        exchange.answer(response)
    }

    private static func names(_ type: ConfigResource, _ services: BrokerServices) -> [String] {
        switch type {
        case .topic: services.catalogue.all.map(\.name)
        case .broker, .brokerLogger: [String(services.settings.nodeID)]
        case .group: services.configs.groups
        case .clientMetrics: []
        }
    }
}
