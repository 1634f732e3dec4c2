import Events
import JSON

/// A balance as the store keeps it: with the offset of the last record that moved it.
///
/// The records of a balance come from one partition in order. When a crash makes the runtime read some of them again, the
/// offset says which are in the balance already; both are one value, so they cannot come apart.
struct LedgerEntry: Equatable {
    var balance: LedgerBalance
    var appliedOffset: Int64

    init(balance: LedgerBalance, appliedOffset: Int64) {
        self.balance = balance
        self.appliedOffset = appliedOffset
    }

    init(bytes: [UInt8]) throws {
        let (balance, offset) = try JSONView.parse(bytes) { json in
            guard let balance = json["balance"], let offset = json["applied_offset"]?.int64 else {
                throw JSONError("a stored balance lacks a member")
            }
            return (try LedgerBalance(json: balance), offset)
        }
        self.init(balance: balance, appliedOffset: offset)
    }

    var bytes: [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.beginObject()
        json.name("balance")
        balance.write(to: &json)
        json.name("applied_offset")
        json.integer(appliedOffset)
        json.endObject()
        return json.bytes
    }
}
