// What a steady state allocates: every call of malloc by the test's own thread is counted.
import AllocationCounter
import Testing

@testable import Aggregates

@Suite(.enabled(if: AllocationCounter.isOn, "allocations are not counted here")) struct AllocationTests {
    @Test func `a payment allocates nothing once its entities are warm`() {
        let windows: [Int64] = [100, 1_000, 10_000]
        let reads = windows.flatMap { window in
            [
                PlannedRead(.count(windowMicroseconds: window)),
                PlannedRead(.sum(measure: 0, windowMicroseconds: window), .after),
                PlannedRead(.mean(measure: 0, windowMicroseconds: window)),
                PlannedRead(.distinct(column: 0, windowMicroseconds: window), .after),
            ]
        }
        let plan = EntityPlan(name: "card", reads: reads, measureCount: 1, distinctColumnCount: 1)
        let limits = AggregateLimits(entities: 200, allowedLatenessMicroseconds: 1_000)
        var histories = Aggregates(plan: HistoryPlan(entities: [plan]), limits: limits)
        var random = SplitMix64(seed: 5)
        var results = [HistoryValue](repeating: .missing, count: reads.count)
        let measures: [Int64] = [17]
        var columns: [UInt64] = [0]
        var now: Int64 = 0
        func run(_ payments: Int) {
            for _ in 0..<payments {
                now += Int64(random.next() % 20)
                columns[0] = random.next() % 30
                histories.observe(
                    entity: 0, key: random.next() % 210, timeMicroseconds: now - Int64(random.next() % 40),
                    measures: measures.span, columns: columns.span, results: &results)
            }
        }
        run(40_000)
        let before = histories.statistics
        var most = 0
        for _ in 0..<100 { most = max(most, AllocationCounter.allocations { run(100) }) }
        #expect(most == 0)
        let after = histories.statistics
        // Entities vary in how much they hold: a page more now and then.
        #expect(after.bytes <= before.bytes + 8 * EventArena.pageWords * 8)
        #expect(after.evictedEntities > before.evictedEntities)
    }
}
