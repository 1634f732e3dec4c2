import EventLoop
import KafkaProtocol

/// DeleteTopics 0–6 (by id KIP-516).
enum DeleteTopicsHandler: Handler {
    typealias Request = DeleteTopicsRequest
    typealias Response = DeleteTopicsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let asked = exchange.version >= 6 ? request.topics : request.topicNames.map(Request.Topic.init(named:))
        exchange.services.administration.post {
            var response = Response()
            response.responses = asked.map { delete($0, exchange) }
            // Whoever creates the topic again must find no offsets of the old one, whatever happens to the broker.
            exchange.services.groups.run { [response] groups in
                groups.afterPendingWrites { exchange.answer(response) }
            }
        }
    }

    private static func delete(_ asked: Request.Topic, _ exchange: Exchange<Response>) -> Response.Topic {
        let services = exchange.services
        var answer = Response.Topic()
        if let name = asked.name ?? services.catalogue.topic(id: asked.topicID)?.name,
            !exchange.authorize(.describe, .topic, name)
        {
            // Nothing is told that was not in the request.
            answer.name = asked.name
            answer.topicID = asked.topicID
            answer.errorCode = .topicAuthorizationFailed
            answer.errorMessage = "Topic authorization failed."
            return answer
        }
        answer.name = asked.name ?? services.catalogue.topic(id: asked.topicID)?.name
        answer.topicID = asked.name.flatMap { services.catalogue.topic($0)?.id } ?? asked.topicID
        guard let name = answer.name else {
            answer.errorCode = .unknownTopicID
            return answer
        }
        do throws(TopicCatalogue.Refusal) {
            guard exchange.authorize(.delete, .topic, name) else {
                throw TopicCatalogue.Refusal(.topicAuthorizationFailed, "Topic authorization failed.")
            }
            guard services.settings.flag("delete.topic.enable") else {
                throw TopicCatalogue.Refusal(.policyViolation, "delete.topic.enable is false.")
            }
            guard !TopicName.isInternal(name) else {
                throw TopicCatalogue.Refusal(.invalidTopic, "Topic '\(name)' is the broker's own.")
            }
            let count = services.catalogue.topic(name)?.partitions.count ?? 0
            guard exchange.mutate(count, isStrict: exchange.version >= 5) else {
                throw TopicCatalogue.Refusal(.throttlingQuotaExceeded, "The throttling quota has been exceeded.")
            }
            try services.catalogue.delete(name: name)
            services.groups.run { $0.topicDeleted(name) }
        } catch {
            answer.errorCode = error.code
            answer.errorMessage = error.message
        }
        return answer
    }
}

extension DeleteTopicsRequest.Topic {
    fileprivate init(named name: String) {
        self.init()
        self.name = name
    }
}
