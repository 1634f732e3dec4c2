import Testing

@Suite struct HouseTests {
    @Test func `the package has a test`() {
        #expect(Bool(true))
    }
}
