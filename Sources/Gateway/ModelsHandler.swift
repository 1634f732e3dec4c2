import HTTPServer
import JSON

/// `GET /v1/models` and `GET /v1/models/{id}` in OpenAI's form.
struct ModelsHandler: Sendable {
    let models: @Sendable () -> [ModelListing]

    func list(_ call: Call) {
        var json = JSONWriter()
        json.beginObject()
        json.name("object")
        json.string("list")
        json.name("data")
        json.beginArray()
        for model in models() { Self.write(model, &json) }
        json.endArray()
        json.endObject()
        call.respond(.json(json.bytes))
    }

    func show(_ call: Call, _ id: String) {
        guard let model = models().first(where: { $0.id == id }) else {
            call.respond(
                ErrorAnswers.openAI(
                    404,
                    "The model '\(id.prefix(256))' does not exist.",
                    param: "model",
                    code: "model_not_found"
                )
            )
            return
        }
        var json = JSONWriter()
        Self.write(model, &json)
        call.respond(.json(json.bytes))
    }

    private static func write(_ model: ModelListing, _ json: inout JSONWriter) {
        json.beginObject()
        json.name("id")
        json.string(model.id)
        json.name("object")
        json.string("model")
        json.name("created")
        json.integer(model.created)
        json.name("owned_by")
        json.string(model.ownedBy)
        json.endObject()
    }
}
