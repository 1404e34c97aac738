// A core that takes an earlier run's records back in goes on as if it had never stopped.
import Testing

@testable import Scoring

@Suite struct RestoreTests {
    private enum Input {
        case payment(PaymentStream.Facts, remaining: Int64)
        case label(String)
    }

    private func inputs(seed: UInt64, count: Int) -> [Input] {
        var stream = PaymentStream(seed: seed)
        var rng = SplitMix64(seed: seed ^ 0xABCD)
        return (0..<count).map { _ in
            if Int.random(in: 0...9, using: &rng) == 0 { return .label(#"{"transaction_id":"txn_1","label":"fraud"}"#) }
            // Some are answered by the policy alone: they count like the others.
            return .payment(stream.next(), remaining: Int.random(in: 0...9, using: &rng) == 0 ? 5 : .max)
        }
    }

    private func apply(_ input: Input, to run: inout Run) throws -> Decision? {
        switch input {
        case .label(let object):
            _ = run.take(.label, object, at: midnight)
            return nil
        case .payment(let facts, let remaining):
            #expect(try run.submit(facts, remaining: remaining) == .decided)
            return run.decision
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `cut anywhere, restored, it decides what follows as the core that was not cut`(seed: UInt64) throws {
        let costs = LadderCosts(rulesNanoseconds: 10, modelNanoseconds: 10)
        let plan = try makeRichPlan()
        let inputs = inputs(seed: seed, count: 200)
        var whole = try Run(plan, costs: costs)
        let decisions = try inputs.map { try apply($0, to: &whole) }
        var rng = SplitMix64(seed: seed)
        for cut in [0, 1, inputs.count] + (0..<4).map({ _ in Int.random(in: 0...inputs.count, using: &rng) }) {
            var run = try Run(makeRichPlan(), costs: costs)
            try run.restore(whole.lines.prefix(cut))
            #expect(run.sequencer.core.sequence == UInt64(cut))
            for (number, input) in inputs.enumerated().dropFirst(cut) {
                #expect(try apply(input, to: &run) == decisions[number], "cut \(cut), input \(number)")
            }
            #expect(run.lines == whole.lines)
            #expect(run.sequencer.core.statistics == whole.sequencer.core.statistics)
        }
    }

    @Test func `what was answered before the cut is repeated behind it, and another body is a conflict`() throws {
        var first = try Run(makeRichPlan())
        var stream = PaymentStream(seed: 7)
        let facts = (0..<20).map { _ in stream.next() }
        for payment in facts { try first.submit(payment) }
        var second = try Run(makeRichPlan())
        try second.restore(first.lines)
        for (number, payment) in facts.enumerated() {
            guard case .repeated(let submission) = try second.submit(payment) else {
                Issue.record("payment \(number) was decided again")
                continue
            }
            #expect(submission.sequence == UInt64(number + 1) && submission.reference == Run.reference(number + 1))
            var other = payment
            other.amount += 1
            guard case .conflict = try second.submit(other) else {
                Issue.record("another body of payment \(number) was taken")
                continue
            }
        }
        #expect(second.lines.count == facts.count)
    }

    @Test func `a gap in the log and a configuration move the sequence on`() throws {
        var run = try Run(makeRichPlan())
        try run.restore([
            Array(#"{"seq":7,"kind":"gap","from":3,"chain":"00"}"#.utf8),
            Array(#"{"seq":8,"kind":"config","received_at":"2026-11-23T00:00:00Z","config":{"a":1}}"#.utf8),
        ])
        #expect(run.sequencer.core.sequence == 8)
    }
}
