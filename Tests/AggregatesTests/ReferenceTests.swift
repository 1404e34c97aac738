// The plain twin by hand: what is known when, streaks, extremes, decay.
import Testing

@testable import Aggregates

private let isFraud = ConditionMask(meets: 0b111111 << 6, isKnown: 0b111111_111111 << 6)

extension ReferenceAggregates {
    fileprivate mutating func ask(_ time: Int64, amount: Int64 = 0, value: UInt64 = 0) -> [HistoryValue] {
        var results = [HistoryValue](repeating: .missing, count: plan.entities[0].reads.count)
        read(
            entity: 0, key: 1, timeMicroseconds: time, measures: [amount].span, columns: [value].span,
            conditions: [isFraud, ConditionMask(always: amount > 5)].span, results: &results)
        return results
    }

    fileprivate mutating func add(_ time: Int64, ticket: UInt64, amount: Int64 = 0, value: UInt64 = 0) {
        add(
            entity: 0, key: 1, timeMicroseconds: time, ticket: ticket, measures: [amount].span, columns: [value].span,
            conditions: [isFraud, ConditionMask(always: amount > 5)].span)
    }

    fileprivate mutating func tell(
        _ time: Int64, ticket: UInt64, _ knowledge: Aggregates.Knowledge, at: Int64
    ) -> Bool {
        learn(entity: 0, key: 1, timeMicroseconds: time, ticket: ticket, knowledge, knownAtMicroseconds: at)
    }
}

private func reference(
    _ reads: [PlannedRead], kind: MeasureKind = .int, assume: Int64? = nil
) -> ReferenceAggregates {
    let plan = EntityPlan(
        name: "card", reads: reads, measures: [kind], distinctColumnCount: 1, conditionCount: 2, isLabelled: true)
    return ReferenceAggregates(plan: HistoryPlan(entities: [plan], assumeLegitimateAfterMicroseconds: assume))
}

@Suite struct ReferenceTests {
    @Test func `a label counts from when it is known, and the later revision wins`() {
        var histories = reference([PlannedRead(.count(windowMicroseconds: 1_000), condition: 0)])
        histories.add(100, ticket: 7)
        let isKept = histories.tell(100, ticket: 7, .label(.fraud), at: 200)
        _ = histories.tell(100, ticket: 7, .label(.legitimate), at: 300)
        let isOtherKept = histories.tell(100, ticket: 8, .label(.fraud), at: 200)
        #expect(isKept && !isOtherKept)
        var counts: [Int64] = []
        for time in [199, 200, 299, 300] as [Int64] { counts.append(histories.ask(time)[0].int) }
        #expect(counts == [0, 1, 1, 0])
    }

    @Test func `what nobody labelled is legitimate at its age, and unknown is passed over by a streak`() {
        let reads = [HistoryRead.streak, .streakAge, .streakGap].map { PlannedRead($0, condition: 0) }
        var histories = reference(reads, assume: 500)
        for time in 1...4 as ClosedRange<Int64> { histories.add(time, ticket: UInt64(time)) }
        let nothingKnown = histories.ask(10)
        #expect(nothingKnown == [.int(0), .missing, .missing])
        _ = histories.tell(2, ticket: 2, .label(.fraud), at: 10)
        _ = histories.tell(4, ticket: 4, .label(.fraud), at: 10)
        let answer1 = histories.ask(10)
        #expect(answer1 == [.int(2), .duration(microseconds: 8), .missing])
        let answer2 = histories.ask(501)
        #expect(answer2 == [.int(2), .duration(microseconds: 499), .duration(microseconds: 500)])
        let answer3 = histories.ask(503)
        #expect(answer3 == [.int(1), .duration(microseconds: 499), .duration(microseconds: 500)])
    }

    @Test func `extremes, deviation, first values and conditions on amounts`() {
        let window: Int64 = 100
        var histories = reference([
            PlannedRead(.minimum(measure: 0, windowMicroseconds: window)),
            PlannedRead(.maximum(measure: 0, windowMicroseconds: window), .after),
            PlannedRead(.standardDeviation(measure: 0, windowMicroseconds: window)),
            PlannedRead(.isFirst(column: 0, windowMicroseconds: window)),
            PlannedRead(.sum(measure: 0, windowMicroseconds: window), condition: 1),
            PlannedRead(.sinceLast, condition: 1),
        ])
        for (time, amount) in [(1, 3), (2, 9), (3, 6)] as [(Int64, Int64)] {
            histories.add(time, ticket: UInt64(time), amount: amount, value: 5)
        }
        let values = histories.ask(4, amount: 20, value: 5)
        #expect(
            values == [
                .int(3), .int(20), .double(54.squareRoot() / 3), .int(0), .int(15), .duration(microseconds: 1),
            ])
        let answer4 = histories.ask(103, amount: 20, value: 5)[3]
        #expect(answer4 == .int(1))
    }

    @Test func `a payment weighs half as much a half-life later`() {
        let reads = [
            PlannedRead(.decayedCount(halfLifeMicroseconds: 10), .after),
            PlannedRead(.decayedSum(measure: 0, halfLifeMicroseconds: 10)),
            PlannedRead(.decayedMean(measure: 0, halfLifeMicroseconds: 10)),
        ]
        var histories = reference(reads)
        let answer5 = histories.ask(0)
        #expect(answer5 == [.double(1), .double(0), .missing])
        histories.add(0, ticket: 1, amount: 8)
        histories.add(10, ticket: 2, amount: 2)
        let answer6 = histories.ask(20)
        #expect(answer6 == [.double(1.75), .double(3), .double(4)])
    }
}

@Suite struct MomentsTests {
    @Test func `doubles are added exactly, and the smallest as multiples of 2 to the -64`() {
        let values = [0.1, -0.1, 1e14, 0.5, -1e14, 3.25, 1.0 / 3, 0x1p-65, 0x1.8p-65]
        var sum: Int128 = 0
        for value in values { sum += MeasureKind.units(value) }
        for value in values.reversed() { sum -= MeasureKind.units(value) }
        #expect(sum == 0)
        #expect(MeasureKind.units(0x1p-65) == 0)
        #expect(MeasureKind.units(0x1.8p-65) == 1)
        #expect(MeasureKind.units(-3.25) == -Int128(13) << 62)
        #expect(MeasureKind.units(.infinity) == Int128(1) << 111)
        #expect(MeasureKind.units(-0x1p48) == -Int128(1) << 111)
        #expect(MeasureKind.double.mean(MeasureKind.units(0.1) * 4, count: 4) == .double(0.1))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a deviation is that of two passes over the values`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for kind in [MeasureKind.int, .double] {
            var squares = WideSquares()
            var sum: Int128 = 0
            var values: [Double] = []
            for _ in 0..<200 {
                let value = Int64.random(in: -1_000_000...1_000_000_000, using: &random)
                let bits = kind == .int ? value : Int64(bitPattern: (Double(value) / 1_000).bitPattern)
                values.append(kind.double(bits))
                sum += kind.units(bits)
                squares.add(kind.units(bits))
            }
            let mean = values.reduce(0, +) / 200
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 200
            let deviation = kind.standardDeviation(sum, squares: squares, count: 200).double
            #expect(abs(deviation / variance.squareRoot() - 1) < 1e-12)
        }
    }

    @Test func `a wide integer is rounded to the nearest double, halves to even`() {
        var random = SplitMix64(seed: 3)
        var values: [Int128] = [0, 1, -1, .max, .min, Int128(Int64.max) + 1, Int128(Int64.min), 1 << 64]
        for bits in 50..<127 {
            let value = Int128(1) << bits
            for offset in -2...2 { values += [value + Int128(offset), value + value / (1 << 53) + Int128(offset)] }
        }
        for _ in 0..<2_000 {
            values.append(
                (Int128(Int64(bitPattern: random.next())) << 64 | Int128(random.next())) >> (random.next() % 120))
        }
        for value in values {
            #expect(rounded(value) == Double(value))
            #expect(rounded(value.magnitude) == Double(value.magnitude))
        }
    }

    @Test func `squares of the largest values do not overflow`() {
        var squares = WideSquares()
        let most = Int128(1) << 111
        for _ in 0..<(1 << 15) { squares.add(most) }
        #expect(squares.spread(count: 1 << 15, sum: most << 14) > 0)
        for _ in 0..<(1 << 15) { squares.remove(-most) }
        #expect(squares == WideSquares())
    }
}

@Suite struct DecayTests {
    @Test func `the factor halves exactly at each half-life and is smooth between`() {
        for halvings in [0, 1, 2, 60, 999, 1_000] as [Int64] {
            #expect(
                Decay.factor(ageMicroseconds: halvings * 7, halfLifeMicroseconds: 7)
                    == Double(sign: .plus, exponent: -Int(halvings), significand: 1))
        }
        #expect(Decay.factor(ageMicroseconds: 1_001, halfLifeMicroseconds: 1) == 0)
        let halfLife: Int64 = 1_000_003
        var product = 1.0
        let step = Decay.factor(ageMicroseconds: 1_009, halfLifeMicroseconds: halfLife)
        for age in 1...3_000 as ClosedRange<Int64> {
            product *= step
            let factor = Decay.factor(ageMicroseconds: age * 1_009, halfLifeMicroseconds: halfLife)
            #expect(abs(factor / product - 1) < 2e-12)
        }
        #expect(abs(Decay.factor(ageMicroseconds: 1, halfLifeMicroseconds: 2) - 0.5.squareRoot()) < 2e-16)
    }
}
