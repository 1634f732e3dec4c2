import Clocks
import Testing

@Suite struct RFC3339Tests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_827_696_789, "2000-02-29T12:34:56.789Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func `a time goes to text and back`(milliseconds: Int64, text: String) {
        #expect(RFC3339.string(milliseconds: milliseconds) == text)
        #expect(RFC3339.milliseconds(text) == milliseconds)
    }

    @Test func `offsets and fractions of any length are read`() {
        #expect(RFC3339.milliseconds("2000-02-29T14:34:56.789123456+02:00") == 951_827_696_789)
        #expect(RFC3339.milliseconds("2000-02-29t12:34:56z") == 951_827_696_000)
    }

    @Test(arguments: [
        "", "2001-02-29T00:00:00Z", "2000-13-01T00:00:00Z", "2000-01-01T24:00:00Z", "2000-01-01T00:00:00",
        "2000-01-01T00:00:00.Z", "2000-01-01T00:00:00+0200", "２０００-01-01T00:00:00Z",
    ])
    func `what is no timestamp is refused`(text: String) {
        #expect(RFC3339.milliseconds(text) == nil)
    }

    @Test func `a manual clock moves only when turned`() {
        let manual = ManualClock(wallMilliseconds: 1_000)
        let clock = Clock.manual(manual)
        manual.advance(milliseconds: 5)
        manual.jumpWall(milliseconds: -100)
        #expect(clock.wallMilliseconds == 905)
        #expect(clock.monotonicNanoseconds == 5_000_000)
    }
}
