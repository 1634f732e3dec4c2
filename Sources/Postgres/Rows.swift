import CLibPQ

/// The answer to a query; owns the C result and frees it.
package final class Rows {
    let result: OpaquePointer

    init(result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    package var count: Int { Int(PQntuples(result)) }

    package var columnNames: [String] {
        (0..<PQnfields(result)).map { index in PQfname(result, index).map { String(cString: $0) } ?? "" }
    }

    /// Rows that an INSERT, UPDATE, DELETE or COPY touched.
    package var affectedRowCount: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    package subscript(index: Int) -> Row {
        precondition(index >= 0 && index < count, "row \(index) of \(count)")
        return Row(rows: self, index: Int32(index))
    }
}

extension Rows: Sequence {
    package func makeIterator() -> AnyIterator<Row> {
        var next = 0
        return AnyIterator {
            guard next < self.count else { return nil }
            defer { next += 1 }
            return self[next]
        }
    }
}

/// One row of an answer; columns are read by position, as the type the reader asks for.
package struct Row {
    let rows: Rows
    let index: Int32

    package var count: Int { Int(PQnfields(rows.result)) }

    package func isNull(_ column: Int) -> Bool {
        check(column)
        return PQgetisnull(rows.result, index, Int32(column)) == 1
    }

    /// The column's text, or nil for NULL.
    package func text(_ column: Int) -> String? {
        guard !isNull(column), let bytes = PQgetvalue(rows.result, index, Int32(column)) else { return nil }
        return String(cString: bytes)
    }

    package func int(_ column: Int) throws(PostgresError) -> Int? { try parse(column, "integer") { Int($0) } }

    package func double(_ column: Int) throws(PostgresError) -> Double? { try parse(column, "number") { Double($0) } }

    package func bool(_ column: Int) throws(PostgresError) -> Bool? {
        try parse(column, "boolean") { $0 == "t" ? true : $0 == "f" ? false : nil }
    }

    package func bytes(_ column: Int) throws(PostgresError) -> [UInt8]? {
        try parse(column, "bytea") { text in
            guard text.hasPrefix("\\x"), text.utf8.count % 2 == 0 else { return nil }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(text.utf8.count / 2)
            var high: UInt8?
            for character in text.utf8.dropFirst(2) {
                guard let digit = BinaryForm.hexDigit(character) else { return nil }
                if let first = high {
                    bytes.append(first << 4 | digit)
                    high = nil
                } else {
                    high = digit
                }
            }
            return bytes
        }
    }

    private func parse<Value>(
        _ column: Int,
        _ type: String,
        _ read: (String) -> Value?
    ) throws(PostgresError) -> Value? {
        guard let text = text(column) else { return nil }
        guard let value = read(text) else {
            throw PostgresError(
                .invalidValue,
                operation: "read column \(column)",
                message: "\(rows.columnNames[column]) is not a \(type): \(text.prefix(40))"
            )
        }
        return value
    }

    private func check(_ column: Int) {
        precondition(column >= 0 && column < count, "column \(column) of \(count)")
    }
}
