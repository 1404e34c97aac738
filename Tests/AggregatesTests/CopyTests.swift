// What a payment pays while a copy of the histories is held: bytes that it asks of malloc, counted and not timed.
import AllocationCounter
import Testing

@testable import Aggregates

@Suite(.enabled(if: AllocationCounter.isOn, "allocations are not counted here")) struct CopyTests {
    private static let kinds = 3

    private struct Payments {
        var histories: Aggregates
        private var random = SplitMix64(seed: 11)
        private var now: Int64 = 0
        private var results = [HistoryValue](repeating: .missing, count: 4)

        init() {
            let reads = [
                PlannedRead(.count(windowMicroseconds: 1_000_000)),
                PlannedRead(.mean(measure: 0, windowMicroseconds: 9_000_000)),
                PlannedRead(.distinct(column: 0, windowMicroseconds: 5_000_000), .after),
                PlannedRead(.sinceFirst),
            ]
            let entities = (0..<CopyTests.kinds).map {
                EntityPlan(name: "kind \($0)", reads: reads, measures: [.int], distinctColumnCount: 1)
            }
            histories = Aggregates(plan: HistoryPlan(entities: entities))
        }

        /// One in eight is of entities that were never seen; the others' are any of those that were.
        mutating func pay(known: UInt64) {
            now += 10
            let measures: InlineArray<1, Int64> = [17]
            let columns: InlineArray<1, UInt64> = [random.next() % 30]
            for kind in 0..<CopyTests.kinds {
                let key = random.next() % 8 == 0 ? random.next() : random.next() % known
                histories.read(
                    entity: kind, key: key, timeMicroseconds: now, measures: measures.span, columns: columns.span,
                    conditions: Span(), results: &results)
                histories.add(
                    entity: kind, key: key, timeMicroseconds: now, ticket: 0, measures: measures.span,
                    columns: columns.span, conditions: Span())
            }
        }
    }

    @Test func `a payment copies the few pages of its own entities, and no page twice`() {
        var payments = Payments()
        for _ in 0..<30_000 { payments.pay(known: 12_000) }
        let stateBytes = payments.histories.statistics.bytes
        let held = payments.histories
        var most = 0
        var all = 0
        for _ in 0..<3_000 {
            let bytes = AllocationCounter.bytes { payments.pay(known: 12_000) }
            most = max(most, bytes)
            all += bytes
        }
        // Records: its own and that of a chunk that moves. Chunks: the old place, the new one, the last of either size.
        // Links: its own, its neighbours' and those of the newest. The rest are tables of pages and a shard of the index.
        let pages = 2 * PagedWords.pageWords + 4 * EventArena.pageWords + 4 * RecencyList.pageWords
        #expect(most <= Self.kinds * (pages * 8 + 32_768))
        #expect(most > EventArena.pageWords * 8)
        #expect(all < stateBytes * 3 / 2)
        #expect(held.statistics.bytes == stateBytes)
    }

    @Test func `a copy that is no longer held costs nothing`() {
        var payments = Payments()
        for _ in 0..<10_000 { payments.pay(known: 3_000) }
        do {
            let held = payments.histories
            payments.pay(known: 3_000)
            #expect(held.statistics.events < payments.histories.statistics.events)
        }
        var copying = 0
        for _ in 0..<500 {
            let bytes = AllocationCounter.bytes { payments.pay(known: 3_000) }
            if bytes > 4 * EventArena.pageWords * 8 { copying += 1 }
        }
        #expect(copying <= 5)
    }
}
