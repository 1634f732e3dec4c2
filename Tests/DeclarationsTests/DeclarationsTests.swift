import Testing
import YAML

@testable import Declarations

@Suite struct DeclarationsTests {
    @Test func `the built-in files declare the spine`() throws {
        let resources = try DeclaredResources.builtin()
        let names = resources.topics.map(\.name)
        for spine in ["slm.requests", "conversation.events", "agent.audit", "training.audit", "billing"] {
            #expect(names.contains(spine))
        }
        #expect(resources.priceBooks.map(\.currency) == ["USD"])
        #expect(resources.topics.first { $0.name == "billing" }?.isProtected == true)
    }

    @Test(arguments: [
        ("partitions: 0", "t.yaml:6:15: spec.partitions is 0, must be 1…10000"),
        ("partitions: many", "t.yaml:6:15: spec.partitions must be a whole number"),
        ("partitons: 1", "t.yaml:6:3: spec has no field partitons; did you mean partitions?"),
    ])
    func `a wrong topic file is told with line, reason and the nearest name`(field: String, message: String) {
        let text = """
            apiVersion: kafka.strimzi.io/v1
            kind: KafkaTopic
            metadata:
              name: t
            spec:
              \(field)
              replicas: 1
            """
        var resources = DeclaredResources()
        let error = #expect(throws: YAMLError.self) { try resources.add(text, file: "t.yaml") }
        #expect(error?.description == message)
    }

    @Test(arguments: ["a: [1", "a: 1\na: 2", "? [x]\n: 1", "a: *b", "a: !t x", "\t- x"])
    func `YAML that we do not read is refused with its place`(text: String) {
        let error = #expect(throws: YAMLError.self) { try YAMLParser.documents(text, file: "f.yaml") }
        #expect(error?.description.hasPrefix("f.yaml:") == true)
    }

    @Test func `a kind that nobody knows is told with the nearest`() {
        var resources = DeclaredResources()
        let error = #expect(throws: YAMLError.self) {
            try resources.add("apiVersion: x\nkind: KafkaTopics\n", file: "f.yaml")
        }
        #expect(error?.reason == "kind KafkaTopics is not known; did you mean KafkaTopic?")
    }
}
