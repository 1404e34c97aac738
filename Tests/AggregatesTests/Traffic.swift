// Random plans, and payments that come as they like: late, at one instant, with labels and outcomes told at any time.
@testable import Aggregates

struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

struct Event: Equatable {
    var key: UInt64 = 1
    var time: Int64
    var ticket: UInt64 = 0
    var measures: [Int64] = []
    var columns: [UInt64] = []
    var conditions: [ConditionMask] = []
}

/// What the fast and the plain histories have in common.
protocol Histories {
    var plan: HistoryPlan { get }
    var statistics: AggregateStatistics { get }
    mutating func read(
        entity: Int, key: UInt64, timeMicroseconds: Int64, measures: Span<Int64>, columns: Span<UInt64>,
        conditions: Span<ConditionMask>, results: inout [HistoryValue], resultsOffset: Int)
    mutating func add(
        entity: Int, key: UInt64, timeMicroseconds: Int64, ticket: UInt64, measures: Span<Int64>,
        columns: Span<UInt64>, conditions: Span<ConditionMask>)
    mutating func learn(
        entity: Int, key: UInt64, timeMicroseconds: Int64, ticket: UInt64, _ knowledge: Aggregates.Knowledge,
        knownAtMicroseconds: Int64
    ) -> Bool
}

extension Aggregates: Histories {}
extension ReferenceAggregates: Histories {}

extension Histories {
    mutating func read(_ entity: Int = 0, _ event: Event) -> [HistoryValue] {
        var results = [HistoryValue](repeating: .missing, count: plan.entities[entity].reads.count)
        read(
            entity: entity, key: event.key, timeMicroseconds: event.time, measures: event.measures.span,
            columns: event.columns.span, conditions: event.conditions.span, results: &results, resultsOffset: 0)
        return results
    }

    mutating func add(_ entity: Int = 0, _ event: Event) {
        add(
            entity: entity, key: event.key, timeMicroseconds: event.time, ticket: event.ticket,
            measures: event.measures.span, columns: event.columns.span, conditions: event.conditions.span)
    }

    /// The answers to one payment, which is then added.
    mutating func observe(_ entity: Int = 0, _ event: Event) -> [HistoryValue] {
        let results = read(entity, event)
        add(entity, event)
        return results
    }
}

/// How wild a run is.
struct Scenario: Sendable {
    var name: String
    var keys: Int
    var limits: AggregateLimits
    /// Largest step of time between payments, and how far back a late one may lie.
    var step: Int64
    var lateShare: Int
    var latest: Int64
    var windows: ClosedRange<Int64>
    var values: UInt64 = 6

    static let all: [Scenario] = [
        Scenario(
            name: "in time order", keys: 5, limits: AggregateLimits(allowedLatenessMicroseconds: 0), step: 20,
            lateShare: 0, latest: 1, windows: 1...300),
        Scenario(
            name: "late within the lateness", keys: 3, limits: AggregateLimits(allowedLatenessMicroseconds: 400),
            step: 6, lateShare: 50, latest: 200, windows: 1...500),
        Scenario(
            name: "late within and beyond", keys: 3, limits: AggregateLimits(allowedLatenessMicroseconds: 50), step: 8,
            lateShare: 40, latest: 150, windows: 1...200),
        Scenario(
            name: "few entities", keys: 40,
            limits: AggregateLimits(entities: 7, allowedLatenessMicroseconds: 100), step: 4, lateShare: 30, latest: 120,
            windows: 1...400),
        Scenario(
            name: "few events", keys: 3,
            limits: AggregateLimits(eventsPerEntity: 9, allowedLatenessMicroseconds: 200), step: 4, lateShare: 30,
            latest: 100, windows: 1...300),
        Scenario(
            name: "one event", keys: 3,
            limits: AggregateLimits(eventsPerEntity: 1, allowedLatenessMicroseconds: 100), step: 4, lateShare: 30,
            latest: 100, windows: 1...300),
        Scenario(
            name: "busy, indexed", keys: 1,
            limits: AggregateLimits(eventsPerEntity: 400, allowedLatenessMicroseconds: 300), step: 3, lateShare: 20,
            latest: 200, windows: 1...600, values: 60),
        Scenario(
            name: "busy, indexed, few events", keys: 2,
            limits: AggregateLimits(eventsPerEntity: 130, allowedLatenessMicroseconds: 300), step: 2, lateShare: 25,
            latest: 350, windows: 1...500, values: 200),
        Scenario(
            name: "many more than the events kept", keys: 1,
            limits: AggregateLimits(
                eventsPerEntity: 20, allowedLatenessMicroseconds: 100, bucketLevels: 3, sampledValues: 24),
            step: 3, lateShare: 20, latest: 60, windows: 1...900, values: 90),
        Scenario(
            name: "more than the buckets hold", keys: 1,
            limits: AggregateLimits(
                eventsPerEntity: 3, allowedLatenessMicroseconds: 20, bucketLevels: 2, sampledValues: 8),
            step: 2, lateShare: 10, latest: 30, windows: 1...400, values: 20),
        Scenario(
            name: "bursts and pauses", keys: 2,
            limits: AggregateLimits(eventsPerEntity: 200, allowedLatenessMicroseconds: 30), step: 1, lateShare: 10,
            latest: 40, windows: 1...150, values: 30),
        Scenario(
            name: "seconds to months", keys: 20,
            limits: AggregateLimits(eventsPerEntity: 300, allowedLatenessMicroseconds: 3_600_000_000),
            step: 900_000_000, lateShare: 10, latest: 7_200_000_000, windows: 1_000_000...7_776_000_000_000),
    ]

    func randomRead(_ plan: EntityPlan, _ windows: [Int64], using random: inout SplitMix64) -> PlannedRead {
        let window = windows.randomElement(using: &random) ?? 1
        let measure = Int.random(in: plan.measures.indices, using: &random)
        let column = Int.random(in: 0..<plan.distinctColumnCount, using: &random)
        let reads: [HistoryRead] = [
            .count(windowMicroseconds: window), .count(windowMicroseconds: window),
            .sum(measure: measure, windowMicroseconds: window), .mean(measure: measure, windowMicroseconds: window),
            .minimum(measure: measure, windowMicroseconds: window),
            .maximum(measure: measure, windowMicroseconds: window),
            .standardDeviation(measure: measure, windowMicroseconds: window),
            .distinct(column: column, windowMicroseconds: window),
            .distinct(column: column, windowMicroseconds: window),
            .isFirst(column: column, windowMicroseconds: window), .sinceFirst, .sinceLast, .streak, .streakAge,
            .streakGap, .decayedCount(halfLifeMicroseconds: window),
            .decayedSum(measure: measure, halfLifeMicroseconds: window),
            .decayedMean(measure: measure, halfLifeMicroseconds: window),
        ]
        let read = reads.randomElement(using: &random) ?? .sinceLast
        var planned = PlannedRead(read, Bool.random(using: &random) ? .before : .after)
        let conditions = plan.conditionCount
        if read.isStreak || Bool.random(using: &random) {
            planned.condition = .random(in: 0..<conditions, using: &random)
        }
        if read.isStreak, Bool.random(using: &random) { planned.among = .random(in: 0..<conditions, using: &random) }
        return planned
    }

    func randomPlan(using random: inout SplitMix64) -> HistoryPlan {
        let windows: [Int64] = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            // Evenly over the orders of magnitude.
            min(
                max(self.windows.lowerBound, self.windows.upperBound >> Int64.random(in: 0...20, using: &random)),
                .random(in: self.windows, using: &random))
        }
        var plan = EntityPlan(
            name: "card", reads: [.init(.sinceFirst), .init(.sinceLast, .after)],
            measures: (0..<Int.random(in: 1...3, using: &random)).map { _ in
                Bool.random(using: &random) ? .int : .double
            },
            distinctColumnCount: .random(in: 1...3, using: &random), conditionCount: .random(in: 1...4, using: &random),
            isLabelled: Int.random(in: 0..<3, using: &random) > 0)
        // Some plans are plain, so that events grow old and what is kept is little.
        let isPlain = Int.random(in: 0..<4, using: &random) == 0
        for _ in 0..<Int.random(in: 3...16, using: &random) {
            var read = randomRead(plan, windows, using: &random)
            if isPlain {
                if read.read.isStreak { continue }
                read.condition = nil
            }
            plan.reads.append(read)
        }
        let assume: Int64? =
            Bool.random(using: &random) ? nil : .random(in: 1...self.windows.upperBound, using: &random)
        return HistoryPlan(entities: [plan], assumeLegitimateAfterMicroseconds: assume)
    }
}

/// What comes next to a history: a payment, or what is told of an earlier one.
struct TrafficSource {
    let scenario: Scenario
    let plan: EntityPlan
    var random: SplitMix64
    var now: Int64 = 1_000_000
    private var ticket: UInt64 = 0
    private var recent: [Event] = []

    init(scenario: Scenario, plan: EntityPlan, random: SplitMix64) {
        self.scenario = scenario
        self.plan = plan
        self.random = random
    }

    mutating func next() -> Event {
        let step = Int.random(in: 0..<200, using: &random) == 0 ? scenario.windows.upperBound * 2 : scenario.step
        now += Int64.random(in: 0...step, using: &random)
        let isLate = Int.random(in: 0..<100, using: &random) < scenario.lateShare
        let time = isLate ? now - Int64.random(in: 0...scenario.latest, using: &random) : now
        ticket += 1
        var event = Event(key: UInt64.random(in: 0..<UInt64(scenario.keys), using: &random), time: time, ticket: ticket)
        event.measures = plan.measures.map { measure($0) }
        event.columns = (0..<plan.distinctColumnCount).map { _ in .random(in: 0...scenario.values, using: &random) }
        event.conditions = (0..<plan.conditionCount).map { condition($0) }
        if recent.count > 200 { recent.removeFirst(100) }
        recent.append(event)
        return event
    }

    /// Something told of a recent payment, which may be known long since or much later.
    mutating func told() -> (event: Event, knowledge: Aggregates.Knowledge, knownAt: Int64) {
        let event = recent.randomElement(using: &random) ?? Event(time: 0)
        let knowledge: Aggregates.Knowledge =
            Bool.random(using: &random)
            ? .label(LabelState.allCases.randomElement(using: &random) ?? .fraud)
            : .outcome(OutcomeState.allCases.randomElement(using: &random) ?? .voided)
        let around = scenario.step * 20
        let knownAt =
            switch Int.random(in: 0..<3, using: &random) {
            case 0: now
            case 1: event.time + Int64.random(in: 0...around, using: &random)
            default: now + Int64.random(in: -around...around, using: &random)
            }
        return (event, knowledge, knownAt)
    }

    private mutating func measure(_ kind: MeasureKind) -> Int64 {
        let value: Int64 =
            switch Int.random(in: 0..<40, using: &random) {
            case 0: .max
            case 1: .min + 1
            case 2...5: .min
            default: .random(in: -500...5_000, using: &random)
            }
        if kind == .int || value == .min { return value }
        // Thousandths, so that sums are not exact in a double.
        let double = value == 0 ? 0 : Double(value) / 1_000
        return Int64(bitPattern: double.bitPattern)
    }

    /// A condition over the payment, over what becomes known, or over both; each condition is of one sort.
    private mutating func condition(_ number: Int) -> ConditionMask {
        let isMet = Bool.random(using: &random)
        switch number % 4 {
        case 0: return ConditionMask(meets: isMet ? 0b111111 << 6 : 0b111111 << 12, isKnown: 0b111111_111111 << 6)
        case 1: return ConditionMask(always: Int.random(in: 0..<5, using: &random) == 0 ? nil : isMet)
        case 2: return ConditionMask(meets: 0b001100_001100_001100, isKnown: isMet ? ConditionMask.allStates : 0)
        default:
            return ConditionMask(
                meets: UInt32(truncatingIfNeeded: random.next()), isKnown: UInt32(truncatingIfNeeded: random.next()))
        }
    }
}
