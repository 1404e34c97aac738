// What an entity's history can be asked, and what it answers. A plan lists, for each kind of entity (card, merchant,
// ...), the reads that every payment takes; it is made once, by whoever compiles features and rules, and says all that
// has to be kept. Times, windows and durations are microseconds of event time.

/// One question to the history of an entity, asked at the time t of a payment.
///
/// A window of length w holds the payments with times in (t - w, t]: a payment counts for reads in [its time,
/// its time + w). Payments of the same instant count when they were seen earlier.
public enum HistoryRead: Sendable, Hashable {
    /// Payments in the window. An integer, 0 for an entity never seen.
    case count(windowMicroseconds: Int64)
    /// Sum of a measure over the window, of the payments that have it; at the ends of `Int64` it saturates. 0 if none.
    case sum(measure: Int, windowMicroseconds: Int64)
    /// That exact sum over the number of payments that have the measure, each rounded once; missing if there is none.
    case mean(measure: Int, windowMicroseconds: Int64)
    /// Different values of a column in the window, without payments that lack it. An integer.
    case distinct(column: Int, windowMicroseconds: Int64)
    /// Time since the entity's earliest payment, however long ago; missing before the first.
    case sinceFirst
    /// Time since the entity's previous payment, however long ago; missing if there is none. Reads alike `.before`
    /// and `.after`.
    case sinceLast
}

/// Whether a read sees the payment that asks.
public enum ReadMoment: UInt8, Sendable, Hashable {
    /// As if the payment had not happened.
    case before
    /// The payment included.
    case after
}

/// A read and its moment.
public struct PlannedRead: Sendable, Hashable {
    public var read: HistoryRead
    public var moment: ReadMoment

    public init(_ read: HistoryRead, _ moment: ReadMoment = .before) {
        self.read = read
        self.moment = moment
    }
}

/// What is read, and so kept, for one kind of entity.
public struct EntityPlan: Sendable, Equatable {
    /// For people: metrics and errors name the kind by it.
    public var name: String
    public var reads: [PlannedRead]
    /// How many measures every payment brings; those that no read names are not kept.
    public var measureCount: Int
    /// How many columns every payment brings; those that no read names are not kept.
    public var distinctColumnCount: Int

    public init(name: String, reads: [PlannedRead], measureCount: Int = 0, distinctColumnCount: Int = 0) {
        self.name = name
        self.reads = reads
        self.measureCount = measureCount
        self.distinctColumnCount = distinctColumnCount
    }
}

/// What is kept for every kind of entity; an entity's number is its place here.
public struct HistoryPlan: Sendable, Equatable {
    public var entities: [EntityPlan]

    public init(entities: [EntityPlan]) {
        self.entities = entities
    }

    /// Bounds of a plan.
    public static let maximumEntities = 64
    public static let maximumReadsPerEntity = 4_096
    public static let maximumWindowsPerEntity = 64
    public static let maximumMeasuresPerEntity = 64
    public static let maximumColumnsPerEntity = 64
    /// A window may be this long: a hundred years of 366 days.
    public static let maximumWindowMicroseconds: Int64 = 100 * 366 * 86_400_000_000

    /// Says what is wrong with the plan, if anything is. `Aggregates.init` takes a plan that passed.
    public func validate() throws(HistoryPlanError) {
        guard entities.count <= Self.maximumEntities else {
            throw .tooMany("kinds of entities", count: entities.count, limit: Self.maximumEntities, entity: "")
        }
        for entity in entities {
            try Self.validate(entity)
        }
    }

    private static func validate(_ entity: EntityPlan) throws(HistoryPlanError) {
        var windows: Set<Int64> = []
        for planned in entity.reads {
            if let measure = planned.read.measure, !(0..<entity.measureCount).contains(measure) {
                throw .unknownMeasure(measure, entity: entity.name)
            }
            if let column = planned.read.column, !(0..<entity.distinctColumnCount).contains(column) {
                throw .unknownColumn(column, entity: entity.name)
            }
            if let window = planned.read.windowMicroseconds {
                guard window > 0, window <= maximumWindowMicroseconds else {
                    throw .windowOutOfRange(microseconds: window, entity: entity.name)
                }
                windows.insert(window)
            }
        }
        let counts = [
            ("reads", entity.reads.count, maximumReadsPerEntity),
            ("windows", windows.count, maximumWindowsPerEntity),
            ("measures", entity.measureCount, maximumMeasuresPerEntity),
            ("columns", entity.distinctColumnCount, maximumColumnsPerEntity),
        ]
        for (what, count, limit) in counts where count > limit {
            throw .tooMany(what, count: count, limit: limit, entity: entity.name)
        }
    }
}

/// What is wrong with a plan, and for which entity.
public enum HistoryPlanError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownMeasure(Int, entity: String)
    case unknownColumn(Int, entity: String)
    case windowOutOfRange(microseconds: Int64, entity: String)
    case tooMany(String, count: Int, limit: Int, entity: String)

    public var description: String {
        switch self {
        case .unknownMeasure(let measure, let entity):
            "\(entity): a read names measure \(measure), which the plan does not bring; raise measureCount"
        case .unknownColumn(let column, let entity):
            "\(entity): a read names column \(column), which the plan does not bring; raise distinctColumnCount"
        case .windowOutOfRange(let microseconds, let entity):
            "\(entity): a window of \(microseconds) microseconds; one above 0 and up to 100 years is possible"
        case .tooMany(let what, let count, let limit, let entity):
            "\(entity.isEmpty ? "the plan" : entity): \(count) \(what), at most \(limit) are possible"
        }
    }
}

extension HistoryRead {
    /// The window, unless the read looks back without end.
    public var windowMicroseconds: Int64? {
        switch self {
        case .count(let window), .sum(_, let window), .mean(_, let window), .distinct(_, let window): window
        case .sinceFirst, .sinceLast: nil
        }
    }

    var measure: Int? {
        switch self {
        case .sum(let measure, _), .mean(let measure, _): measure
        case .count, .distinct, .sinceFirst, .sinceLast: nil
        }
    }

    var column: Int? {
        if case .distinct(let column, _) = self { column } else { nil }
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
    /// The window reaches events that are no longer kept, because the entity had more than `eventsPerEntity`, or the
    /// payment was later than allowed: the answer is over those that are (a count or a distinct is at least this).
    public var isPartial: Bool

    public init(bits: UInt64, kind: Kind, isPartial: Bool = false) {
        self.bits = bits
        self.kind = kind
        self.isPartial = isPartial
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
