/// The value of a field in a log line.
package enum LogValue: Sendable, Equatable, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral
{
    case text(String)
    case integer(Int64)
    case number(Double)
    case flag(Bool)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .flag(value) }
    package init(floatLiteral value: Double) { self = .number(value) }

    package static func value(_ value: some StringProtocol) -> LogValue { .text(String(value)) }
    package static func value(_ value: some BinaryInteger) -> LogValue { .integer(Int64(clamping: value)) }
    package static func value(_ value: Double) -> LogValue { .number(value) }
    package static func value(_ value: Bool) -> LogValue { .flag(value) }
    package static func value(_ error: any Error) -> LogValue { .text(String(describing: error)) }
}
