// Who wins: an approving rule over all, then the severest of the rules' actions and the score's band; and what points,
// missing values and errors do.
import Testing

@testable import Scoring

@Suite struct VerdictTests {
    /// The decision over a payment of 1,299 by these rules, without a model. Bands: 300 challenge, 600 review, 900 decline.
    private func decide(_ rules: String) throws -> Decision {
        var run = try Run(makePlan(rules: rules.isEmpty ? "[]" : "\n" + rules))
        try run.submit(RequestText.minimal.text)
        return run.decision
    }

    private func rule(_ id: String, _ action: String, points: Int = 0, when: String = "amount > 0", extra: String = "")
        -> String
    {
        "  - { id: \(id), when: '\(when)', action: \(action), points: \(points)\(extra) }\n"
    }

    @Test(arguments: [
        ([], Verdict.approve), (["observe"], .approve), (["review"], .review), (["challenge"], .challenge),
        (["decline"], .decline),
        (["challenge", "review"], .challenge), (["review", "challenge"], .challenge),
        (["review", "decline", "challenge"], .decline),
        (["decline", "approve"], .approve), (["approve", "decline"], .approve), (["observe", "challenge"], .challenge),
    ])
    func `the severest action wins, and an approval over all`(actions: [String], verdict: Verdict) throws {
        let rules = actions.enumerated().map { rule("r\($0)", $1) }.joined()
        let decision = try decide(rules)
        #expect(decision.verdict == verdict)
        #expect(decision.firedRules.map(\.rule) == Array(actions.indices))
    }

    @Test(arguments: [
        (299, "observe", Verdict.approve), (300, "observe", .approve), (299, "score", .approve),
        (300, "score", .challenge),
        (300, "review", .challenge), (600, "challenge", .challenge), (600, "score", .review),
        (899, "challenge", .challenge),
        (900, "challenge", .decline), (900, "approve", .approve), (999, "review", .decline),
    ])
    func `the band of the points and the action: the severer one`(points: Int, action: String, verdict: Verdict) throws
    {
        let decision = try decide(rule("r", action, points: points))
        #expect(decision.verdict == verdict)
        #expect(decision.score == (action == "observe" ? 0 : points))
    }

    @Test func `severities rise from approve over review and challenge to decline`() {
        #expect(
            [Verdict.decline, .review, .approve, .challenge].sorted() == [.approve, .review, .challenge, .decline])
    }

    @Test func `points add up and end at 999, and an approving rule does not change the score's level`() throws {
        let two = try decide(rule("a", "score", points: 250) + rule("b", "score", points: 351))
        #expect(two.score == 601 && two.riskLevel == .elevated)
        let many = try decide((0..<5).map { rule("r\($0)", "score", points: 999) }.joined() + rule("ok", "approve"))
        #expect(many.score == 999 && many.riskLevel == .highest && many.verdict == .approve)
        let none = try decide(rule("a", "score", points: 999, when: "amount > 5000"))
        #expect(none.score == 0 && none.firedRules.isEmpty)
    }

    @Test func `beside a model points do not count, and actions do`() throws {
        let plan = try makePlan(rules: "\n" + rule("p", "score", points: 999) + rule("a", "challenge"))
        let model = try BundleFixture(plan: plan).load()
        var run = try Run(plan, model: .serving(model))
        try run.submit(RequestText.minimal.setting("amount", "5").text)
        #expect(run.decision.score == 0 && run.decision.verdict == .challenge && run.decision.firedRules.count == 2)
    }

    @Test func `a rule whose condition ends missing does not match and is counted`() throws {
        let decision = try decide(
            rule("a", "decline", when: "device.time_on_page_ms < 5")
                + rule("b", "review", when: "card.bin == \"411111\"")
                + rule("c", "review", when: #"since_last(device) < duration("1h")"#)
                + rule("d", "challenge", when: "device.time_on_page_ms < 5 || amount > 0"))
        #expect(decision.missingRules == 3 && decision.failedRules == 0 && decision.verdict == .challenge)
        #expect(decision.firedRules == [FiredRule(rule: 3, action: .challenge)])
    }

    @Test func `a rule that ends in an error does what its catch says, or nothing, and is counted`() throws {
        let failing = "1 / (amount - amount) > 0"
        let silent = try decide(rule("a", "decline", points: 500, when: failing))
        #expect(silent.failedRules == 1 && silent.missingRules == 0 && silent.firedRules.isEmpty && silent.score == 0)
        for (action, verdict) in [
            ("review", Verdict.review), ("decline", .decline), ("observe", .approve), ("approve", .approve),
        ] {
            let caught = try decide(rule("a", "challenge", when: failing, extra: ", catch: \(action)"))
            #expect(caught.verdict == verdict && caught.failedRules == 1)
            #expect(caught.firedRules.map(\.action) == [RuleDefinition.Action(rawValue: action)])
        }
    }

    @Test func `a feature that ends in an error or missing is missing for the model, and counted when it failed`()
        throws
    {
        var run = try Run(
            makePlan(features: [
                ("bad", "1 / (amount - amount)"), ("absent", "device.time_on_page_ms"), ("behind", "feature.bad + 1"),
                ("ok", "amount"), ("truth", "amount > 5"), ("age", "since_first(card)"), ("span", #"duration("90s")"#),
            ]))
        try run.submit(RequestText.minimal.text)
        #expect(run.decision.failedFeatures == 2)
        #expect(run.decision.features.map(\.isNaN) == [true, true, true, false, false, false, false])
        #expect(run.decision.features.suffix(4) == [1_299, 1, 0, 90])
    }

    @Test func `major units are the decimal's nearest double in every currency`() throws {
        var run = try Run(makePlan(features: [("major", "major_units(amount, currency)")]))
        for (number, (currency, amount, expected)) in [
            ("EUR", 1_999, 19.99), ("JPY", 1_999, 1_999), ("BHD", 1_999, 1.999), ("CLF", 1_999, 0.1999),
            ("EUR", 7, 0.07),
            ("EUR", 0, 0), ("USD", 999_999_999_999, 9_999_999_999.99),
        ].enumerated() {
            let request = RequestText.minimal.setting("currency", "\"\(currency)\"").setting("amount", "\(amount)")
            try run.submit(request.setting("transaction_id", "\"t\(number)\"").text)
            #expect(run.decision.features == [expected])
        }
    }
}
