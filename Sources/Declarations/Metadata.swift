import YAML

/// What every declared resource begins with.
package struct Metadata: Sendable, Equatable {
    package let name: String
    package let labels: [String: String]
    package let annotations: [String: String]

    init(_ reader: FieldReader) throws(YAMLError) {
        let node = try reader.required("metadata")
        let fields = try FieldReader(node, file: reader.file, path: "metadata")
        try fields.allow(["name", "labels", "annotations", "namespace"])
        name = try fields.string("name")
        labels = Dictionary(uniqueKeysWithValues: try fields.scalars("labels").map { ($0.key, $0.value) })
        annotations = Dictionary(uniqueKeysWithValues: try fields.scalars("annotations").map { ($0.key, $0.value) })
    }
}
