import CYAML

/// Reads YAML 1.1 text with libyaml into nodes; anchors, aliases and tags are refused.
package enum YAMLParser {
    private static let maximumDepth = 64

    /// Reads all documents of a text.
    ///
    /// - Parameters:
    ///   - text: The YAML.
    ///   - file: Its name in errors.
    /// - Returns: The root node of each document.
    /// - Throws: `YAMLError` with line and column.
    package static func documents(_ text: String, file: String) throws(YAMLError) -> [YAMLNode] {
        var reader = Reader(file: file)
        let bytes = Array(text.utf8)
        let result: Result<[YAMLNode], YAMLError> = bytes.withUnsafeBufferPointer { buffer in
            guard yaml_parser_initialize(&reader.parser) == 1 else {
                return .failure(YAMLError(file: file, line: 1, column: 1, reason: "libyaml has no memory"))
            }
            defer { yaml_parser_delete(&reader.parser) }
            yaml_parser_set_input_string(&reader.parser, buffer.baseAddress, buffer.count)
            do throws(YAMLError) {
                return .success(try reader.stream())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private struct Reader {
        let file: String
        var parser = yaml_parser_t()

        init(file: String) { self.file = file }

        mutating func stream() throws(YAMLError) -> [YAMLNode] {
            var documents: [YAMLNode] = []
            while true {
                var event = try next()
                defer { yaml_event_delete(&event) }
                switch event.type {
                case YAML_STREAM_END_EVENT: return documents
                case YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT, YAML_DOCUMENT_END_EVENT: continue
                default: documents.append(try node(event, depth: 0))
                }
            }
        }

        private mutating func next() throws(YAMLError) -> yaml_event_t {
            var event = yaml_event_t()
            guard yaml_parser_parse(&parser, &event) == 1 else {
                let problem = parser.problem.map { String(cString: $0) } ?? "not valid YAML"
                throw YAMLError(
                    file: file,
                    line: Int(parser.problem_mark.line) + 1,
                    column: Int(parser.problem_mark.column) + 1,
                    reason: problem
                )
            }
            return event
        }

        private mutating func node(_ event: yaml_event_t, depth: Int) throws(YAMLError) -> YAMLNode {
            let line = Int(event.start_mark.line) + 1
            let column = Int(event.start_mark.column) + 1
            func fail(_ reason: String) -> YAMLError {
                YAMLError(file: file, line: line, column: column, reason: reason)
            }
            guard depth < maximumDepth else { throw fail("nested deeper than \(maximumDepth)") }
            switch event.type {
            case YAML_SCALAR_EVENT:
                let scalar = event.data.scalar
                guard scalar.anchor == nil, scalar.tag == nil else { throw fail("anchors and tags are not read here") }
                let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
                let text = String(decoding: bytes, as: UTF8.self)
                return YAMLNode(
                    content: .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
                    line: line,
                    column: column
                )
            case YAML_SEQUENCE_START_EVENT:
                var nodes: [YAMLNode] = []
                while true {
                    var inner = try next()
                    defer { yaml_event_delete(&inner) }
                    if inner.type == YAML_SEQUENCE_END_EVENT { break }
                    nodes.append(try node(inner, depth: depth + 1))
                }
                return YAMLNode(content: .sequence(nodes), line: line, column: column)
            case YAML_MAPPING_START_EVENT:
                return YAMLNode(content: .mapping(try entries(depth: depth)), line: line, column: column)
            default: throw fail("anchors and aliases are not read here")
            }
        }

        private mutating func entries(depth: Int) throws(YAMLError) -> [YAMLNode.Entry] {
            var entries: [YAMLNode.Entry] = []
            while true {
                var keyEvent = try next()
                defer { yaml_event_delete(&keyEvent) }
                if keyEvent.type == YAML_MAPPING_END_EVENT { return entries }
                let key = try node(keyEvent, depth: depth + 1)
                guard let name = key.scalar else {
                    throw YAMLError(file: file, line: key.line, column: key.column, reason: "a key must be a text")
                }
                guard !entries.contains(where: { $0.key == name }) else {
                    throw YAMLError(file: file, line: key.line, column: key.column, reason: "\(name) is there twice")
                }
                var valueEvent = try next()
                defer { yaml_event_delete(&valueEvent) }
                let value = try node(valueEvent, depth: depth + 1)
                entries.append(YAMLNode.Entry(key: name, keyLine: key.line, value: value))
            }
        }
    }
}
