// Exact windowed histories of entities at event time: one table for each kind of entity in the plan. Everything is a
// value made of arrays in pages, so a copy is a consistent snapshot at the price of the pages written after it, and
// the same calls give the same answers on any machine.

/// Bounds of what is kept, for each kind of entity.
public struct AggregateLimits: Sendable, Equatable {
    /// Past it the entity that was least recently added to leaves, and is counted.
    public var entities: Int
    /// Past it an entity's oldest events leave, and are counted: they are folded into buckets, from which reads that
    /// reach them are answered with a bounded error, and say so.
    public var eventsPerEntity: Int
    /// How much earlier than its entity's newest payment one may be and still be added.
    public var allowedLatenessMicroseconds: Int64
    /// Sizes of buckets, each twice the one before; past the last the oldest bucket is forgotten.
    public var bucketLevels: Int
    /// Different values of a column, beyond those of the kept events, that are told apart; past it they are sampled.
    public var sampledValues: Int

    public init(
        entities: Int = 1_000_000, eventsPerEntity: Int = 16_384, allowedLatenessMicroseconds: Int64 = 3_600_000_000,
        bucketLevels: Int = 24, sampledValues: Int = 2_048
    ) {
        self.entities = entities
        self.eventsPerEntity = eventsPerEntity
        self.allowedLatenessMicroseconds = allowedLatenessMicroseconds
        self.bucketLevels = bucketLevels
        self.sampledValues = sampledValues
    }

    public static let maximumEntities = 1 << 30
    public static let maximumEventsPerEntity = 1 << 15
    public static let maximumLatenessMicroseconds = HistoryPlan.maximumWindowMicroseconds
    public static let maximumBucketLevels = 24
    public static let maximumSampledValues = 1 << 16
}

/// How many of what, for one kind of entity or for all.
public struct AggregateStatistics: Sendable, Equatable {
    /// Entities and events kept now.
    public var entities = 0
    public var events = 0
    /// Entities that left because others came.
    public var evictedEntities = 0
    /// Events that left because their entity had too many; not those that grew too old for every window.
    public var droppedEvents = 0
    /// Payments earlier than their entity's newest, by no more than the allowed lateness: added where they belong.
    public var lateEvents = 0
    /// Payments later than that: answered at their own time, not added.
    public var lateEventsBeyondLateness = 0
    /// Payments of which a read was partial, and of which one was approximate.
    public var partialObservations = 0
    public var approximateObservations = 0
    /// Labels and outcomes kept of events.
    public var revisions = 0
    /// Labels and outcomes that came, or would have become known, after their event had left because its entity had
    /// too many: buckets do not see them.
    public var missedRevisions = 0
    /// Memory held, used or kept for use.
    public var bytes = 0

    public init() {}

    public static func += (sum: inout AggregateStatistics, part: AggregateStatistics) {
        sum.entities += part.entities
        sum.events += part.events
        sum.evictedEntities += part.evictedEntities
        sum.droppedEvents += part.droppedEvents
        sum.lateEvents += part.lateEvents
        sum.lateEventsBeyondLateness += part.lateEventsBeyondLateness
        sum.partialObservations += part.partialObservations
        sum.approximateObservations += part.approximateObservations
        sum.revisions += part.revisions
        sum.missedRevisions += part.missedRevisions
        sum.bytes += part.bytes
    }
}

/// The histories of all entities of a plan.
public struct Aggregates: Sendable {
    /// A measure with this value is missing.
    public static let missingMeasure = Int64.min
    /// A column with this value is missing.
    public static let missingColumn: UInt64 = 0
    /// Event times are taken within this many microseconds of the epoch, 36,000 years either way.
    public static let maximumTimeMicroseconds: Int64 = 1 << 60

    public let plan: HistoryPlan
    public let limits: AggregateLimits
    /// What `prepare` read.
    private var touched: UInt64 = 0
    var tables: [EntityTable]

    /// - Precondition: `plan.validate()` passes, and the limits are above 0 (the lateness may be 0) and within their
    ///   maxima.
    public init(plan: HistoryPlan, limits: AggregateLimits = AggregateLimits()) {
        do throws(HistoryPlanError) {
            try plan.validate()
        } catch {
            preconditionFailure(error.description)
        }
        precondition((1...AggregateLimits.maximumEntities).contains(limits.entities))
        precondition((1...AggregateLimits.maximumEventsPerEntity).contains(limits.eventsPerEntity))
        precondition(
            (0...AggregateLimits.maximumLatenessMicroseconds).contains(limits.allowedLatenessMicroseconds))
        precondition((1...AggregateLimits.maximumBucketLevels).contains(limits.bucketLevels))
        precondition((1...AggregateLimits.maximumSampledValues).contains(limits.sampledValues))
        self.plan = plan
        self.limits = limits
        tables = plan.entities.map {
            EntityTable(plan: $0, assumeLegitimateAfter: plan.assumeLegitimateAfterMicroseconds, limits: limits)
        }
    }

    /// Gets the memory of all entities of one payment, so that the reads that follow need not wait for one after the
    /// other: most of their time is waiting. Changes no answer.
    ///
    /// - Parameters:
    ///   - keys: Shape `(plan.entities.count)`, by kind.
    ///   - named: Bit k is set if the payment names an entity of kind k.
    public mutating func prepare(keys: Span<UInt64>, named: UInt64) {
        precondition(keys.count == tables.count, "a key for each kind")
        // Each loop waits for its memory but once, since what it reads of one kind does not depend on another.
        for kind in tables.indices where named >> UInt64(kind) & 1 == 1 {
            tables[kind].locate(keys[kind])
        }
        for kind in tables.indices where named >> UInt64(kind) & 1 == 1 {
            touched ^= tables[kind].touchRecord()
        }
        for kind in tables.indices where named >> UInt64(kind) & 1 == 1 {
            touched ^= tables[kind].touchEvents()
        }
    }

    /// Answers the planned reads of one entity for a payment, and changes nothing that any other read could see.
    ///
    /// - Parameters:
    ///   - entity: The kind, by its place in the plan.
    ///   - key: Who it is: a hash that tells entities of the kind apart; any value.
    ///   - timeMicroseconds: The payment's own time.
    ///   - measures: Shape `(measures.count)`; `missingMeasure` where the payment has none.
    ///   - columns: Shape `(distinctColumnCount)`; hashes, `missingColumn` where the payment has none.
    ///   - conditions: Shape `(conditionCount)`; of them reads look at those that are planned `.after`.
    ///   - results: Gets one value for each planned read, in plan order, from `resultsOffset` on.
    /// - Complexity: Amortised O(reads + columns) for payments in time order, but O(events) for a streak, a time since
    ///   or distinct values with a condition, and for an extreme that has left its window. A payment earlier than the
    ///   entity's latest read looks at the events that it comes before, or, where states of knowledge have changed
    ///   since, at those of its windows. Allocates nothing.
    public mutating func read(
        entity: Int, key: UInt64, timeMicroseconds: Int64, measures: Span<Int64>, columns: Span<UInt64>,
        conditions: Span<ConditionMask>, results: inout [HistoryValue], resultsOffset: Int = 0
    ) {
        var span = results.mutableSpan
        tables[entity].read(
            Payment(
                key: key, time: Self.clamped(timeMicroseconds), ticket: 0, measures: measures, columns: columns,
                conditions: conditions),
            results: &span, offset: resultsOffset)
    }

    /// Adds a payment to the history of an entity.
    ///
    /// One later than the allowed lateness is counted and not added. The caller keeps event times from lying in the
    /// future: an entity takes its newest payment's time as its present.
    ///
    /// - Parameters:
    ///   - ticket: What tells the payment from others of its time, for `learn`; higher than of those added before.
    ///   - measures, columns, conditions: As of `read`, with everything in its place that is known by now.
    /// - Complexity: O(windows + columns), and the events that a late payment comes before. Allocates only when an
    ///   entity's events need more room than was ever used.
    public mutating func add(
        entity: Int, key: UInt64, timeMicroseconds: Int64, ticket: UInt64, measures: Span<Int64>,
        columns: Span<UInt64>, conditions: Span<ConditionMask>
    ) {
        tables[entity].add(
            Payment(
                key: key, time: Self.clamped(timeMicroseconds), ticket: ticket, measures: measures, columns: columns,
                conditions: conditions))
    }

    /// Adds what was told of a payment that was added before. Reads from `knownAtMicroseconds` on see it, also if
    /// that is later than anything so far; of two revisions known at one time the one told later counts.
    ///
    /// - Returns: Whether the payment is kept; nothing is learned of one that is not, or of a kind without labels.
    /// - Complexity: O(log events + conditions). What becomes known later costs O(events) once more.
    public mutating func learn(
        entity: Int, key: UInt64, timeMicroseconds: Int64, ticket: UInt64, _ knowledge: Knowledge,
        knownAtMicroseconds: Int64
    ) -> Bool {
        tables[entity].learn(
            key: key, time: Self.clamped(timeMicroseconds), ticket: ticket, knowledge,
            knownAt: Self.clamped(knownAtMicroseconds))
    }

    static func clamped(_ time: Int64) -> Int64 {
        min(max(time, -maximumTimeMicroseconds), maximumTimeMicroseconds)
    }

    /// All kinds together.
    public var statistics: AggregateStatistics {
        var sum = AggregateStatistics()
        for table in tables {
            sum += table.statistics
        }
        return sum
    }

    /// One kind, by its place in the plan.
    public func statistics(entity: Int) -> AggregateStatistics {
        tables[entity].statistics
    }
}
