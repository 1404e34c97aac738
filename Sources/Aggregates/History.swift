// What an entity's history can be asked, and what it answers. Times, windows and durations are microseconds of event
// time. A read is asked at the time t of a payment p; what it sees are the entity's payments that were added before p
// and are not later than t, each in the state of knowledge that it had at t.

/// One question to the history of an entity.
///
/// A window of length w holds the payments with times in (t - w, t]: a payment counts for reads in [its time,
/// its time + w). Payments of the same instant count when they were added earlier. A read with a condition sees only
/// the payments that meet it. Measures are exact sums (see `MeasureKind`), so equal payments give equal bits.
public enum HistoryRead: Sendable, Hashable {
    /// Payments in the window. An integer, 0 for an entity never seen.
    case count(windowMicroseconds: Int64)
    /// Sum of a measure over the window, of the payments that have it, in the measure's kind; an integer saturates at
    /// the ends of `Int64`. 0 if none.
    case sum(measure: Int, windowMicroseconds: Int64)
    /// That exact sum over the number of payments that have the measure, each rounded once; missing if there is none.
    case mean(measure: Int, windowMicroseconds: Int64)
    /// The smallest and largest value of a measure in the window, in its kind; missing if there is none.
    case minimum(measure: Int, windowMicroseconds: Int64)
    case maximum(measure: Int, windowMicroseconds: Int64)
    /// The population's standard deviation of a measure over the window, of exact sums; missing below two values.
    case standardDeviation(measure: Int, windowMicroseconds: Int64)
    /// Different values of a column in the window, without payments that lack it. An integer. With a condition each
    /// read takes time in proportion to the payments of the window.
    case distinct(column: Int, windowMicroseconds: Int64)
    /// 1 if no payment of the window has p's value of the column, 0 if one has; missing when p lacks it. Reads alike
    /// `.before` and `.after`.
    case isFirst(column: Int, windowMicroseconds: Int64)
    /// Time since the entity's earliest payment, however long ago, or with a condition since the earliest one that is
    /// kept and meets it; missing if there is none.
    case sinceFirst
    /// Time since the entity's previous payment, however long ago, or with a condition since the latest one that is
    /// kept and meets it; missing if there is none. Reads alike `.before` and `.after`.
    case sinceLast
    /// How many payments in a row, from the newest back, meet the condition. Payments that do not meet `among`, and
    /// those whose condition has no value, are passed over. An integer. Reads alike `.before` and `.after`.
    case streak
    /// Time since the earliest payment of that streak; missing if the streak is 0.
    case streakAge
    /// Time since the payment that ends the streak, the newest before it that does not meet the condition; missing if
    /// the streak is 0 or no such payment is kept.
    case streakGap
    /// Payments, each weighing 2^(-age / half-life); a double. No window: all that ever happened weighs, though after
    /// 1,000 half-lives less than 2^-1000 or nothing.
    case decayedCount(halfLifeMicroseconds: Int64)
    /// A measure so weighed. Within 1e-9 of the sum of its values' magnitudes so weighed.
    case decayedSum(measure: Int, halfLifeMicroseconds: Int64)
    /// That sum over the weights of the payments that have the measure; missing if there is none.
    case decayedMean(measure: Int, halfLifeMicroseconds: Int64)
}

/// Whether a read sees the payment that asks.
public enum ReadMoment: UInt8, Sendable, Hashable {
    /// As if the payment had not happened.
    case before
    /// The payment included; of it nothing is known yet.
    case after
}

/// A read, its moment, and which past payments it is about.
public struct PlannedRead: Sendable, Hashable {
    public var read: HistoryRead
    public var moment: ReadMoment
    /// The condition, by its number among the entity's; nil for all payments. A streak has one.
    public var condition: Int?
    /// Of a streak, the condition that a payment has to meet to be looked at.
    public var among: Int?

    public init(_ read: HistoryRead, _ moment: ReadMoment = .before, condition: Int? = nil, among: Int? = nil) {
        self.read = read
        self.moment = moment
        self.condition = condition
        self.among = among
    }
}

extension HistoryRead {
    /// The window, unless the read looks back without end.
    public var windowMicroseconds: Int64? {
        switch self {
        case .count(let window), .sum(_, let window), .mean(_, let window), .minimum(_, let window),
            .maximum(_, let window), .standardDeviation(_, let window), .distinct(_, let window),
            .isFirst(_, let window):
            window
        case .sinceFirst, .sinceLast, .streak, .streakAge, .streakGap, .decayedCount, .decayedSum, .decayedMean: nil
        }
    }

    /// How long it takes a payment to weigh half as much.
    public var halfLifeMicroseconds: Int64? {
        switch self {
        case .decayedCount(let halfLife), .decayedSum(_, let halfLife), .decayedMean(_, let halfLife): halfLife
        default: nil
        }
    }

    var measure: Int? {
        switch self {
        case .sum(let measure, _), .mean(let measure, _), .minimum(let measure, _), .maximum(let measure, _),
            .standardDeviation(let measure, _), .decayedSum(let measure, _), .decayedMean(let measure, _):
            measure
        default: nil
        }
    }

    var column: Int? {
        switch self {
        case .distinct(let column, _), .isFirst(let column, _): column
        default: nil
        }
    }

    var isStreak: Bool {
        switch self {
        case .streak, .streakAge, .streakGap: true
        default: false
        }
    }
}

/// What a read answered: 64 bits and how to take them.
public struct HistoryValue: Sendable, Equatable {
    public enum Kind: UInt8, Sendable {
        case missing
        case int
        case double
        case durationMicroseconds
    }

    /// An `Int64` or a `Double` by its bits; 0 when missing.
    public var bits: UInt64
    public var kind: Kind
    /// The read reaches events of which nothing is known any more: the entity had more than `eventsPerEntity` and it is
    /// a read that buckets do not answer, or the payment was later than allowed. The answer is over the others.
    public var isPartial: Bool
    /// The window reaches beyond the `eventsPerEntity` that are kept: the answer is theirs and that of buckets, with
    /// the error that `Ladder` and `ValueSample` state, and as labels and outcomes were known when the events left.
    public var isApproximate: Bool

    public init(bits: UInt64, kind: Kind, isPartial: Bool = false, isApproximate: Bool = false) {
        self.bits = bits
        self.kind = kind
        self.isPartial = isPartial
        self.isApproximate = isApproximate
    }

    public static let missing = HistoryValue(bits: 0, kind: .missing)

    public static func int(_ value: Int64) -> HistoryValue {
        HistoryValue(bits: UInt64(bitPattern: value), kind: .int)
    }

    public static func double(_ value: Double) -> HistoryValue {
        HistoryValue(bits: value.bitPattern, kind: .double)
    }

    public static func duration(microseconds: Int64) -> HistoryValue {
        HistoryValue(bits: UInt64(bitPattern: microseconds), kind: .durationMicroseconds)
    }

    public var isMissing: Bool { kind == .missing }
    /// The bits of an `int` or a duration.
    public var int: Int64 { Int64(bitPattern: bits) }
    /// The bits of a `double`.
    public var double: Double { Double(bitPattern: bits) }
}
