// Programs evaluated together against the same programs one by one: equal results, to the column that was missing and the
// place of an error, whatever stands before or behind them in the row.

import AllocationCounter
import Testing

@testable import Expressions

@Suite(.serialized) struct BatchTests {
    private static let types: [ValueType] = [.bool, .int, .uint, .double, .duration]

    /// Random expressions, some over the results of those before them.
    private func makePrograms(
        _ count: Int, _ writer: inout ExpressionWriter, _ environment: inout Environment
    ) throws -> [(program: Program, slot: Int)] {
        var programs: [(program: Program, slot: Int)] = []
        while programs.count < count {
            var text = writer.write(writer.pick(Self.types), depth: Int.random(in: 0...4, using: &writer.rng))
            if !programs.isEmpty, Int.random(in: 0..<4, using: &writer.rng) == 0 {
                let earlier = "feature.f\(Int.random(in: programs.indices, using: &writer.rng))"
                text = writer.pick([earlier, "has(\(earlier))", "\(earlier) == \(earlier) && (\(text)) == (\(text))"])
            }
            guard let program = try? Program(compiling: text, environment: environment, expecting: Self.types) else {
                continue  // it may take too many steps
            }
            programs.append((program, environment.declare("feature.f\(programs.count)", program.resultType)))
        }
        return programs
    }

    @Test(arguments: [21, 22, 23, 24] as [UInt64])
    func `programs in a batch give what each gives alone`(seed: UInt64) throws {
        var writer = ExpressionWriter(rng: SplitMix64(seed: seed))
        var scratch = ProgramScratch(registerCapacity: 1)
        var states: [Slot.State: Int] = [:]
        for _ in 0..<40 {
            var environment = RandomExpressionTests.makeEnvironment()
            let given = environment.slotCount
            let programs = try makePrograms(Int.random(in: 1...20, using: &writer.rng), &writer, &environment)
            let half = programs.count / 2
            let first = ProgramBatch(Array(programs[..<half]), slotCount: environment.slotCount)
            let second = ProgramBatch(Array(programs[half...]), slotCount: first.slotCount)
            for _ in 0..<4 {
                var alone = RandomExpressionTests.makeFrame(environment, using: &writer.rng)
                for slot in given..<environment.slotCount { alone.slots[slot] = .missing }
                var together = alone
                first.install(in: &together)
                second.install(in: &together)
                #expect(together.slots.count == second.slotCount)
                for _ in 0..<2 {  // the second time over what the first has left in the registers
                    first.evaluate(&together, scratch: &scratch)
                    second.evaluate(&together, scratch: &scratch)
                }
                for (program, slot) in programs {
                    alone.slots[slot] = program.evaluate(alone, scratch: &scratch)
                    states[alone.slots[slot].state, default: 0] += 1
                    #expect(together.slots[slot] == alone.slots[slot], "seed \(seed), slot \(slot)")
                }
                #expect(together.slots[..<given] == alone.slots[..<given])
                #expect(together.text == alone.text)
            }
        }
        #expect(states.count == 3, "\(states)")
    }

    @Test func `texts, lists, functions and jumps find their own behind those of others`() throws {
        var payment = Payment()
        var programs: [(program: Program, slot: Int)] = []
        let texts = [
            "currency == 'EUR'", "merchant.country in ['A','B','C','D','E','F','G','H','I','J','IE']",
            "currency + ':' + card.bin == 'EUR:411111'", "major_units(amount, currency)", "amount in [1, 12550]",
            "currency.startsWith('EU') ? 1 : 2", "[1, 2, 3].exists(x, x == 3) && currency == 'EUR'",
            "major_units(amount, 'JPY')", "has(card.last4) || amount > 1000", "card != customer",
        ]
        for (number, text) in texts.enumerated() {
            let program = try payment.compile(text)
            programs.append((program, payment.environment.declare("feature.f\(number)", program.resultType)))
            payment.frame.slots.append(.missing)
        }
        let batch = ProgramBatch(programs, slotCount: payment.environment.slotCount)
        batch.install(in: &payment.frame)
        var scratch = ProgramScratch()
        batch.evaluate(&payment.frame, scratch: &scratch)
        let results = programs.map { payment.describe(payment.frame.slots[$0.slot], $0.program, scratch) }
        #expect(
            results == ["true", "true", "true", "125.5", "true", "1", "true", "12550.0", "true", "true"])
    }

    @Test(.enabled(if: AllocationCounter.isOn, "allocations are not counted here"))
    func `a batch allocates nothing once its scratch is warm`() throws {
        var (payment, programs) = try CostTests.makePayment()
        var slots: [(program: Program, slot: Int)] = []
        for program in programs where !program.resultType.isText {
            slots.append((program, payment.frame.slots.count))
            payment.frame.slots.append(.missing)
        }
        let batch = ProgramBatch(slots, slotCount: payment.frame.slots.count)
        batch.install(in: &payment.frame)
        var scratch = ProgramScratch()
        batch.evaluate(&payment.frame, scratch: &scratch)
        let allocations = AllocationCounter.allocations { batch.evaluate(&payment.frame, scratch: &scratch) }
        #expect(allocations == 0)
    }
}
