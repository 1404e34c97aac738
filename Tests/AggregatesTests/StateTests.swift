// The written state: read back it is the same, and what is no state is refused.
import Testing

@testable import Aggregates

@Suite struct StateTests {
    private func filled(_ seed: UInt64, _ number: Int = 3) -> (aggregates: Aggregates, source: TrafficSource) {
        let scenario = Scenario.all[number]
        var random = SplitMix64(seed: seed)
        let plan = scenario.randomPlan(using: &random)
        var aggregates = Aggregates(plan: plan, limits: scenario.limits)
        var source = TrafficSource(scenario: scenario, plan: plan.entities[0], random: random)
        for _ in 0..<300 {
            _ = aggregates.observe(0, source.next())
            _ = aggregates.learn(source.told())
        }
        return (aggregates, source)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>, [3, 8, 9])
    func `what was written and read back is written alike, and goes on alike`(seed: UInt64, scenario: Int) throws {
        var (original, source) = filled(seed, scenario)
        let words = original.written()
        var read = try original.writtenAndRead()
        #expect(read.written() == words)
        for _ in 0..<200 {
            let event = source.next()
            #expect(original.observe(0, event) == read.observe(0, event))
            let told = source.told()
            #expect(original.learn(told) == read.learn(told))
        }
        #expect(original.written() == read.written())
    }

    @Test func `a state of another format, plan or limit is refused`() throws {
        let (aggregates, _) = filled(4)
        var words = aggregates.written()
        var limits = aggregates.limits
        limits.entities = 6
        #expect(throws: AggregateStateError.invalid("more entities than the limit", kind: "card", entity: 0)) {
            try Aggregates(plan: aggregates.plan, limits: limits, words: words)
        }
        let other = HistoryPlan(entities: [EntityPlan(name: "card", reads: [])])
        #expect(throws: AggregateStateError.anotherPlan) {
            try Aggregates(plan: other, limits: aggregates.limits, words: words)
        }
        words[0] += 1
        #expect(throws: AggregateStateError.unknownFormat(3)) {
            try Aggregates(plan: aggregates.plan, limits: aggregates.limits, words: words)
        }
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>, [3, 8, 9])
    func `words that were damaged are refused or make histories that answer`(seed: UInt64, scenario: Int) {
        var (aggregates, source) = filled(seed, scenario)
        let words = aggregates.written()
        var refused = 0
        for _ in 0..<150 {
            var damaged = words
            let place = Int.random(in: damaged.indices, using: &source.random)
            switch Int.random(in: 0..<3, using: &source.random) {
            case 0: damaged[place] ^= 1 << UInt64.random(in: 0..<64, using: &source.random)
            case 1: damaged[place] = source.random.next()
            default: damaged.removeLast(damaged.count - place)
            }
            guard var read = try? Aggregates(plan: aggregates.plan, limits: aggregates.limits, words: damaged) else {
                refused += 1
                continue
            }
            for _ in 0..<5 { _ = read.observe(0, source.next()) }
        }
        #expect(refused > 50)
    }
}
