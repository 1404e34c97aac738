// A plan lists, for each kind of entity (card, merchant, ...), the reads that every payment takes and what every
// payment brings. It is made once, by whoever compiles features and rules, and says all that has to be kept.

/// What is read, and so kept, for one kind of entity.
public struct EntityPlan: Sendable, Equatable {
    /// For people: metrics and errors name the kind by it.
    public var name: String
    public var reads: [PlannedRead]
    /// The measures that every payment brings; those that no read names are not kept.
    public var measures: [MeasureKind]
    /// How many columns every payment brings; those that no read names are not kept.
    public var distinctColumnCount: Int
    /// How many conditions every payment brings; those that no read names are not kept.
    public var conditionCount: Int
    /// Whether labels and outcomes are told of this kind's payments. Of others nothing is ever known.
    public var isLabelled: Bool

    public init(
        name: String, reads: [PlannedRead], measures: [MeasureKind] = [], distinctColumnCount: Int = 0,
        conditionCount: Int = 0, isLabelled: Bool = false
    ) {
        self.name = name
        self.reads = reads
        self.measures = measures
        self.distinctColumnCount = distinctColumnCount
        self.conditionCount = conditionCount
        self.isLabelled = isLabelled
    }

    /// A plan whose measures are all integers.
    public init(name: String, reads: [PlannedRead], measureCount: Int, distinctColumnCount: Int = 0) {
        self.init(
            name: name, reads: reads, measures: Array(repeating: .int, count: measureCount),
            distinctColumnCount: distinctColumnCount)
    }

    public var measureCount: Int { measures.count }

    /// The longest window, 0 without one.
    var longestWindowMicroseconds: Int64 { reads.compactMap(\.read.windowMicroseconds).max() ?? 0 }

    /// Whether a read looks for payments that meet a condition however long ago: then age alone drops none.
    var keepsAllAges: Bool {
        reads.contains { $0.read.isStreak || $0.condition != nil && [.sinceFirst, .sinceLast].contains($0.read) }
    }
}

/// What is kept for every kind of entity; an entity's number is its place here.
public struct HistoryPlan: Sendable, Equatable {
    public var entities: [EntityPlan]
    /// The age at which a payment that nobody labelled counts as legitimate; nil if it never does. A label
    /// that comes later still counts from when it is known.
    public var assumeLegitimateAfterMicroseconds: Int64?

    public init(entities: [EntityPlan], assumeLegitimateAfterMicroseconds: Int64? = nil) {
        self.entities = entities
        self.assumeLegitimateAfterMicroseconds = assumeLegitimateAfterMicroseconds
    }

    /// Bounds of a plan.
    public static let maximumEntities = 64
    public static let maximumReadsPerEntity = 4_096
    public static let maximumWindowsPerEntity = 64
    public static let maximumMeasuresPerEntity = 64
    public static let maximumColumnsPerEntity = 64
    public static let maximumConditionsPerEntity = 64
    /// A window, a half-life, or the age of what is assumed legitimate may be this long: a hundred years of 366 days.
    public static let maximumWindowMicroseconds: Int64 = 100 * 366 * 86_400_000_000

    /// Says what is wrong with the plan, if anything is. `Aggregates.init` takes a plan that passed.
    public func validate() throws(HistoryPlanError) {
        guard entities.count <= Self.maximumEntities else {
            throw .tooMany("kinds of entities", count: entities.count, limit: Self.maximumEntities, entity: "")
        }
        if let age = assumeLegitimateAfterMicroseconds, !(1...Self.maximumWindowMicroseconds).contains(age) {
            throw .windowOutOfRange(microseconds: age, entity: "assumed legitimate")
        }
        for entity in entities {
            try Self.validate(entity)
        }
    }

    private static func validate(_ entity: EntityPlan) throws(HistoryPlanError) {
        var windows: Set<Int64> = []
        for planned in entity.reads {
            try validate(planned, entity)
            if let window = planned.read.windowMicroseconds ?? planned.read.halfLifeMicroseconds {
                guard window > 0, window <= maximumWindowMicroseconds else {
                    throw .windowOutOfRange(microseconds: window, entity: entity.name)
                }
                windows.insert(window)
            }
        }
        let counts = [
            ("reads", entity.reads.count, maximumReadsPerEntity),
            ("windows", windows.count, maximumWindowsPerEntity),
            ("measures", entity.measures.count, maximumMeasuresPerEntity),
            ("columns", entity.distinctColumnCount, maximumColumnsPerEntity),
            ("conditions", entity.conditionCount, maximumConditionsPerEntity),
        ]
        for (what, count, limit) in counts where count > limit {
            throw .tooMany(what, count: count, limit: limit, entity: entity.name)
        }
    }

    private static func validate(_ planned: PlannedRead, _ entity: EntityPlan) throws(HistoryPlanError) {
        if let measure = planned.read.measure, !entity.measures.indices.contains(measure) {
            throw .unknownMeasure(measure, entity: entity.name)
        }
        if let column = planned.read.column, !(0..<entity.distinctColumnCount).contains(column) {
            throw .unknownColumn(column, entity: entity.name)
        }
        for condition in [planned.condition, planned.among] {
            if let condition, !(0..<entity.conditionCount).contains(condition) {
                throw .unknownCondition(condition, entity: entity.name)
            }
        }
        if planned.read.isStreak ? planned.condition == nil : planned.among != nil {
            throw .misplacedCondition(entity: entity.name)
        }
    }
}

/// What is wrong with a plan, and for which entity.
public enum HistoryPlanError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownMeasure(Int, entity: String)
    case unknownColumn(Int, entity: String)
    case unknownCondition(Int, entity: String)
    /// A streak without a condition, or `among` where there is no streak.
    case misplacedCondition(entity: String)
    case windowOutOfRange(microseconds: Int64, entity: String)
    case tooMany(String, count: Int, limit: Int, entity: String)

    public var description: String {
        switch self {
        case .unknownMeasure(let measure, let entity):
            "\(entity): a read names measure \(measure), which the plan does not bring; add it to measures"
        case .unknownColumn(let column, let entity):
            "\(entity): a read names column \(column), which the plan does not bring; raise distinctColumnCount"
        case .unknownCondition(let condition, let entity):
            "\(entity): a read names condition \(condition), which the plan does not bring; raise conditionCount"
        case .misplacedCondition(let entity):
            "\(entity): a streak needs a condition, and only a streak may have another one to be among"
        case .windowOutOfRange(let microseconds, let entity):
            "\(entity): a window of \(microseconds) microseconds; one above 0 and up to 100 years is possible"
        case .tooMany(let what, let count, let limit, let entity):
            "\(entity.isEmpty ? "the plan" : entity): \(count) \(what), at most \(limit) are possible"
        }
    }
}
