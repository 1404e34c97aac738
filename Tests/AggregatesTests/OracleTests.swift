// Random plans and payments against the plain twin. A failure names its seed.
import Testing

@testable import Aggregates

/// How wild a run is.
struct Scenario: Sendable, CustomTestStringConvertible {
    var name: String
    var keys: Int
    var payments: Int
    var limits: AggregateLimits
    /// Largest step of time between payments, and how far back a late one may lie.
    var step: Int64
    var lateShare: Int
    var latest: Int64
    var longestWindow: Int64
    var values: UInt64 = 6

    var testDescription: String { name }

    static let all: [Scenario] = [
        Scenario(
            name: "in time order", keys: 5, payments: 900,
            limits: AggregateLimits(allowedLatenessMicroseconds: 0), step: 20, lateShare: 0, latest: 1,
            longestWindow: 300),
        Scenario(
            name: "late within the lateness", keys: 3, payments: 900,
            limits: AggregateLimits(allowedLatenessMicroseconds: 400), step: 6, lateShare: 50, latest: 200,
            longestWindow: 500),
        Scenario(
            name: "late within and beyond", keys: 3, payments: 900,
            limits: AggregateLimits(allowedLatenessMicroseconds: 50), step: 8, lateShare: 40, latest: 150,
            longestWindow: 200),
        Scenario(
            name: "few entities", keys: 40, payments: 1_000,
            limits: AggregateLimits(entities: 7, allowedLatenessMicroseconds: 100), step: 4, lateShare: 30,
            latest: 120, longestWindow: 400),
        Scenario(
            name: "few events", keys: 3, payments: 1_000,
            limits: AggregateLimits(eventsPerEntity: 9, allowedLatenessMicroseconds: 200), step: 4, lateShare: 30,
            latest: 100, longestWindow: 300),
        Scenario(
            name: "one event", keys: 3, payments: 500,
            limits: AggregateLimits(eventsPerEntity: 1, allowedLatenessMicroseconds: 100), step: 4, lateShare: 30,
            latest: 100, longestWindow: 300),
        Scenario(
            name: "busy, indexed", keys: 1, payments: 900,
            limits: AggregateLimits(allowedLatenessMicroseconds: 300), step: 3, lateShare: 20, latest: 200,
            longestWindow: 600, values: 60),
        Scenario(
            name: "busy, indexed, few events", keys: 2, payments: 1_000,
            limits: AggregateLimits(eventsPerEntity: 130, allowedLatenessMicroseconds: 300), step: 2, lateShare: 25,
            latest: 350, longestWindow: 500, values: 200),
        Scenario(
            name: "bursts and pauses", keys: 2, payments: 900,
            limits: AggregateLimits(allowedLatenessMicroseconds: 30), step: 1, lateShare: 10, latest: 40,
            longestWindow: 150, values: 30),
    ]
}

func randomPlan(_ scenario: Scenario, using random: inout SplitMix64) -> EntityPlan {
    let measures = Int.random(in: 1...3, using: &random)
    let columns = Int.random(in: 1...3, using: &random)
    let windows = (0..<Int.random(in: 1...5, using: &random)).map { _ in
        Int64.random(in: 1...scenario.longestWindow, using: &random)
    }
    var reads: [PlannedRead] = [
        .init(.sinceFirst), .init(.sinceFirst, .after), .init(.sinceLast), .init(.sinceLast, .after),
    ]
    for _ in 0..<20 {
        let window = windows.randomElement(using: &random) ?? 1
        let read: HistoryRead =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: .count(windowMicroseconds: window)
            case 1: .sum(measure: .random(in: 0..<measures, using: &random), windowMicroseconds: window)
            case 2: .mean(measure: .random(in: 0..<measures, using: &random), windowMicroseconds: window)
            default: .distinct(column: .random(in: 0..<columns, using: &random), windowMicroseconds: window)
            }
        reads.append(PlannedRead(read, Bool.random(using: &random) ? .before : .after))
    }
    return EntityPlan(name: "card", reads: reads, measureCount: measures, distinctColumnCount: columns)
}

struct PaymentSource {
    let scenario: Scenario
    let plan: EntityPlan
    var random: SplitMix64
    var now: Int64 = 1_000_000

    mutating func next() -> Event {
        let step = Int.random(in: 0..<200, using: &random) == 0 ? scenario.longestWindow * 2 : scenario.step
        now += Int64.random(in: 0...step, using: &random)
        let isLate = Int.random(in: 0..<100, using: &random) < scenario.lateShare
        let time = isLate ? now - Int64.random(in: 0...scenario.latest, using: &random) : now
        return Event(
            key: UInt64.random(in: 0..<UInt64(scenario.keys), using: &random), time: time,
            measures: (0..<plan.measureCount).map { _ in measure() },
            columns: (0..<plan.distinctColumnCount).map { _ in .random(in: 0...scenario.values, using: &random) })
    }

    private mutating func measure() -> Int64 {
        switch Int.random(in: 0..<40, using: &random) {
        case 0: .max
        case 1: .min + 1
        case 2...5: .min
        default: .random(in: -500...5_000, using: &random)
        }
    }
}

@Suite struct OracleTests {
    @Test(arguments: Scenario.all, [1, 2, 0xF00D] as [UInt64])
    func `every read equals the plain twin's, whatever comes`(scenario: Scenario, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let plan = randomPlan(scenario, using: &random)
        var oracle = Oracle(plan: plan, limits: scenario.limits)
        var aggregates = Aggregates(plan: HistoryPlan(entities: [plan]), limits: scenario.limits)
        var source = PaymentSource(scenario: scenario, plan: plan, random: random)
        for number in 0..<scenario.payments {
            let event = source.next()
            let expected = oracle.observe(event)
            let actual = aggregates.observe(0, event)
            guard actual == expected else {
                let place = zip(actual, expected).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
                Issue.record(
                    """
                    seed \(seed), \(scenario.name), payment \(number) \(event), read \(plan.reads[place]): \
                    \(actual[place]) instead of \(expected[place])
                    """)
                return
            }
        }
        var statistics = aggregates.statistics
        #expect(statistics.bytes > 0)
        statistics.bytes = 0
        #expect(statistics == oracle.statistics, "seed \(seed)")
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `kinds of entities do not touch each other`(seed: UInt64) {
        let scenario = Scenario.all[2]
        var random = SplitMix64(seed: seed)
        let plans = (0..<4).map { _ in randomPlan(scenario, using: &random) }
        var together = Aggregates(plan: HistoryPlan(entities: plans), limits: scenario.limits)
        var apart = plans.map { Aggregates(plan: HistoryPlan(entities: [$0]), limits: scenario.limits) }
        var sources = plans.map { PaymentSource(scenario: scenario, plan: $0, random: random) }
        for _ in 0..<2_000 {
            let kind = Int.random(in: 0..<4, using: &random)
            let event = sources[kind].next()
            #expect(together.observe(kind, event) == apart[kind].observe(0, event), "seed \(seed)")
        }
        for kind in 0..<4 {
            #expect(together.statistics(entity: kind) == apart[kind].statistics)
        }
    }

    @Test func `the same payments give the same answers and the same memory, twice`() {
        let scenario = Scenario.all[3]
        func run() -> (results: [[HistoryValue]], statistics: AggregateStatistics) {
            var random = SplitMix64(seed: 7)
            let plan = randomPlan(scenario, using: &random)
            var aggregates = Aggregates(plan: HistoryPlan(entities: [plan]), limits: scenario.limits)
            var source = PaymentSource(scenario: scenario, plan: plan, random: random)
            let results = (0..<1_000).map { _ in aggregates.observe(0, source.next()) }
            return (results, aggregates.statistics)
        }
        let first = run()
        let second = run()
        #expect(first.results == second.results)
        #expect(first.statistics == second.statistics)
    }

    @Test func `a copy is a snapshot: what is observed later does not reach it`() {
        let scenario = Scenario.all[1]
        var random = SplitMix64(seed: 9)
        let plan = randomPlan(scenario, using: &random)
        var aggregates = Aggregates(plan: HistoryPlan(entities: [plan]), limits: scenario.limits)
        var source = PaymentSource(scenario: scenario, plan: plan, random: random)
        for _ in 0..<500 {
            _ = aggregates.observe(0, source.next())
        }
        var snapshot = aggregates
        let statistics = snapshot.statistics
        let later = (0..<500).map { _ in source.next() }
        let answers = later.map { aggregates.observe(0, $0) }
        #expect(snapshot.statistics == statistics)
        #expect(later.map { snapshot.observe(0, $0) } == answers)
    }
}
