import Events
import JSON
import Schemas
import Testing

private func contract(_ schema: String, key: String = "k") throws -> Contract {
    try Contract(type: "t", id: "t/v1", topic: "topic", key: key, text: schema)
}

private func violations(_ schema: String, _ data: String) throws -> [String] {
    let contract = try contract(schema)
    return try JSONView.parse(Array(data.utf8)) { contract.violations(in: $0).map { "\($0.pointer) \($0.reason)" } }
}

@Suite struct SchemasTests {
    @Test(arguments: [
        (#"{"type":"string"}"#, #""a""#, #"1"#), (#"{"type":"integer"}"#, "-3", "1.5"),
        (#"{"type":"integer"}"#, "9223372036854775807", "9223372036854775808"),
        (#"{"type":"number"}"#, "1", #""1""#), (#"{"type":"boolean"}"#, "false", "0"),
        (#"{"type":"null"}"#, "null", "false"),
        (#"{"type":["string","null"]}"#, "null", "1"), (#"{"enum":["a",1,null]}"#, "1.0", #""b""#),
        (#"{"const":{"a":[1]}}"#, #"{"a":[1]}"#, #"{"a":[2]}"#), (#"{"minLength":2}"#, #""äö""#, #""ä""#),
        (#"{"maxLength":2}"#, #""😀😀""#, #""abc""#), (#"{"minimum":0}"#, "0", "-1"), (#"{"maximum":2}"#, "2", "2.1"),
        (#"{"exclusiveMinimum":0}"#, "0.1", "0"), (#"{"exclusiveMaximum":2}"#, "1", "2"),
        (#"{"minItems":1}"#, "[1]", "[]"), (#"{"maxItems":1}"#, "[1]", "[1,2]"),
        (#"{"items":{"type":"string"}}"#, #"["a","b"]"#, #"["a",1]"#),
        (#"{"required":["a"]}"#, #"{"a":null}"#, "{}"),
        (#"{"properties":{"a":{"type":"integer"}}}"#, #"{"a":1,"b":2}"#, #"{"a":"1"}"#),
        (#"{"properties":{"a":{}},"additionalProperties":false}"#, #"{"a":1}"#, #"{"b":1}"#),
        (#"{"additionalProperties":{"type":"string"}}"#, #"{"b":"1"}"#, #"{"b":1}"#),
        (#"{"format":"date-time"}"#, #""2026-01-01T00:00:00Z""#, #""yesterday""#),
        ("{}", #"{"a":1}"#, #"{"a":1,"a":2}"#),
    ])
    func `takes what fits and refuses what does not`(schema: String, good: String, bad: String) throws {
        #expect(try violations(schema, good) == [])
        #expect(try violations(schema, bad).count == 1)
    }

    @Test func `keywords of another type do not apply`() throws {
        let schema = #"{"minLength":3,"minimum":3,"minItems":3,"required":["a"]}"#
        for data in ["true", "null", "5", #""abc""#, "[1,2,3]"] { #expect(try violations(schema, data) == []) }
    }

    @Test func `names each place and reason`() throws {
        let schema = """
            {"type":"object","required":["id","list"],"additionalProperties":false,"properties":{
              "id":{"type":"string","minLength":1},"list":{"type":"array","items":{"type":"object","required":["x"]}},
              "a/b~c":{"type":"integer"}}}
            """
        #expect(
            try violations(schema, #"{"id":"","list":[{"x":1},{}],"a/b~c":"1","more":1}"#) == [
                "/id must not be empty", "/list/1/x is missing", "/a~1b~0c must be a whole number",
                "/more is not a member of this type",
            ]
        )
        #expect(try violations(schema, "[]") == [" must be an object"])
    }

    @Test func `says no more than 32 things`() throws {
        let data = "[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]"
        #expect(try violations(#"{"items":{"type":"string"}}"#, data).count == 32)
    }

    @Test(arguments: [
        #"{"pattern":"a"}"#, #"{"properties":{"a":{"oneOf":[]}}}"#, #"{"type":"text"}"#, #"{"format":"email"}"#, "[]",
        "{", #"{"$schema":"http://json-schema.org/draft-07/schema#"}"#, #"{"minLength":-1}"#, #"{"required":"a"}"#,
    ])
    func `refuses a schema that it cannot check in full`(schema: String) {
        #expect(throws: SchemaError.self) { try contract(schema) }
    }

    @Test func `reads every published contract`() throws {
        let table = try ContractTable()
        #expect(table.types.contains("message.user"))
        #expect(table["message.user"]?.topic == "conversation.events")
        #expect(table.nearest(to: "mesage.user") == "message.user")
        #expect(table.nearest(to: "something else") == nil)
    }

    @Test func `what an event type writes fits its contract`() throws {
        let table = try ContractTable()
        let message = UserMessage(
            sessionID: "s",
            content: "hello",
            messages: [ChatMessage(role: "user", content: "hello")],
            stop: ["x"],
            metadata: ["a": "b"]
        )
        let contract = try #require(table["message.user"])
        try JSONView.parse(message.bytes) { data in
            #expect(contract.violations(in: data) == [])
            #expect(contract.key(of: data, tenant: "t") == "s")
        }
    }
}
