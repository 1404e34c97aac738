// The core decides alike whenever and wherever it is asked, takes each payment once, and leaves each rung of the ladder
// at the cost that it was given.
import Aggregates
import JSON
import Testing

@testable import Scoring

@Suite struct CoreTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `two cores with the same inputs give the same decisions, records and answers, bit for bit`(seed: UInt64) throws
    {
        let plan = try makeRichPlan()
        var runs = [try Run(plan), try Run(try makeRichPlan())]
        var streams = [PaymentStream(seed: seed), PaymentStream(seed: seed)]
        for _ in 0..<300 {
            for i in runs.indices { try runs[i].submit(streams[i].next()) }
            #expect(runs[0].decision == runs[1].decision)
            #expect(runs[0].answer == runs[1].answer)
        }
        #expect(runs[0].lines == runs[1].lines)
        #expect(runs[0].sequencer.core.statistics == runs[1].sequencer.core.statistics)
        #expect(Set(runs[0].lines.map { jsonValue($0)["decision"]?["decision"]?.text }).count >= 3)
    }

    // MARK: - Each payment once

    @Test func `the same body is repeated, another body is a conflict, and neither counts`() throws {
        var run = try Run(makePlan(features: [("n", #"count(card, "1h")"#)]))
        let request = RequestText.minimal
        #expect(try run.submit(request.text) == .decided)
        #expect(run.decision.features == [1])
        guard case .repeated(let first) = try run.submit(request.text(space: " ")) else {
            Issue.record("a repeated payment was decided")
            return
        }
        #expect(first.sequence == 1 && first.reference == Run.reference(1))
        guard case .conflict(let same) = try run.submit(request.setting("amount", "1300").text) else {
            Issue.record("another body was taken")
            return
        }
        #expect(same == first && run.lines.count == 1 && run.sequencer.core.sequence == 1)
        #expect(try run.submit(request.setting("transaction_id", #""txn_2""#).text) == .decided)
        #expect(run.decision.features == [2] && run.decision.sequence == 2)
        #expect(run.sequencer.core.statistics.transactions == 2)
    }

    @Test func `a transaction id is forgotten when its retention has passed, and not a nanosecond earlier`() throws {
        let limits = CoreLimits(submissions: SubmissionLimits(retentionNanoseconds: 10 * second))
        var run = try Run(makePlan(), limits: limits)
        let now = midnight
        #expect(try run.submit(RequestText.minimal.text, at: now) == .decided)
        guard case .repeated = try run.submit(RequestText.minimal.text, at: now + 10 * second - 1) else {
            Issue.record("forgotten too early")
            return
        }
        let other = RequestText.minimal.setting("amount", "5").text
        #expect(try run.submit(other, at: now + 10 * second) == .decided)
        guard case .conflict = try run.submit(RequestText.minimal.text, at: now + 11 * second) else {
            Issue.record("the newer payment is not the one that counts")
            return
        }
    }

    @Test func `past the capacity the oldest transaction is forgotten early, and counted`() throws {
        var run = try Run(makePlan(), limits: CoreLimits(submissions: SubmissionLimits(maximumTransactions: 3)))
        func request(_ i: Int) -> String { RequestText.minimal.setting("transaction_id", "\"t\(i)\"").text }
        for i in 0..<4 { #expect(try run.submit(request(i)) == .decided) }
        #expect(
            run.sequencer.core.statistics.transactions == 3
                && run.sequencer.core.statistics.transactionsForgottenEarly == 1)
        guard case .repeated = try run.submit(request(1)) else {
            Issue.record("a newer transaction was forgotten")
            return
        }
        #expect(try run.submit(request(0)) == .decided)
    }

    @Test func `a payment whose record was not kept has no reference, and is still known`() throws {
        var run = try Run(makePlan())
        run.isLogFull = true
        try run.submit(RequestText.minimal.text)
        guard case .repeated(let submission) = try run.submit(RequestText.minimal.text) else {
            Issue.record("decided again")
            return
        }
        #expect(submission.reference == nil)
        var id = Array("txn_1".utf8)
        #expect(run.sequencer.core.submission(of: id.span, at: midnight) == submission)
        id = Array("txn_2".utf8)
        #expect(run.sequencer.core.submission(of: id.span, at: midnight) == nil)
    }

    @Test func `inputs that are no payments take their place in the sequence`() throws {
        var run = try Run(makePlan())
        try run.submit(RequestText.minimal.text)
        #expect(run.take(.label, #"{"transaction_id":"txn_1","label":"fraud"}"#, at: midnight) == 2)
        try run.submit(RequestText.minimal.setting("transaction_id", #""b""#).text)
        #expect(run.decision.sequence == 3)
        let label = jsonValue(run.lines[1])
        #expect(
            label["kind"]?.text == "label" && label["label"]?["label"]?.text == "fraud" && label["seq"] == .integer(2))
        #expect(label["received_at"]?.text == "2026-11-23T00:00:00Z")
    }

    // MARK: - The ladder

    private struct Rung: Sendable {
        var remaining: Int64
        var source: DecisionSource
        var reason: DegradedReason?
    }

    private static let costs = LadderCosts(rulesNanoseconds: 1_000, modelNanoseconds: 500)

    @Test func `a rung is left when what remains is one nanosecond less than its cost`() throws {
        let plan = try makePlan()
        let model = try BundleFixture(plan: plan).load()
        for rung in [
            Rung(remaining: .max, source: .model, reason: nil), Rung(remaining: 1_500, source: .model, reason: nil),
            Rung(remaining: 1_499, source: .rules, reason: .budgetShort),
            Rung(remaining: 1_000, source: .rules, reason: .budgetShort),
            Rung(remaining: 999, source: .fallback, reason: .budgetShort),
            Rung(remaining: 0, source: .fallback, reason: .budgetShort),
            Rung(remaining: -1_000_000, source: .fallback, reason: .budgetShort),
        ] {
            var run = try Run(plan, model: .serving(model), costs: Self.costs)
            try run.submit(RequestText.minimal.text, remaining: rung.remaining)
            #expect(run.decision.source == rung.source && run.decision.degradedReason == rung.reason, "\(rung)")
        }
    }

    @Test func `without a model, or with one that was refused, the rules answer and say so`() throws {
        for (state, reason) in [(ModelState.none, DegradedReason.noModel), (.refused, .modelRefused)] {
            var run = try Run(makePlan(), model: state, costs: Self.costs)
            try run.submit(RequestText.minimal.text, remaining: 1_000)
            #expect(run.decision.source == .rules && run.decision.degradedReason == reason)
            #expect(run.decision.probability == nil && run.decision.margin == nil)
            try run.submit(RequestText.minimal.setting("transaction_id", #""b""#).text, remaining: 999)
            #expect(run.decision.source == .fallback && run.decision.degradedReason == .budgetShort)
        }
    }

    @Test func `the static answer asks no rule, and the payment counts all the same`() throws {
        let plan = try makePlan(
            features: [("n", #"count(card, "1h")"#)],
            rules: "[{ id: r, when: 'amount > 0', action: decline, points: 900 }]")
        var run = try Run(plan, costs: Self.costs)
        try run.submit(RequestText.minimal.text, remaining: 1)
        #expect(run.decision.verdict == .review && run.decision.score == 0 && run.decision.firedRules.isEmpty)
        #expect(run.decision.riskLevel == .normal && run.decision.features == [1])
        try run.submit(RequestText.minimal.setting("transaction_id", #""b""#).text)
        #expect(run.decision.features == [2] && run.decision.verdict == .decline)
    }

    // MARK: - The model

    @Test func `the model's margin becomes the probability and the score of its own tables`() throws {
        let plan = try makePlan()
        let model = try BundleFixture(plan: plan).load()
        var run = try Run(plan, model: .serving(model))
        for (amount, margin, score, verdict) in [
            (5, -2.0, 0, Verdict.approve), (999, 0.5, 499, .challenge), (1_000, 3.0, 999, .decline),
        ] {
            let request = RequestText.minimal.setting("amount", "\(amount)").setting("transaction_id", "\"t\(amount)\"")
            try run.submit(request.text)
            #expect(run.decision.margin == margin && run.decision.score == score && run.decision.verdict == verdict)
            #expect(run.decision.source == .model && run.decision.degradedReason == nil)
            let probability = model.manifest.readout.calibration.probability(
                ofModel: model.trees.probability(ofMargin: margin))
            #expect(run.decision.probability == probability)
        }
    }

    @Test func `a model that gives no number leaves the answer to the rules`() throws {
        let plan = try makePlan(rules: "[{ id: r, when: 'amount > 0', points: 350 }]")
        let huge = [
            Stump(column: 0, threshold: "1000", low: "-0.5", high: "3e38"),
            Stump(column: 0, threshold: "1000", low: "-0.5", high: "3e38"),
        ]
        let model = try BundleFixture(plan: plan, stumps: huge, rows: [[1]]).load()
        var run = try Run(plan, model: .serving(model))
        try run.submit(RequestText.minimal.setting("amount", "1000").text)
        #expect(run.decision.source == .rules && run.decision.degradedReason == .modelFailed)
        #expect(run.decision.margin == nil && run.decision.probability == nil && run.decision.score == 350)
        try run.submit(RequestText.minimal.setting("amount", "1").setting("transaction_id", #""b""#).text)
        #expect(run.decision.source == .model && run.decision.margin == -1)
    }

    @Test func `columns stand in the model's order, whatever the order of features`() throws {
        let plan = try makePlan(features: [("x", "7"), ("hour", "event_time.getHours()"), ("amount", "amount")])
        let stumps = [
            Stump(column: 0, threshold: "1000", low: "0", high: "4"),
            Stump(column: 1, threshold: "12", low: "0", high: "1"),
        ]
        let model = try BundleFixture(
            plan: plan, features: ["amount", "hour"], stumps: stumps, rows: [[1, 1], [1_000, 12]]
        ).load()
        var run = try Run(plan, model: .serving(model))
        try run.submit(RequestText.minimal.text)  // 12.99 EUR at 10 h
        #expect(run.decision.margin == 4 && run.decision.features == [7, 10, 1_299])
    }

    @Test func `a model of other features is refused by the core`() throws {
        let model = try BundleFixture(plan: makePlan()).load()
        let other = try makePlan(features: [("amount", "amount + 1")])
        #expect(throws: BundleError.self) {
            _ = try Core(plan: other, model: .serving(model), costs: Self.costs)
        }
    }
}
