import Clocks
import Testing

@testable import Retrieval

@Suite struct RetrievalTests {
    @Test(arguments: [
        ("The brown Fox, don't jump!", ["the", "brown", "fox", "dont", "jump"]),
        ("gpt-4 costs 3.50", ["gpt", "4", "costs", "3", "50"]),
        ("Größe ÜBER alles", ["größe", "über", "alles"]),
        ("日本語", ["日", "本", "語"]),
        ("", []),
    ])
    func `splits text into lower-case words`(text: String, words: [String]) {
        #expect(Words.split(text) == words)
    }

    @Test(arguments: [
        (["deploy", "deploys", "deployed", "deploying"], "deploi"),
        (["policy", "policies"], "polici"),
        (["run", "runs", "running"], "run"),
        (["create", "created", "creates", "creating"], "creat"),
        (["class", "classes"], "class"),
    ])
    func `gives the forms of a word one stem`(words: [String], stem: String) {
        #expect(words.map(Stemmer.stem) == words.map { _ in stem })
    }

    @Test func `cuts sentences but not numbers and host names`() {
        let text = "Kafka 3.5 runs on host a.example.com. It is e.g. a log! Is it?\nYes"
        #expect(
            Sentences.split(text) == ["Kafka 3.5 runs on host a.example.com.", "It is e.g. a log!", "Is it?", "Yes"]
        )
    }

    @Test func `cuts an endless line`() {
        let pieces = Sentences.split(String(repeating: "word ", count: 1000))
        #expect(pieces.count > 5)
        #expect(pieces.allSatisfy { $0.count <= 601 })
        #expect(Sentences.split(String(repeating: "x", count: 5000)).allSatisfy { $0.count <= 1202 })
    }

    @Test func `ranks the document that shares rare words first`() {
        var index = BM25()
        index.insert(1, terms: Words.terms("The cat sat on the mat with another cat"))
        index.insert(2, terms: Words.terms("Kafka keeps records in partitions of a topic"))
        index.insert(3, terms: Words.terms("A topic of conversation is the cat"))
        let hits = index.search(Words.terms("which partitions does the topic have?"), limit: 10)
        #expect(hits.map(\.number) == [2, 3])
        index.remove(2)
        #expect(index.search(Words.terms("partitions"), limit: 10).isEmpty)
        #expect(index.count == 2)
    }

    @Test(arguments: 0..<16 as Range<UInt64>)
    func `an index after removals scores as one never filled`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let vocabulary = ["log", "topic", "lag", "bill", "tenant", "model"]
        func terms() -> [String] {
            (0..<Int.random(in: 1..<9, using: &random)).compactMap { _ in vocabulary.randomElement(using: &random) }
        }
        let kept = (0..<8).map { ($0, terms()) }
        var plain = BM25()
        for (number, terms) in kept { plain.insert(number, terms: terms) }
        var churned = BM25()
        for number in 0..<20 { churned.insert(number, terms: terms()) }
        for (number, terms) in kept { churned.insert(number, terms: terms) }
        for number in 8..<20 { churned.remove(number) }
        for number in 0..<8 {
            #expect(plain.score(number, query: vocabulary) == churned.score(number, query: vocabulary))
        }
    }

    @Test func `embeds alike texts closer than others`() {
        let embedder = HashingEmbedder()
        func cosine(_ left: String, _ right: String) -> Float {
            zip(embedder.embed(left), embedder.embed(right)).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let near = cosine("My favourite colour is green", "What is my favourite color?")
        let far = cosine("My favourite colour is green", "The invoice is due on Friday")
        #expect(near > far + 0.2)
        #expect(abs(cosine("one text", "one text") - 1) < 0.0001)
        #expect(embedder.embed("?!").allSatisfy { $0 == 0 })
    }

    @Test func `the embedding is the same in every process`() {
        let vector = HashingEmbedder().embed("soma keeps the log")
        let strong = vector.indices.filter { abs(vector[$0]) > 0.3 }
        #expect(strong == [110, 128, 231])
        #expect(vector[110] > 0 && vector[128] < 0 && vector[231] > 0)
        #expect(vector == HashingEmbedder().embed("soma keeps the log"))
    }
}
