// fraud_rate(entity, window): the share of an entity's payments that are known to be fraud, leaning on the rate of its
// parent as far as its own evidence is scarce.
//
//   rate = (frauds + strength × rate of the parent) / (payments + strength)
//
// The parent's rate is found in the same way, up to an entity without a parent; that one leans on its prior where it has
// one, and is frauds / payments where it has none. A parent that the payment does not name is passed over for its own
// parent. Missing where the payment does not name the entity, and where there are neither payments nor anything to lean
// on. The payment that asks is in no rate.

import Expressions

/// A fraud rate as a column, computed from the columns of counts.
struct PlannedRate: Sendable {
    struct Level: Sendable {
        let entity: Int
        let fraudSlot: Int
        let countSlot: Int
        let strength: Double
    }

    let slot: Int
    /// The entity first, then its parents.
    let levels: [Level]
    /// What the last level leans on.
    let prior: Double?
    /// Canonical text, such as `fraud_rate(terminal, "28d")`.
    let text: String

    /// The rate over the counts that stand in `slots`.
    func value(_ slots: Span<Slot>) -> Slot {
        guard slots[levels[0].countSlot].isPresent else { return .missing }
        var rate = prior
        var i = levels.count
        while i > 0 {
            i -= 1
            let (frauds, payments) = (slots[levels[i].fraudSlot], slots[levels[i].countSlot])
            guard frauds.isPresent, payments.isPresent else { continue }
            let (fraud, count) = (Double(frauds.int), Double(payments.int))
            if let towards = rate {
                rate = (fraud + levels[i].strength * towards) / (count + levels[i].strength)
            } else if count > 0 {
                rate = fraud / count
            }
        }
        guard let rate else { return .missing }
        return Slot(double: rate)
    }
}
