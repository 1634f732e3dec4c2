package import Declarations

/// All price books; a usage is priced by the one in force at the time of its event, whenever it is rated.
package struct PriceBooks: Sendable {
    /// Oldest first.
    private let books: [PriceBook]

    package init(_ books: [PriceBook]) {
        self.books = books.sorted { ($0.effectiveFrom, $0.name) < ($1.effectiveFrom, $1.name) }
    }

    package init(_ declarations: [PriceBookDeclaration]) {
        self.init(declarations.map { PriceBook($0) })
    }

    /// The newest book that counted at that time; nil before the first one.
    package func inForce(at milliseconds: Int64) -> PriceBook? {
        books.last { $0.effectiveFrom <= milliseconds }
    }

    /// The currency of that time; `USD` before the first book, where every charge is 0.
    package func currency(at milliseconds: Int64) -> String {
        inForce(at: milliseconds)?.currency ?? "USD"
    }
}
