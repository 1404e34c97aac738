// What is known of an earlier payment, and what follows from it for a condition. A condition over a payment's label or
// outcome changes its mind as these become known, so it is not evaluated at every read: whoever adds the payment
// evaluates it once for each of the 18 states of knowledge, and a read looks up the state of its own time.

/// What is known of whether a payment was fraud.
public enum LabelState: UInt8, Sendable, Hashable, CaseIterable {
    case unknown, fraud, legitimate
}

/// What is known of what became of a payment.
public enum OutcomeState: UInt8, Sendable, Hashable, CaseIterable {
    case none, authorized, declined, captured, refunded, voided
}

/// Label and outcome of a payment as known at some time.
public struct KnowledgeState: Sendable, Hashable {
    public var label: LabelState
    public var outcome: OutcomeState

    public init(label: LabelState = .unknown, outcome: OutcomeState = .none) {
        self.label = label
        self.outcome = outcome
    }

    /// How many states there are.
    public static let count = 18

    /// Its bit in a `ConditionMask`: `label * 6 + outcome`; 0 where nothing is known.
    public var index: Int { Int(label.rawValue) * 6 + Int(outcome.rawValue) }

    /// - Precondition: `index` is in `0..<count`.
    public init(index: Int) {
        label = LabelState.allCases[index / 6]
        outcome = OutcomeState.allCases[index % 6]
    }
}

/// The value of a condition over a past payment in each state of knowledge: bit `KnowledgeState.index` of each word.
public struct ConditionMask: Sendable, Hashable {
    /// In which states the condition holds.
    public var meets: UInt32
    /// In which states it has a value; a streak skips a payment without one.
    public var isKnown: UInt32

    /// The bits of all states.
    public static let allStates: UInt32 = 1 << 18 - 1

    /// Bits beyond the 18 states are cleared, and a condition without a value does not hold.
    public init(meets: UInt32, isKnown: UInt32) {
        self.isKnown = isKnown & Self.allStates
        self.meets = meets & self.isKnown
    }

    /// A condition over nothing that becomes known later; nil where it has no value.
    public init(always value: Bool?) {
        self.init(meets: value == true ? Self.allStates : 0, isKnown: value == nil ? 0 : Self.allStates)
    }

    /// As one word: `meets` in the low 18 bits, `isKnown` in the 18 above.
    var word: UInt64 {
        @inline(__always) get { UInt64(meets) | UInt64(isKnown) << 18 }
    }

    @inline(__always)
    init(word: UInt64) {
        meets = UInt32(truncatingIfNeeded: word) & Self.allStates
        isKnown = UInt32(truncatingIfNeeded: word >> 18) & Self.allStates
    }

    func meets(_ state: Int) -> Bool { meets >> UInt32(state) & 1 == 1 }
    func isKnown(_ state: Int) -> Bool { isKnown >> UInt32(state) & 1 == 1 }
}

extension Aggregates {
    /// One thing that was told of a payment.
    public enum Knowledge: Sendable, Hashable {
        case label(LabelState)
        case outcome(OutcomeState)
    }

    /// How many labels, and how many outcomes, are kept of one payment. Past it the one that was known first is
    /// forgotten: reads that look back to between it and the next see the payment as if nothing had been told yet.
    public static let maximumRevisions = 8
}
