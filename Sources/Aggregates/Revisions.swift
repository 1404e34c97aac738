// What was told of events: lists of revisions in one pool, since most events have one or none. A list is in the order
// in which things were known; of one time, in the order in which they were told.
//
//   node   knownAt in 61 bits, the value in 3 | bit 63: an outcome, not a label; number of the next node plus one

struct Revisions: Sendable {
    private var nodes = PagedWords(itemWords: 2)
    private var free: UInt32 = 0
    private(set) var count = 0

    var bytes: Int { nodes.bytes }

    private static var outcomeBit: UInt64 { 1 << 63 }

    /// The list's first node is `first`, its number plus one; 0 is an empty list.
    ///
    /// - Returns: The label that was known at `time`, nil if none was, the outcome, and the time of the first revision
    ///   that was not known yet, `Int64.max` if all were.
    func known(_ first: UInt32, at time: Int64) -> (label: Int?, outcome: Int, next: Int64) {
        var label: Int?
        var outcome = 0
        var node = first
        while node != 0 {
            let word = nodes[Int(node) - 1, 0]
            let link = nodes[Int(node) - 1, 1]
            let knownAt = Int64(bitPattern: word) >> 3
            if knownAt > time { return (label, outcome, knownAt) }
            if link & Self.outcomeBit != 0 {
                outcome = Int(word & 7)
            } else {
                label = Int(word & 7)
            }
            node = UInt32(truncatingIfNeeded: link)
        }
        return (label, outcome, .max)
    }

    /// Adds a revision; the earliest of its sort leaves when there are more than `Aggregates.maximumRevisions`.
    ///
    /// - Returns: The list's first node.
    mutating func insert(_ first: UInt32, _ knowledge: Aggregates.Knowledge, knownAt: Int64) -> UInt32 {
        let (value, sort) =
            switch knowledge {
            case .label(let label): (UInt64(label.rawValue), UInt64(0))
            case .outcome(let outcome): (UInt64(outcome.rawValue), Self.outcomeBit)
            }
        var previous: UInt32 = 0
        var node = first
        while node != 0, Int64(bitPattern: nodes[Int(node) - 1, 0]) >> 3 <= knownAt {
            previous = node
            node = next(node)
        }
        let new = take()
        nodes[Int(new) - 1, 0] = UInt64(bitPattern: knownAt << 3) | value
        nodes[Int(new) - 1, 1] = sort | UInt64(node)
        let head = previous == 0 ? new : first
        if previous != 0 { setNext(previous, new) }
        return trimmed(head, sort)
    }

    private mutating func trimmed(_ first: UInt32, _ sort: UInt64) -> UInt32 {
        var found = 0
        var earliest: UInt32 = 0
        var beforeEarliest: UInt32 = 0
        var previous: UInt32 = 0
        var node = first
        while node != 0 {
            if nodes[Int(node) - 1, 1] & Self.outcomeBit == sort {
                if found == 0 { (earliest, beforeEarliest) = (node, previous) }
                found += 1
            }
            previous = node
            node = next(node)
        }
        guard found > Aggregates.maximumRevisions else { return first }
        let after = next(earliest)
        give(earliest)
        if beforeEarliest == 0 { return after }
        setNext(beforeEarliest, after)
        return first
    }

    /// Gives a list's nodes back.
    mutating func release(_ first: UInt32) {
        var node = first
        while node != 0 {
            let after = next(node)
            give(node)
            node = after
        }
    }

    /// Calls `body` with each revision, first known first.
    func forEach<Failure>(
        _ first: UInt32, _ body: (Aggregates.Knowledge, Int64) throws(Failure) -> Void
    ) throws(Failure) {
        var node = first
        while node != 0 {
            let word = nodes[Int(node) - 1, 0]
            let isOutcome = nodes[Int(node) - 1, 1] & Self.outcomeBit != 0
            let value = UInt8(word & 7)
            let knowledge: Aggregates.Knowledge =
                isOutcome
                ? .outcome(OutcomeState(rawValue: value) ?? .none) : .label(LabelState(rawValue: value) ?? .unknown)
            try body(knowledge, Int64(bitPattern: word) >> 3)
            node = next(node)
        }
    }

    private func next(_ node: UInt32) -> UInt32 { UInt32(truncatingIfNeeded: nodes[Int(node) - 1, 1]) }

    private mutating func setNext(_ node: UInt32, _ next: UInt32) {
        nodes[Int(node) - 1, 1] = nodes[Int(node) - 1, 1] & Self.outcomeBit | UInt64(next)
    }

    private mutating func take() -> UInt32 {
        count += 1
        guard free != 0 else { return UInt32(nodes.append() + 1) }
        let node = free
        free = next(node)
        return node
    }

    private mutating func give(_ node: UInt32) {
        count -= 1
        nodes[Int(node) - 1, 1] = UInt64(free)
        free = node
    }
}
