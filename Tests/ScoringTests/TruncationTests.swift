// The rung between model and rules: the first trees with a readout of their own, chosen by what they cost, and how its
// reasons are found.
import Glibc
import JSON
import Testing

@testable import Scoring

@Suite struct TruncationTests {
    /// The first of the two stumps, calibrated by itself.
    private static let truncated = """
        truncated:
          - trees: 1
            calibration: { legitimate_kept: 0.5 }
            score_anchors: [[-2, 0.5], [2, 0.005]]
        quality:
        """
    private static let costs = LadderCosts(
        rulesNanoseconds: 1_000, modelNanoseconds: 500,
        truncated: LadderCosts.Truncated(ensemble: 0, nanoseconds: 100), explanationNanoseconds: 4_000)

    private func model(
        _ plan: ScoringPlan, stumps: [Stump] = BundleFixture.stumps, truncated: String = Self.truncated
    ) throws -> ScoringModel {
        var fixture = try BundleFixture(plan: plan, stumps: stumps)
        fixture.manifestChanges = [("quality:", truncated)]
        return try fixture.load()
    }

    private func run(policy: String = defaultPolicy, stumps: [Stump] = BundleFixture.stumps) throws -> Run {
        let plan = try makePlan(policy: policy)
        return try Run(plan, model: .serving(try model(plan, stumps: stumps)), costs: Self.costs)
    }

    @Test(
        arguments: [
            (.max, .model), (1_500, .model), (1_499, .truncated), (1_100, .truncated), (1_099, .rules), (1_000, .rules),
            (999, .fallback),
        ] as [(Int64, DecisionSource)])
    func `the shorter ensemble answers when the time is short for the model alone`(
        remaining: Int64, source: DecisionSource
    ) throws {
        var run = try run()
        try run.submit(RequestText.minimal.text, remaining: remaining)
        #expect(run.decision.source == source)
        #expect(run.decision.degradedReason == (source == .model ? nil : .budgetShort))
    }

    @Test func `it has the margin of the first trees, and its own probability and score`() throws {
        var run = try run()
        for (amount, margin) in [(5, -1.5), (100, 1.0), (1_000, 1.0)] {
            let request = RequestText.minimal.setting("amount", "\(amount)").setting("transaction_id", "\"t\(amount)\"")
            try run.submit(request.text, remaining: 1_200)
            #expect(run.decision.margin == margin && run.decision.truncatedTrees == 1)
            let odds = exp(margin)
            let probability = try #require(run.decision.probability)
            // q / (q + (1 − q) / 0.5), with the library's Float q.
            #expect(abs(probability - odds / (odds + 2)) < 1e-6)
            #expect(run.decision.score == (margin < 0 ? 183 : 599))
            let answer = jsonValue(run.answer.utf8)
            #expect(answer["decision_source"]?.text == "model_truncated" && answer["degraded"] == .bool(true))
            #expect(jsonValue(try #require(run.lines.last))["truncated_trees"] == .integer(1))
        }
    }

    @Test func `a model that gives no number leaves the answer to the shorter ensemble`() throws {
        let huge = [
            Stump(column: 0, threshold: "1000", low: "-0.5", high: "3e38"),
            Stump(column: 0, threshold: "1000", low: "-0.5", high: "3e38"),
        ]
        let plan = try makePlan()
        var fixture = try BundleFixture(plan: plan, stumps: huge, rows: [[1]])
        fixture.manifestChanges = [("quality:", Self.truncated)]
        var run = try Run(plan, model: .serving(try fixture.load()), costs: Self.costs)
        try run.submit(RequestText.minimal.setting("amount", "1000").text)
        #expect(run.decision.source == .truncated && run.decision.degradedReason == .modelFailed)
        #expect(run.decision.margin == Double(Float(3e38)))
    }

    // MARK: - Reasons

    /// Every decision is explained; `remaining` is the same before and after the score here.
    @Test(
        arguments: [
            (.max, "", "tree_shap"), (5_000, "", "tree_shap"), (4_999, "", "path_attribution"),
            (1_499, "", "path_attribution"), (1_099, "", "rule_points"), (999, "", nil),
            (.max, "explanation: exact", "tree_shap"), (.max, "explanation: fast", "path_attribution"),
        ] as [(Int64, String, String?)])
    func `the method is the best that the time and the policy allow, and the answer says which`(
        remaining: Int64, policy: String, method: String?
    ) throws {
        let all = "\nexplain: [approve, challenge, review, decline]\n"
        var run = try run(policy: defaultPolicy + all + policy)
        try run.submit(RequestText.minimal.setting("amount", "1000").text, remaining: remaining)
        #expect(jsonValue(run.answer.utf8)["explanation"] == method.map { .string($0) } ?? .null)
    }

    @Test func `a decision that is not explained names no method`() throws {
        var run = try run()
        try run.submit(RequestText.minimal.setting("amount", "1").text)
        #expect(run.decision.verdict == .approve)
        #expect(jsonValue(run.answer.utf8)["explanation"] == .null)
    }

    @Test func `a shorter ensemble explains its own trees`() throws {
        var run = try run(policy: defaultPolicy + "\nexplain: [approve, challenge, review, decline]\n")
        try run.submit(RequestText.minimal.setting("amount", "1000").text, remaining: 1_200)
        guard case .array(let reasons)? = jsonValue(run.answer.utf8)["reasons"], let reason = reasons.first,
            case .double(let contribution)? = reason["contribution"]
        else {
            Issue.record("no reason: \(run.answer)")
            return
        }
        // From the first stump's mean, (3 × -1.5 + 1 × 1) / 4, to its leaf.
        #expect(abs(contribution - 1.875) < 1e-12)
    }

    @Test func `an unknown way of explaining is refused`() {
        #expect(
            configurationError { () throws(ConfigurationError) in
                _ = try Policy(yaml: defaultPolicy + "\nexplanation: best\n", file: "policy.yaml")
            } != nil)
    }

    // MARK: - The choice

    /// A clock whose measurements last what `durations` says, one duration for each of the models timed.
    private func clock(_ durations: [UInt64], samples: Int) -> () -> UInt64 {
        var calls = 0
        var now: UInt64 = 0
        return {
            if calls % 2 == 1 { now += durations[calls / 2 / samples] }
            calls += 1
            return now
        }
    }

    @Test(
        arguments: [
            ([50], 1), ([51, 50], 0), ([51, 51], nil), ([1_000, 0], 0),
        ] as [([UInt64], Int?)])
    func `the longest ensemble is taken that costs half of the model at most`(
        durations: [UInt64], ensemble: Int?
    ) throws {
        let plan = try makePlan()
        let three = Self.truncated.replacing(
            "quality:",
            with: "  - trees: 2\n    calibration: { legitimate_kept: 1 }\n    score_anchors: [[0, 1]]\nquality:")
        let stumps = BundleFixture.stumps + [Stump(column: 0, threshold: "7", low: "0.5", high: "1")]
        let model = try model(plan, stumps: stumps, truncated: three)
        let samples = model.goldenRows.count * 16
        let cost = model.measureCost(nanoseconds: clock([100], samples: samples))
        #expect(cost.medianNanoseconds == 100 && cost.slowestNanoseconds == 100)
        let choice = model.chooseTruncated(model: cost, nanoseconds: clock(durations, samples: samples))
        #expect(choice?.ensemble == ensemble)
        #expect(choice.map { UInt64($0.cost.slowestNanoseconds) } == (ensemble == nil ? nil : durations.last))
    }

    @Test func `a model whose bundle has no shorter ensemble has no such rung`() throws {
        let model = try BundleFixture(plan: makePlan()).load()
        #expect(model.chooseTruncated(model: model.measureCost { 0 }) { 0 } == nil)
    }

    // MARK: - The manifest

    private func ensembles(_ counts: [Int]) -> String {
        let entries = counts.map {
            "  - trees: \($0)\n    calibration: { legitimate_kept: 1 }\n    score_anchors: [[0, 1]]\n"
        }
        return "truncated:\n" + entries.joined() + "quality:"
    }

    @Test(
        arguments: [
            ([0], "1 to 1000000"), ([2, 2], "must be above 2"), ([3, 2], "must be above 3"),
            (Array(1...9), "has 9 ensembles; at most 8"), ([2], "the model itself has 2"),
        ] as [([Int], String)])
    func `ensembles that don't rise, are too many or no shorter are refused`(counts: [Int], message: String) throws {
        do {
            _ = try model(makePlan(), truncated: ensembles(counts))
            Issue.record("it was taken")
        } catch let error as BundleError {
            #expect(error.description.contains(message), "\(error)")
        }
    }

    @Test func `eight ensembles are taken, and the longest may lack one tree`() throws {
        let stumps = (0..<9).map { Stump(column: 0, threshold: "\($0)", low: "0.5", high: "1") }
        let model = try model(makePlan(), stumps: stumps, truncated: ensembles(Array(1...8)))
        #expect(model.manifest.truncated.map(\.trees) == Array(1...8))
    }
}
