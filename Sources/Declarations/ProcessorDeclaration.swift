import YAML

/// A processor as a file declares it.
package struct ProcessorDeclaration: Sendable {
    package enum Delivery: String, Sendable {
        case exactlyOnce = "exactly-once"
        case atLeastOnce = "at-least-once"
    }

    package let metadata: Metadata
    package let inputs: [String]
    /// Consumer group; the name of the processor when the file tells none.
    package let group: String
    package let outputs: [String]
    package let delivery: Delivery
    /// Name of the compiled Swift processor.
    package let builtin: String
    /// Bounded retries before a record is dead-lettered.
    package let retries: Int

    package var name: String { metadata.name }
    package var documentation: String { metadata.annotations["soma/docs"] ?? "" }

    init(_ reader: FieldReader, metadata: Metadata) throws(YAMLError) {
        let node = try reader.required("spec")
        let fields = try FieldReader(node, file: reader.file, path: "spec")
        try fields.allow(["input", "output", "delivery", "onError", "scale", "builtin"])
        self.metadata = metadata
        let input = try FieldReader(try fields.required("input"), file: reader.file, path: "spec.input")
        try input.allow(["topics", "group", "start"])
        inputs = try input.strings("topics")
        group = try input.optionalString("group") ?? metadata.name
        if let outputNode = fields.optional("output") {
            let output = try FieldReader(outputNode, file: reader.file, path: "spec.output")
            try output.allow(["topic", "topics", "key"])
            outputs = try output.strings("topics") + output.strings("topic")
        } else {
            outputs = []
        }
        let word = try fields.optionalString("delivery") ?? Delivery.atLeastOnce.rawValue
        guard let delivery = Delivery(rawValue: word) else {
            throw fields.fail(node, "spec.delivery is \(word); known: exactly-once, at-least-once")
        }
        self.delivery = delivery
        builtin = try fields.string("builtin")
        if let errorNode = fields.optional("onError") {
            let onError = try FieldReader(errorNode, file: reader.file, path: "spec.onError")
            try onError.allow(["retries", "backoff", "deadLetter"])
            retries = try onError.optionalInteger("retries", in: 0...1000) ?? 5
        } else {
            retries = 5
        }
    }
}
