// Buckets and samples against all that ever happened: within the error that they state, exact where they say so.
import Testing

@testable import Aggregates

@Suite struct BucketTests {
    static let window: Int64 = 1_000_000

    private func histories(
        _ reads: [PlannedRead], events: Int, isLabelled: Bool = false, assumeLegitimateAfter: Int64? = nil,
        levels: Int = 24, values: Int = 2_048, lateness: Int64 = 0
    ) -> Aggregates {
        let plan = EntityPlan(
            name: "terminal", reads: reads, measures: [.int, .double], distinctColumnCount: 1, conditionCount: 1,
            isLabelled: isLabelled)
        return Aggregates(
            plan: HistoryPlan(entities: [plan], assumeLegitimateAfterMicroseconds: assumeLegitimateAfter),
            limits: AggregateLimits(
                entities: 500, eventsPerEntity: events, allowedLatenessMicroseconds: lateness,
                bucketLevels: levels, sampledValues: values))
    }

    private func payment(_ time: Int64, ticket: UInt64 = 0, amount: Int64 = 1, value: UInt64 = 1, mask: UInt32 = 0)
        -> Event
    {
        Event(
            time: time, ticket: ticket,
            measures: [amount, Int64(bitPattern: (Double(amount) / 4).bitPattern)], columns: [value],
            conditions: [ConditionMask(meets: mask, isKnown: ConditionMask.allStates)])
    }

    @Test(arguments: [16, 200], [1] as [UInt64])
    func `counts stay within 1/32, sums within half a bucket, extremes within a sixteenth`(
        events: Int, seed: UInt64
    ) {
        let windows: [Int64] = [3_000, 12_000, 40_000]
        let reads = windows.flatMap { window in
            [
                PlannedRead(.count(windowMicroseconds: window)), .init(.sum(measure: 0, windowMicroseconds: window)),
                .init(.sum(measure: 1, windowMicroseconds: window)),
                .init(.mean(measure: 0, windowMicroseconds: window)),
                .init(.standardDeviation(measure: 1, windowMicroseconds: window)),
                .init(.minimum(measure: 0, windowMicroseconds: window)),
                .init(.maximum(measure: 0, windowMicroseconds: window)),
            ]
        }
        var histories = histories(reads, events: events)
        var random = SplitMix64(seed: seed)
        var past: [(time: Int64, amount: Int64)] = []
        var now: Int64 = 0
        var approximate = 0
        for number in 0..<10_000 {
            // Bursts and pauses.
            now += Int64.random(in: 0...(number / 1_000 % 2 == 0 ? 4 : 16), using: &random)
            let event = payment(now, amount: .random(in: 900...1_100, using: &random))
            defer {
                past.append((now, event.measures[0]))
                histories.add(0, event)
            }
            guard number % 97 == 0 else { continue }
            let answers = histories.read(0, event)
            for (place, window) in windows.enumerated() {
                let inside = past[past.partition(after: now - window)...].map(\.amount)
                let count = Double(inside.count)
                let sum = Double(inside.reduce(0, +))
                let read = answers[place * 7..<place * 7 + 7].map { $0 }
                guard read[0].isApproximate else {
                    #expect(read[0].int == Int64(inside.count) && read[1].int == inside.reduce(0, +))
                    continue
                }
                approximate += 1
                #expect(!read[0].isPartial)
                // Half an event for rounding; amounts differ by a tenth either way.
                #expect(abs(Double(read[0].int) - count) <= count / 32 + 0.5, "\(number), \(window)")
                #expect(abs(Double(read[1].int) - sum) <= sum / 32 * 1.25 + 1_100, "\(number), \(window)")
                #expect(abs(read[2].double - sum / 4) <= sum / 128 * 1.25 + 275, "\(number), \(window)")
                #expect(abs(read[3].double - sum / count) <= 200 / 16.0, "\(number), \(window)")
                let mean = sum / count
                let variance = inside.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count / 16
                #expect(abs(read[4].double - variance.squareRoot()) <= 50 / 8.0, "\(number), \(window)")
                // At most a sixteenth of the window, its oldest end, may be passed over.
                let shorter = inside[(inside.count / 16 + 1)...]
                #expect(read[5].int >= inside.min() ?? 0 && read[5].int <= shorter.min() ?? 0, "\(number), \(window)")
                #expect(read[6].int <= inside.max() ?? 0 && read[6].int >= shorter.max() ?? 0, "\(number), \(window)")
            }
        }
        #expect(approximate > 80)
        #expect(histories.statistics.bytes < 2_000_000)
    }

    @Test func `different values are exact up to the limit of the sample, and estimated past it`() {
        let read = PlannedRead(.distinct(column: 0, windowMicroseconds: Self.window), .after)
        for (values, seed) in [(1_900, 1), (2_048, 2), (5_000, 3), (100_000, 4)] as [(Int, UInt64)] {
            var histories = histories([read], events: 32)
            var random = SplitMix64(seed: seed)
            var seen: Set<UInt64> = []
            var now: Int64 = 0
            var worst = 0.0
            for number in 0..<12_000 {
                now += 1
                let value = UInt64.random(in: 1...UInt64(values), using: &random)
                seen.insert(value)
                let event = payment(now, value: value)
                defer { histories.add(0, event) }
                guard number % 50 == 0 else { continue }
                let answer = histories.read(0, event)[0]
                #expect(!answer.isPartial)
                if !answer.isApproximate {
                    #expect(answer.int == Int64(seen.count), "\(number) of \(values)")
                } else {
                    worst = max(worst, abs(Double(answer.int) / Double(seen.count) - 1))
                }
            }
            // What is not among the 32 events is sampled: with as many values as fit nothing ever leaves.
            #expect((worst == 0) == (values <= 2_048), "\(values)")
            // Four standard errors.
            #expect(worst < 4 * 0.024, "\(values)")
        }
    }

    @Test func `a window's share of the sample gives its error`() {
        let short = PlannedRead(.distinct(column: 0, windowMicroseconds: 1_250))
        let long = PlannedRead(.distinct(column: 0, windowMicroseconds: 10_000))
        var histories = histories([short, long], events: 32)
        var squares = (short: 0.0, long: 0.0)
        var reads = 0.0
        for time in 1...30_000 as ClosedRange<Int64> {
            // Every value comes once.
            let event = payment(time, value: UInt64(time))
            defer { histories.add(0, event) }
            guard time > 12_500, time % 250 == 0 else { continue }
            let answers = histories.read(0, event)
            reads += 1
            squares.short += (Double(answers[0].int) / 1_249 - 1) * (Double(answers[0].int) / 1_249 - 1)
            squares.long += (Double(answers[1].int) / 9_999 - 1) * (Double(answers[1].int) / 9_999 - 1)
        }
        #expect((squares.long / reads).squareRoot() < 0.035)
        // An eighth of the values: 2.4% times the square root of 8, and what the threshold has gone down by too far.
        #expect((squares.short / reads).squareRoot() < 0.09)
    }

    @Test func `a value seen long ago is known to the sample, beyond the kept events`() {
        let read = PlannedRead(.isFirst(column: 0, windowMicroseconds: 100))
        var histories = histories([read], events: 4)
        for time in 1...40 as ClosedRange<Int64> { _ = histories.observe(0, payment(time, value: UInt64(time))) }
        for value in 1...40 as ClosedRange<UInt64> {
            #expect(histories.read(0, payment(41, value: value)) == [.int(0)])
        }
        #expect(histories.read(0, payment(41, value: 99)) == [.int(1)])
        #expect(histories.read(0, payment(102, value: 2)) == [.int(1)])
        #expect(histories.read(0, payment(102, value: 3)) == [.int(0)])
    }

    // MARK: What becomes known

    @Test func `labels count as they were known when the payment was folded, and later ones are missed and counted`() {
        let fraud: UInt32 = 0b111111 << 6
        let read = PlannedRead(.count(windowMicroseconds: Self.window), condition: 0)
        var histories = histories([read], events: 16, isLabelled: true)
        for number in 1...200 as ClosedRange<Int64> {
            let event = payment(number, ticket: UInt64(number), mask: fraud)
            _ = histories.observe(0, event)
            if number % 2 == 0 { _ = histories.learn((event, .label(.fraud), number)) }
        }
        #expect(histories.read(0, payment(201, mask: fraud))[0].int == 100)
        #expect(histories.statistics.missedRevisions == 0)
        var isKept = histories.learn((payment(3, ticket: 3, mask: fraud), .label(.fraud), 201))
        #expect(!isKept)
        #expect(histories.statistics.missedRevisions == 1)
        #expect(histories.read(0, payment(202, mask: fraud))[0].int == 100)
        // One that is told, but not known before its payment is folded.
        isKept = histories.learn((payment(199, ticket: 199, mask: fraud), .label(.fraud), 10_000))
        #expect(isKept)
        for number in 210...230 as ClosedRange<Int64> {
            _ = histories.observe(0, payment(number, ticket: UInt64(number), mask: fraud))
        }
        #expect(histories.statistics.missedRevisions == 2)
        #expect(histories.read(0, payment(20_000, mask: fraud))[0].int == 100)
    }

    @Test func `folded payments without a label become legitimate with age`() {
        let legitimate: UInt32 = 0b111111 << 12
        let read = PlannedRead(.count(windowMicroseconds: Self.window), condition: 0)
        var histories = histories([read], events: 16, isLabelled: true, assumeLegitimateAfter: 5_000)
        for number in 1...100 as ClosedRange<Int64> {
            let event = payment(number * 10, ticket: UInt64(number), mask: legitimate)
            _ = histories.observe(0, event)
            if number % 4 == 0 { _ = histories.learn((event, .label(.fraud), number * 10)) }
        }
        #expect(histories.read(0, payment(1_001))[0].int == 0)
        let half = histories.read(0, payment(5_505))[0].int
        #expect((35...41).contains(half), "\(half)")
        #expect(histories.read(0, payment(6_000))[0].int == 75)
    }

    @Test func `a late read does not see what became known of folded payments after it`() {
        let fraud: UInt32 = 0b111111 << 6
        let reads = [
            PlannedRead(.count(windowMicroseconds: Self.window), condition: 0),
            PlannedRead(.count(windowMicroseconds: Self.window)),
        ]
        var histories = histories(reads, events: 16, isLabelled: true, lateness: 1_000)
        for number in 1...100 as ClosedRange<Int64> {
            let event = payment(number, ticket: UInt64(number), mask: fraud)
            _ = histories.observe(0, event)
            _ = histories.learn((event, .label(.fraud), number + 5))
        }
        let late = histories.read(0, payment(90, mask: fraud))
        #expect(late[0].isPartial && !late[0].isApproximate)
        // Within the kept events it is exact still: 85 is the latest payment that was known at 90 to be fraud.
        #expect(late[0].int == 1)
        #expect(late[1].isApproximate && late[1].int == 90)
    }

    // MARK: Bounds

    @Test func `past the last level the oldest bucket is forgotten, and reads that reach it say so`() {
        let read = PlannedRead(.count(windowMicroseconds: Self.window))
        var histories = histories([read], events: 16, levels: 2)
        // 16 events, 17 buckets of one and one that fills, 17 of two.
        let held = 16 + 17 + 1 + 17 * 2
        for time in 1...Int64(held) { _ = histories.observe(0, payment(time)) }
        var answer = histories.read(0, payment(Int64(held) + 1))[0]
        #expect(answer.int == Int64(held) && !answer.isPartial && answer.isApproximate)
        for time in Int64(held) + 1...Int64(held) + 2 { _ = histories.observe(0, payment(time)) }
        answer = histories.read(0, payment(Int64(held) + 3))[0]
        #expect(answer.isPartial && answer.int == Int64(held))
    }

    @Test func `buckets that grew too old leave, and their memory`() {
        let read = PlannedRead(.distinct(column: 0, windowMicroseconds: 1_000))
        var histories = histories([read, .init(.count(windowMicroseconds: 1_000))], events: 16)
        _ = histories.observe(0, payment(0))
        let before = histories.statistics.bytes
        for time in 1...900 as ClosedRange<Int64> { _ = histories.observe(0, payment(time, value: UInt64(time))) }
        #expect(histories.tables[0].ladders.count == 1 && histories.tables[0].ladders.bytes > 10_000)
        #expect(histories.statistics.bytes > before)
        _ = histories.observe(0, payment(5_000))
        #expect(histories.tables[0].ladders.count == 0 && histories.tables[0].ladders.bytes == 0)
        // An entity that leaves takes its buckets with it.
        for time in 5_001...5_100 as ClosedRange<Int64> { _ = histories.observe(0, payment(time)) }
        #expect(histories.tables[0].ladders.count == 1)
        for key in 2...501 as ClosedRange<UInt64> {
            var event = payment(5_200)
            event.key = key
            histories.add(0, event)
        }
        #expect(histories.tables[0].ladders.count == 0 && histories.tables[0].ladders.bytes == 0)
    }

    @Test func `one entity more than can have buckets has none, and says that it is partial`() {
        let read = PlannedRead(.count(windowMicroseconds: Self.window))
        var histories = histories([read], events: 1)
        // All others but one.
        for _ in 1..<Ladders.maximumCount { _ = histories.tables[0].ladders.make(lost: .min) }
        for key in 1...2 as ClosedRange<UInt64> {
            var event = payment(1)
            event.key = key
            histories.add(0, event)
            event.time = 2
            histories.add(0, event)
            event.time = 3
            let answer = histories.read(0, event)[0]
            #expect(answer.isPartial == (key == 2) && answer.int == (key == 2 ? 1 : 2))
        }
        #expect(histories.tables[0].ladders.count == Ladders.maximumCount)
    }
}

extension [(time: Int64, amount: Int64)] {
    /// The first place whose time is later.
    fileprivate func partition(after time: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
