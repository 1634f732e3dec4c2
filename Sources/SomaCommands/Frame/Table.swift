/// Rows under titles, written with aligned columns.
package struct Table: Sendable {
    package struct Column: Sendable {
        let title: String
        let alignsRight: Bool
        let onlyWide: Bool

        package static func left(_ title: String, wide: Bool = false) -> Column {
            Column(title: title, alignsRight: false, onlyWide: wide)
        }
        package static func right(_ title: String, wide: Bool = false) -> Column {
            Column(title: title, alignsRight: true, onlyWide: wide)
        }
    }

    let columns: [Column]
    private(set) var rows: [[String]] = []

    package init(_ columns: Column...) { self.columns = columns }

    package mutating func add(_ cells: String...) { add(cells) }

    package mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "\(cells.count) cells in a table of \(columns.count) columns")
        rows.append(cells)
    }

    /// The lines of the table; an empty table is its titles.
    func text(wide: Bool) -> String {
        let shown = columns.indices.filter { wide || !columns[$0].onlyWide }
        let clean = rows.map { row in row.map(Self.clean) }
        let widths = columns.indices.map { column in
            max(columns[column].title.count, clean.map { $0[column].count }.max() ?? 0)
        }
        var text = ""
        for row in [columns.map(\.title)] + clean {
            var line = ""
            for (place, column) in shown.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - row[column].count)
                if place > 0 { line += "  " }
                line += columns[column].alignsRight ? gap + row[column] : row[column] + gap
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }

    /// Control characters become `?`: a name from outside must not move the terminal.
    private static func clean(_ cell: String) -> String {
        guard cell.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return cell }
        return String(
            String.UnicodeScalarView(cell.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 })
        )
    }
}
