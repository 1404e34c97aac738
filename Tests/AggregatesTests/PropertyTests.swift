// Random plans and traffic against the plain twin. A failure names its seed.
import Foundation
import Testing

@testable import Aggregates

@Suite struct PropertyTests {
    /// The suite's own size, unless the environment asks for more.
    static var payments: Int {
        ProcessInfo.processInfo.environment["SHROFF_PROPERTY_PAYMENTS"].flatMap(Int.init) ?? 8_000
    }

    static let paymentsOfRun = 400

    @Test(arguments: Scenario.all.indices)
    func `every read equals the plain twin's, whatever comes`(number: Int) {
        let scenario = Scenario.all[number]
        for run in 0..<max(1, Self.payments / Scenario.all.count / Self.paymentsOfRun) {
            let seed = UInt64(run * 1_000 + number)
            guard Self.agree(scenario, seed: seed) else { return }
        }
    }

    @Test func `a late read sees a state that had come and gone before the present`() {
        // Found by a run of a million: two labels became known between two presents, and the second undid the first.
        #expect(Self.agree(Scenario.all[7], seed: 210_007))
    }

    static func agree(_ scenario: Scenario, seed: UInt64) -> Bool {
        var random = SplitMix64(seed: seed)
        let plan = scenario.randomPlan(using: &random)
        var plain = ReferenceAggregates(plan: plan, limits: scenario.limits)
        var fast = Aggregates(plan: plan, limits: scenario.limits)
        var source = TrafficSource(scenario: scenario, plan: plan.entities[0], random: random)
        for number in 0..<paymentsOfRun {
            let event = source.next()
            let expected = plain.read(0, event)
            let actual = fast.read(0, event)
            for (place, planned) in plan.entities[0].reads.enumerated()
            where !isEqual(actual[place], expected[place], planned, event, plain) {
                Issue.record(
                    """
                    seed \(seed), \(scenario.name), payment \(number) \(event), read \(planned): \(actual[place]) \
                    instead of \(expected[place]); assumed legitimate after \
                    \(plan.assumeLegitimateAfterMicroseconds ?? 0)
                    """)
                return false
            }
            // Some payments are only asked about, at times that may be later than those that follow.
            if source.random.next() % 10 > 0 {
                plain.add(0, event)
                fast.add(0, event)
            }
            while source.random.next() % 3 == 0 {
                let told = source.told()
                let isKept = plain.learn(told)
                guard fast.learn(told) == isKept else {
                    Issue.record("seed \(seed), \(scenario.name), payment \(number): \(told) is kept: \(isKept)")
                    return false
                }
            }
            if number == paymentsOfRun / 2, !isRestored(&fast, scenario, seed) { return false }
        }
        var statistics = fast.statistics
        statistics.bytes = 0
        // Answers are counted from a start on: the written state has none of them.
        var expected = plain.statistics
        statistics.partialObservations = 0
        expected.partialObservations = 0
        statistics.approximateObservations = 0
        expected.approximateObservations = 0
        #expect(statistics == expected, "seed \(seed), \(scenario.name)")
        return statistics == expected
    }

    /// Goes on with the state written and read back.
    static func isRestored(_ fast: inout Aggregates, _ scenario: Scenario, _ seed: UInt64) -> Bool {
        do {
            fast = try fast.writtenAndRead()
            return true
        } catch {
            Issue.record("seed \(seed), \(scenario.name): \(error)")
            return false
        }
    }

    /// Decayed sums may differ by their bound, 1e-9 of the sum of magnitudes; all else is equal to the bit.
    static func isEqual(
        _ actual: HistoryValue, _ expected: HistoryValue, _ planned: PlannedRead, _ event: Event,
        _ plain: ReferenceAggregates
    ) -> Bool {
        guard planned.read.halfLifeMicroseconds != nil, actual.kind == .double, expected.kind == .double else {
            return actual == expected
        }
        guard actual.isPartial == expected.isPartial else { return false }
        // Below 2^-1000 a weight may be anything, 0 too.
        let difference = abs(actual.double - expected.double)
        if difference <= max(1e-9 * abs(expected.double), 1e-260) { return true }
        var magnitudes = plain.magnitudes()
        var asking = event
        asking.measures = magnitudes.magnitudes(of: event.measures)
        let place = plain.plan.entities[0].reads.firstIndex(of: planned) ?? 0
        return difference <= 1e-9 * magnitudes.read(0, asking)[place].double
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `kinds of entities do not touch each other`(seed: UInt64) {
        let scenario = Scenario.all[2]
        var random = SplitMix64(seed: seed)
        let plans = (0..<4).map { _ in scenario.randomPlan(using: &random) }
        var together = Aggregates(
            plan: HistoryPlan(entities: plans.map { $0.entities[0] }), limits: scenario.limits)
        var apart = plans.map { Aggregates(plan: HistoryPlan(entities: $0.entities), limits: scenario.limits) }
        var sources = plans.map { TrafficSource(scenario: scenario, plan: $0.entities[0], random: random) }
        for _ in 0..<1_000 {
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
            let plan = scenario.randomPlan(using: &random)
            var aggregates = Aggregates(plan: plan, limits: scenario.limits)
            var source = TrafficSource(scenario: scenario, plan: plan.entities[0], random: random)
            let results = (0..<1_000).map { _ in aggregates.observe(0, source.next()) }
            return (results, aggregates.statistics)
        }
        let first = run()
        let second = run()
        #expect(first.results == second.results)
        #expect(first.statistics == second.statistics)
    }

    @Test func `a copy is a snapshot: what is added later does not reach it`() {
        let scenario = Scenario.all[1]
        var random = SplitMix64(seed: 9)
        let plan = scenario.randomPlan(using: &random)
        var aggregates = Aggregates(plan: plan, limits: scenario.limits)
        var source = TrafficSource(scenario: scenario, plan: plan.entities[0], random: random)
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

extension Histories {
    mutating func learn(_ told: (event: Event, knowledge: Aggregates.Knowledge, knownAt: Int64)) -> Bool {
        learn(
            entity: 0, key: told.event.key, timeMicroseconds: told.event.time, ticket: told.event.ticket,
            told.knowledge, knownAtMicroseconds: told.knownAt)
    }
}

extension ReferenceAggregates {
    func magnitudes(of measures: [Int64]) -> [Int64] {
        zip(plan.entities[0].measures, measures).map { kind, value in
            if value == Aggregates.missingMeasure { return value }
            return kind == .int
                ? Int64(clamping: value.magnitude) : Int64(bitPattern: kind.double(value).magnitude.bitPattern)
        }
    }

    /// The same histories of the measures' magnitudes.
    func magnitudes() -> ReferenceAggregates {
        var result = self
        for key in Array(result.tables[0].entities.keys) {
            guard var entity = result.tables[0].entities[key] else { continue }
            for place in entity.events.indices {
                entity.events[place].measures = magnitudes(of: entity.events[place].measures)
            }
            for place in entity.dropped.indices {
                entity.dropped[place].measures = magnitudes(of: entity.dropped[place].measures)
            }
            result.tables[0].entities[key] = entity
        }
        return result
    }
}

extension Aggregates {
    /// The state as words.
    func written() -> [UInt64] {
        var words: [UInt64] = []
        write { piece in
            precondition(piece.count <= Aggregates.statePieceWords)
            for place in piece.indices { words.append(piece[place]) }
        }
        return words
    }

    struct TooFewWords: Error {}

    /// - Precondition: the words are all that are needed, or it throws.
    init(plan: HistoryPlan, limits: AggregateLimits, words: [UInt64]) throws {
        var next = 0
        try self.init(plan: plan, limits: limits) { span in
            if next + span.count > words.count { throw TooFewWords() }
            for place in span.indices { span[place] = words[next + place] }
            next += span.count
        }
        if next != words.count { throw TooFewWords() }
    }

    /// The same state, through its written form.
    func writtenAndRead() throws -> Aggregates {
        try Aggregates(plan: plan, limits: limits, words: written())
    }
}
