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
                PlannedRead(.count(windowMicroseconds: window), condition: 0),
                PlannedRead(.maximum(measure: 0, windowMicroseconds: window), condition: 0),
                PlannedRead(.decayedSum(measure: 0, halfLifeMicroseconds: window), .after),
                PlannedRead(.streak, condition: 0),
            ]
        }
        let plan = EntityPlan(
            name: "card", reads: reads, measures: [.int], distinctColumnCount: 1, conditionCount: 1, isLabelled: true)
        let limits = AggregateLimits(entities: 200, eventsPerEntity: 60, allowedLatenessMicroseconds: 1_000)
        var histories = Aggregates(plan: HistoryPlan(entities: [plan]), limits: limits)
        var random = SplitMix64(seed: 5)
        var results = [HistoryValue](repeating: .missing, count: reads.count)
        let measures: [Int64] = [17]
        var columns: [UInt64] = [0]
        let conditions = [ConditionMask(meets: 0b111111 << 6, isKnown: ConditionMask.allStates)]
        var now: Int64 = 0
        var ticket: UInt64 = 0
        func run(_ payments: Int) {
            for _ in 0..<payments {
                now += Int64(random.next() % 20)
                columns[0] = random.next() % 30
                let key = random.next() % 210
                let time = now - Int64(random.next() % 40)
                histories.read(
                    entity: 0, key: key, timeMicroseconds: time, measures: measures.span, columns: columns.span,
                    conditions: conditions.span, results: &results)
                ticket += 1
                histories.add(
                    entity: 0, key: key, timeMicroseconds: time, ticket: ticket, measures: measures.span,
                    columns: columns.span, conditions: conditions.span)
                _ = histories.learn(
                    entity: 0, key: key, timeMicroseconds: time, ticket: ticket, .label(.fraud),
                    knownAtMicroseconds: now + Int64(random.next() % 40))
            }
        }
        run(80_000)
        let before = histories.statistics
        var most = 0
        for _ in 0..<100 { most = max(most, AllocationCounter.allocations { run(100) }) }
        #expect(most == 0)
        let after = histories.statistics
        // Entities vary in how much they hold: a page more now and then.
        #expect(after.bytes <= before.bytes + 8 * EventArena.pageWords * 8)
        #expect(after.evictedEntities > before.evictedEntities)
    }

    @Test func `a payment of an entity that has buckets allocates nothing once they are as many as its windows hold`() {
        let reads = [500, 20_000].flatMap { window in
            [
                PlannedRead(.count(windowMicroseconds: window)),
                PlannedRead(.mean(measure: 0, windowMicroseconds: window), condition: 0),
                PlannedRead(.standardDeviation(measure: 0, windowMicroseconds: window), .after),
                PlannedRead(.minimum(measure: 0, windowMicroseconds: window)),
                PlannedRead(.distinct(column: 0, windowMicroseconds: window), .after),
                PlannedRead(.isFirst(column: 0, windowMicroseconds: window)),
            ]
        }
        let plan = EntityPlan(
            name: "merchant", reads: reads, measures: [.double], distinctColumnCount: 1, conditionCount: 1,
            isLabelled: true)
        let limits = AggregateLimits(eventsPerEntity: 60, allowedLatenessMicroseconds: 100, sampledValues: 64)
        var histories = Aggregates(plan: HistoryPlan(entities: [plan]), limits: limits)
        var random = SplitMix64(seed: 6)
        var results = [HistoryValue](repeating: .missing, count: reads.count)
        let measures = [Int64(bitPattern: 17.5.bitPattern)]
        var columns: [UInt64] = [0]
        let conditions = [ConditionMask(always: true)]
        var now: Int64 = 0
        func run(_ payments: Int) {
            for _ in 0..<payments {
                now += Int64(random.next() % 10)
                columns[0] = random.next() % 300
                let time = now - Int64(random.next() % 40)
                histories.read(
                    entity: 0, key: 1, timeMicroseconds: time, measures: measures.span, columns: columns.span,
                    conditions: conditions.span, results: &results)
                histories.add(
                    entity: 0, key: 1, timeMicroseconds: time, ticket: 1, measures: measures.span,
                    columns: columns.span, conditions: conditions.span)
            }
        }
        run(10_000)
        #expect(results[6].isApproximate && results[10].isApproximate && !results[0].isPartial)
        var most = 0
        for _ in 0..<20 { most = max(most, AllocationCounter.allocations { run(100) }) }
        #expect(most == 0)
    }
}
