import Clocks
import TestSupport
import Testing

@testable import VectorIndex

private func unit(_ random: inout SeededGenerator, _ dimensions: Int) -> [Float] {
    let vector = (0..<dimensions).map { _ in Float.random(in: -1...1, using: &random) }
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { $0 / length }
}

@Suite struct NeighbourIndexTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func `finds nearly all true neighbours`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let vectors = (0..<500).map { _ in unit(&random, 32) }
        let index = try NeighbourIndex(dimensions: 32, capacity: 16)
        for (label, vector) in vectors.enumerated() { try index.insert(vector, label: UInt64(label)) }
        #expect(index.count == 500)
        var hits = 0
        for _ in 0..<20 {
            let query = unit(&random, 32)
            let similarities = vectors.map { zip($0, query).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
            let exact = vectors.indices.sorted { similarities[$0] > similarities[$1] }.prefix(10)
            let found = try index.search(query, limit: 10)
            #expect(found.map(\.similarity) == found.map(\.similarity).sorted(by: >))
            hits += Set(exact.map(UInt64.init)).intersection(found.map(\.label)).count
        }
        #expect(hits >= 180)
    }

    @Test func `replaces, removes, saves and loads`() throws {
        let directory = try TemporaryDirectory()
        let index = try NeighbourIndex(dimensions: 2, capacity: 1)
        try index.insert([1, 0], label: 7)
        try index.insert([0, 1], label: 8)
        try index.insert([0, 1], label: 7)
        #expect(index.count == 2)
        try index.remove(label: 8)
        let path = directory.path + "/index"
        try index.save(to: path)
        let copy = try NeighbourIndex(path: path, dimensions: 2, capacity: 10)
        let found = try copy.search([0, 1], limit: 5)
        #expect(found.map(\.label) == [7])
        #expect(abs((found.first?.similarity ?? 0) - 1) < 0.001)
    }

    @Test func `an empty index finds nothing and bad input is an error`() throws {
        let index = try NeighbourIndex(dimensions: 2, capacity: 1)
        #expect(try index.search([1, 0], limit: 3).isEmpty)
        #expect(throws: VectorIndexError.self) { try index.insert([1], label: 1) }
        #expect(throws: VectorIndexError.self) { try index.remove(label: 1) }
        #expect(throws: VectorIndexError.self) { try NeighbourIndex(path: "/nowhere/x", dimensions: 2, capacity: 1) }
    }
}
