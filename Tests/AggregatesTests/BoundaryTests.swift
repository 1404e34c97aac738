// The edges by hand: of a window, of the limits, of what is missing.
import Testing

@testable import Aggregates

private let window: Int64 = 600_000_000

private func aggregates(
    _ reads: [PlannedRead], measures: Int = 1, columns: Int = 1, limits: AggregateLimits = AggregateLimits()
) -> Aggregates {
    let plan = EntityPlan(name: "card", reads: reads, measureCount: measures, distinctColumnCount: columns)
    return Aggregates(plan: HistoryPlan(entities: [plan]), limits: limits)
}

private func payment(_ time: Int64, key: UInt64 = 1, amount: Int64 = 0, value: UInt64 = 0) -> Event {
    Event(key: key, time: time, measures: [amount], columns: [value])
}

private let count = HistoryRead.count(windowMicroseconds: window)
private let sum = HistoryRead.sum(measure: 0, windowMicroseconds: window)
private let mean = HistoryRead.mean(measure: 0, windowMicroseconds: window)
private let distinct = HistoryRead.distinct(column: 0, windowMicroseconds: window)

@Suite struct BoundaryTests {
    @Test func `a payment counts up to a microsecond before its time plus the window, and no longer`() {
        for (later, expected) in [(window - 1, 1), (window, 0), (window + 1, 0)] as [(Int64, Int64)] {
            var histories = aggregates([.init(count), .init(distinct), .init(sum)])
            _ = histories.observe(0, payment(1_000, amount: 5, value: 9))
            let values = histories.observe(0, payment(1_000 + later, amount: 1, value: 8))
            #expect(values == [.int(expected), .int(expected), .int(expected * 5)], "\(later)")
        }
    }

    @Test func `the same edge holds for a late payment`() {
        for (late, expected) in [(window - 1, 1), (window, 0)] as [(Int64, Int64)] {
            var histories = aggregates([.init(count), .init(distinct), .init(sum)])
            _ = histories.observe(0, payment(1_000, amount: 5, value: 9))
            _ = histories.observe(0, payment(window * 3, amount: 7, value: 9))
            let values = histories.observe(0, payment(1_000 + late, amount: 1, value: 8))
            #expect(values == [.int(expected), .int(expected), .int(expected * 5)], "\(late)")
        }
    }

    @Test func `payments of one instant are seen by those that came after them`() {
        var histories = aggregates([.init(count), .init(count, .after), .init(.sinceLast), .init(.sinceFirst)])
        #expect(histories.observe(0, payment(50)) == [.int(0), .int(1), .missing, .missing])
        let zero = HistoryValue.duration(microseconds: 0)
        #expect(histories.observe(0, payment(50)) == [.int(1), .int(2), zero, zero])
        #expect(histories.observe(0, payment(50)) == [.int(2), .int(3), zero, zero])
    }

    @Test func `a late payment does not see the future, and the future sees it`() {
        var histories = aggregates([.init(count), .init(sum, .after), .init(.sinceLast), .init(.sinceFirst, .after)])
        _ = histories.observe(0, payment(1_000, amount: 10))
        #expect(
            histories.observe(0, payment(400, amount: 3))
                == [.int(0), .int(3), .missing, .duration(microseconds: 0)])
        #expect(
            histories.observe(0, payment(1_100, amount: 1))
                == [.int(2), .int(14), .duration(microseconds: 100), .duration(microseconds: 700)])
    }

    @Test func `lateness is allowed to the microsecond`() {
        let limits = AggregateLimits(allowedLatenessMicroseconds: 100)
        var histories = aggregates([.init(count), .init(count, .after)], limits: limits)
        _ = histories.observe(0, payment(1_000))
        #expect(histories.observe(0, payment(900)) == [.int(0), .int(1)])
        #expect(histories.observe(0, payment(899)) == [.int(0), .int(1)])
        #expect(histories.statistics.lateEvents == 1)
        #expect(histories.statistics.lateEventsBeyondLateness == 1)
        #expect(histories.observe(0, payment(1_000)) == [.int(2), .int(3)])
    }

    @Test func `what a payment lacks counts in no sum, no mean and no distinct`() {
        var histories = aggregates([
            .init(count), .init(sum), .init(mean), .init(mean, .after), .init(distinct, .after),
        ])
        let missing = Aggregates.missingMeasure
        #expect(
            histories.observe(0, payment(1, amount: missing))
                == [.int(0), .int(0), .missing, .missing, .int(0)])
        #expect(
            histories.observe(0, payment(2, amount: 7, value: 3))
                == [.int(1), .int(0), .missing, .double(7), .int(1)])
        #expect(
            histories.observe(0, payment(3, amount: missing, value: 3))
                == [.int(2), .int(7), .double(7), .double(7), .int(1)])
    }

    @Test func `a sum beyond Int64 stands at its end, its mean is exact, and it comes back`() {
        var histories = aggregates([.init(sum, .after), .init(mean, .after)])
        let mean = Double(Int128(Int64.max) * 3) / 3
        _ = histories.observe(0, payment(1, amount: .max))
        _ = histories.observe(0, payment(2, amount: .max))
        #expect(histories.observe(0, payment(3, amount: .max)) == [.int(.max), .double(mean)])
        _ = histories.observe(0, payment(4, amount: -.max))
        _ = histories.observe(0, payment(5, amount: -.max))
        #expect(histories.observe(0, payment(6, amount: -.max)) == [.int(0), .double(0)])
        #expect(histories.observe(0, payment(7, amount: -.max)).first == .int(-.max))
        #expect(histories.observe(0, payment(8, amount: -.max)).first == .int(.min))
        #expect(histories.observe(0, payment(8 + window, amount: 5)).first == .int(5))
    }

    @Test func `since_first and since_last reach back beyond every window`() {
        var histories = aggregates([.init(count), .init(.sinceFirst), .init(.sinceLast)])
        _ = histories.observe(0, payment(0))
        _ = histories.observe(0, payment(10))
        let later = window * 1_000
        #expect(
            histories.observe(0, payment(later))
                == [.int(0), .duration(microseconds: later), .duration(microseconds: later - 10)])
        #expect(
            histories.observe(0, payment(later - 5))
                == [.int(0), .duration(microseconds: later - 5), .duration(microseconds: later - 15)])
    }

    @Test func `the entity least recently seen leaves at one past the limit`() {
        var histories = aggregates([.init(count)], limits: AggregateLimits(entities: 3))
        for key in [0, 1, 2] as [UInt64] {
            _ = histories.observe(0, payment(1, key: key))
        }
        #expect(histories.statistics.evictedEntities == 0)
        #expect(histories.observe(0, payment(2, key: 0)) == [.int(1)])
        #expect(histories.observe(0, payment(3, key: 3)) == [.int(0)])
        #expect(histories.statistics.evictedEntities == 1)
        #expect(histories.statistics.entities == 3)
        #expect(histories.observe(0, payment(4, key: 2)) == [.int(1)])
        #expect(histories.observe(0, payment(4, key: 0)) == [.int(2)])
        #expect(histories.observe(0, payment(4, key: 1)) == [.int(0)])
        #expect(histories.statistics.evictedEntities == 2)
        #expect(histories.statistics.events == 6)
    }

    @Test func `an entity's oldest event is folded at one past the limit, and reads that reach it say so`() {
        let long = HistoryRead.count(windowMicroseconds: window)
        let short = HistoryRead.count(windowMicroseconds: 2)
        var histories = aggregates([.init(long), .init(short)], limits: AggregateLimits(eventsPerEntity: 4))
        for time in 1...4 as ClosedRange<Int64> {
            _ = histories.observe(0, payment(time))
        }
        #expect(histories.statistics.droppedEvents == 0)
        #expect(histories.observe(0, payment(5)) == [.int(4), .int(1)])
        #expect(histories.statistics.droppedEvents == 1)
        #expect(histories.statistics.events == 4)
        var approximate = HistoryValue.int(5)
        approximate.isApproximate = true
        #expect(histories.observe(0, payment(6)) == [approximate, .int(1)])
        #expect(histories.statistics.partialObservations == 0)
        #expect(histories.statistics.approximateObservations == 1)
    }

    @Test func `times and measures at the ends of Int64 are answered`() {
        var histories = aggregates(
            [.init(count), .init(sum), .init(.sinceFirst), .init(.sinceLast)],
            limits: AggregateLimits(allowedLatenessMicroseconds: AggregateLimits.maximumLatenessMicroseconds))
        for time in [Int64.min, .max, 0, .max, .min] {
            _ = histories.observe(0, payment(time, amount: .max))
        }
        #expect(histories.statistics.lateEventsBeyondLateness == 2)
        let limit = Aggregates.maximumTimeMicroseconds
        #expect(
            histories.observe(0, payment(limit))
                == [.int(2), .int(.max), .duration(microseconds: 2 * limit), .duration(microseconds: 0)])
    }

    @Test func `an entity with no windows keeps no more than its last payments`() {
        let limits = AggregateLimits(allowedLatenessMicroseconds: 10)
        var histories = aggregates([.init(.sinceLast)], measures: 0, columns: 0, limits: limits)
        for time in 0..<1_000 {
            _ = histories.observe(0, Event(time: Int64(time)))
        }
        #expect(histories.statistics.events == 10)
    }

    @Test func `the most events that an entity may have are counted, summed and told apart`() {
        let most = AggregateLimits.maximumEventsPerEntity
        var histories = aggregates(
            [.init(count, .after), .init(sum, .after), .init(distinct, .after)],
            limits: AggregateLimits(eventsPerEntity: most))
        for number in 0..<Int64(most) * 2 {
            let values = histories.observe(0, payment(number, amount: number, value: UInt64(number % 20_000) + 1))
            guard number % 1_000 == 0 || number > 2 * Int64(most) - 5 else { continue }
            #expect(
                values.map(\.int) == [number + 1, number * (number + 1) / 2, min(number + 1, 20_000)], "\(number)")
            #expect(values[0].isApproximate == (number > Int64(most)) && !values[0].isPartial)
        }
        #expect(histories.statistics.events == most)
        #expect(histories.statistics.droppedEvents == most)
    }
}
