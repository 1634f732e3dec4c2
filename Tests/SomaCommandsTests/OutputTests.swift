import JSON
import Testing

@testable import SomaCommands

@Suite struct OutputTests {
    @Test func `a table is aligned, wide columns only when asked for`() {
        var table = Table(.left("NAME"), .right("LAG"), .left("HOST", wide: true))
        table.add("a", "10", "h")
        table.add("longer\u{1B}[2J", "7", "")
        #expect(table.text(wide: false) == "NAME        LAG\na            10\nlonger?[2J    7\n")
        #expect(table.text(wide: true).hasPrefix("NAME        LAG  HOST\n"))
    }

    @Test func `yaml says the same as json`() {
        let value: JSON = [
            "name": "a: b", "on": true, "list": [1, ["x": 2, "z": [3]], []], "none": nil, "empty": [:],
        ]
        #expect(
            YAMLText.text(value) == """
                name: "a: b"
                "on": true
                list:
                  - 1
                  - x: 2
                    z:
                      - 3
                  - []
                none: null
                empty: {}

                """
        )
    }
}
