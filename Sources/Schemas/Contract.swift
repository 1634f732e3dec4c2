package import Events
package import JSON

/// The contract of one event type, ready to check data.
package struct Contract: Sendable {
    /// The event type.
    package let type: String
    /// `<type>/v<N>`.
    package let id: String
    /// The topic that carries the type.
    package let topic: String
    private let keyMember: String
    private let root: SchemaNode

    /// Reads a contract.
    ///
    /// `key` names the member of the data that is the ordering key; `tenant` is the envelope's, empty is none.
    ///
    /// - Throws: `SchemaError` for a schema that is no JSON or says more than the validator knows.
    package init(type: String, id: String, topic: String, key: String, text: String) throws(SchemaError) {
        self.type = type
        self.id = id
        self.topic = topic
        keyMember = key
        let tree: JSON
        do throws(JSONError) { tree = try JSON.parse(text) } catch {
            throw SchemaError(pointer: "", reason: "\(id): \(error)")
        }
        root = try SchemaNode(tree)
    }

    /// Reads a published contract; see the other form.
    package init(_ schema: EventSchema) throws(SchemaError) {
        try self.init(type: schema.type, id: schema.id, topic: schema.topic, key: schema.key, text: schema.text)
    }

    /// What is wrong with the data: at most 32 findings, none when all is well.
    package func violations(in data: JSONView) -> [Violation] {
        var found = Findings()
        root.validate(data, at: "", &found)
        return found.list
    }

    /// The ordering key of a record with this data; nil when the data does not tell one.
    package func key(of data: JSONView, tenant: String) -> String? {
        switch keyMember {
        case "tenant": tenant
        case "": nil
        default: data[name: keyMember]?.string
        }
    }
}
