// Who has the last word: every strongest rule against every band, segments, and the rules' own switches.
import JSON
import Testing

@testable import Scoring

/// The text of a member of a JSON document, by its path; nil where there is none.
func member(_ document: some Collection<UInt8>, _ path: String...) -> String? {
    var value: JSONValue? = jsonValue(document)
    for key in path { value = value?[key] }
    if case .string(let text) = value { return text }
    return nil
}

@Suite struct PrecedenceTests {
    private static let severity: [Verdict] = [.approve, .review, .challenge, .decline]

    /// The table of docs/rules.md, worked out by itself.
    private static func expected(_ rule: RuleDefinition.Action, _ band: Verdict) -> Verdict {
        switch (rule, band) {
        case (.approve, _): .approve
        case (.decline, _), (_, .decline): .decline
        case (.challenge, _), (_, .challenge): .challenge
        case (.review, _), (_, .review): .review
        case (.score, .approve), (.observe, .approve): .approve
        }
    }

    private func decide(
        _ rules: String, policy: String = defaultPolicy, request: RequestText = .minimal
    ) throws -> Run {
        var run = try Run(makePlan(rules: rules.isEmpty ? "[]" : "\n" + rules, policy: policy))
        try run.submit(request.text)
        return run
    }

    @Test(arguments: RuleDefinition.Action.allCases, Verdict.allCases)
    func `every strongest rule over every band`(action: RuleDefinition.Action, band: Verdict) throws {
        let policy = """
            bands: [{ at_least: 0, decision: \(band.rawValue) }]
            risk_levels: { elevated: 1, highest: 2 }
            default: review
            """
        let rule = "  - { id: r, when: amount > 0, action: \(action.rawValue), points: 1 }\n"
        #expect(try decide(rule, policy: policy).decision.verdict == Self.expected(action, band))
    }

    @Test func `of all sets of rules the strongest decides, whatever their order`() throws {
        let actions: [RuleDefinition.Action] = [.approve, .decline, .challenge, .review, .observe]
        for set in 0..<(1 << actions.count) {
            let chosen = actions.indices.filter { set >> $0 & 1 == 1 }.map { actions[$0] }
            for order in [chosen, chosen.reversed()] {
                let rules = order.enumerated().map {
                    "  - { id: r\($0), when: amount > 0, action: \($1.rawValue) }\n"
                }.joined()
                let verdict = chosen.first?.verdict ?? .approve
                #expect(try decide(rules).decision.verdict == verdict, "\(order)")
            }
        }
    }

    private static let segmented =
        defaultPolicy + """

            segments:
              - name: large
                when: amount >= 50000
                bands: [{ at_least: 10, decision: decline }]
              - { name: travel, when: 'merchant.mcc == "4511"', bands: [] }
              - { name: broken, when: 1 / (amount - amount) > 0, bands: [{ at_least: 0, decision: decline }] }
            """

    @Test func `the first segment that matches has its own bands and is named in answer and record`() throws {
        let rule = "  - { id: r, when: amount > 0, points: 650 }\n"
        let plain = try decide(rule, policy: Self.segmented)
        #expect(plain.decision.verdict == .review && plain.decision.segment == nil)
        #expect(!plain.answer.contains("segment"))
        let both = RequestText.minimal.setting("amount", "50000").setting("merchant.mcc", "\"4511\"")
        let large = try decide(rule, policy: Self.segmented, request: both)
        #expect(large.decision.verdict == .decline && member(large.answer.utf8, "segment") == "large")
        #expect(member(large.lines[large.lines.count - 1], "decision", "segment") == "large")
        let travel = try decide(
            rule, policy: Self.segmented, request: .minimal.setting("merchant.mcc", "\"4511\""))
        #expect(travel.decision.verdict == .approve && member(travel.answer.utf8, "segment") == "travel")
    }

    @Test func `a segment may ask histories and features, and a mistake in it has its line`() throws {
        let policy =
            defaultPolicy
            + "\nsegments:\n  - { name: s, when: 'count(card, \"1h\") >= 1 && feature.amount > 1.0', bands: [] }\n"
        let plan = try makePlan(features: [("amount", "major_units(amount, currency)")], policy: policy)
        #expect(plan.historyTexts == [#"count(card, "1h")"#] && plan.segmentNames == ["s"])
        let wrong = defaultPolicy + "\nsegments:\n  - name: s\n    when: amuont > 1\n    bands: []\n"
        let error = try #require(
            configurationError { () throws(ConfigurationError) in _ = try makePlan(policy: wrong) })
        #expect(error.file == "policy.yaml" && error.line == 9 && error.path == "segments[0].when")
        for (text, message) in [
            ("[{ name: a, when: amount > 1 }]", "needs name, when and bands"),
            ("[{ name: a, when: amount > 1, bands: [] }, { name: a, when: amount > 1, bands: [] }]", "stands above"),
        ] {
            let error = configurationError { () throws(ConfigurationError) in
                _ = try Policy(yaml: defaultPolicy + "\nsegments: \(text)\n", file: "p")
            }
            #expect(try #require(error).message.contains(message))
        }
    }

    @Test func `segments are taken at the limit and refused one past it`() throws {
        func policy(_ count: Int) -> String {
            defaultPolicy + "\nsegments:\n"
                + (0..<count).map { "  - { name: s\($0), when: amount > \($0), bands: [] }\n" }.joined()
        }
        #expect(try Policy(yaml: policy(SegmentDefinition.maximumCount), file: "p").segments.count == 64)
        #expect(throws: ConfigurationError.self) { try Policy(yaml: policy(65), file: "p") }
    }

    // MARK: Switches of a rule

    @Test func `a rule that is not enabled is checked, and nothing is kept for it`() throws {
        let off = "  - { id: r, when: 'count(card, \"9m\") > 0', action: decline, enabled: false }\n"
        let plan = try makePlan(rules: "\n" + off)
        #expect(plan.historyTexts.isEmpty && plan.ruleCount == 0)
        let wrong = configurationError { () throws(ConfigurationError) in
            _ = try makePlan(rules: "\n  - { id: r, when: amuont > 0, action: decline, enabled: false }\n")
        }
        #expect(try #require(wrong).message.contains("did you mean 'amount'?"))
    }

    @Test func `a snoozed rule does not match for that card until that time`() throws {
        let pseudonymizer = Pseudonymizer(key: Array("a key of the tests".utf8))
        var usedKey = false
        let pseudonym = try #require(pseudonymizer.pseudonym(ofKey: Array("fp_2".utf8), usedKey: &usedKey))
        let hmac = String(decoding: pseudonym, as: UTF8.self)
        let rules = """

              - id: r
                when: amount > 0
                action: decline
                snooze:
                  - { entity: card, key: fp_1, until: 2026-11-23T10:15:00Z }
                  - { entity: card, key: "hmac:\(hmac)", until: 2026-11-24 }
                  - { entity: merchant, key: m_9, until: 2027-01-01 }
            """
        let plan = try ScoringPlan(
            ScoringPlan.Sources(
                features: ("f", defaultEntities + "\nfeatures: []\n"), rules: ("r", "rules: \(rules)\n"),
                policy: ("p", defaultPolicy)),
            pseudonymizer: pseudonymizer)
        #expect(plan.usesIdentityKey)
        var run = try Run(plan)
        var number = 0
        func verdict(_ card: String, _ time: String, merchant: String = "m_1") throws -> Verdict {
            number += 1
            try run.submit(
                RequestText.minimal.setting("transaction_id", "\"t\(number)\"").setting(
                    "card.fingerprint", "\"\(card)\""
                )
                .setting("event_time", "\"\(time)\"").setting("merchant.id", "\"\(merchant)\"").text)
            return run.decision.verdict
        }
        #expect(try verdict("fp_1", "2026-11-23T10:14:59.999999999Z") == .approve)
        #expect(try verdict("fp_1", "2026-11-23T10:15:00Z") == .decline)
        #expect(try verdict("fp_2", "2026-11-23T23:59:59Z") == .approve)
        #expect(try verdict("fp_2", "2026-11-24T00:00:00Z") == .decline)
        #expect(try verdict("fp_3", "2026-11-23T10:00:00Z") == .decline)
        #expect(try verdict("fp_3", "2026-12-31T23:00:00Z", merchant: "m_9") == .approve)
    }

    @Test(arguments: [
        ("{ entity: crad, key: a, until: 2026-12-01 }", "did you mean card?"),
        ("{ entity: card, key: \"hmac:xyz\", until: 2026-12-01 }", "32 hexadecimal digits"),
        ("{ entity: card, key: a, until: tomorrow }", "must be a time such as"),
        ("{ entity: card, key: a }", "needs entity, key and until"),
    ])
    func `a mistake in a snooze is told`(snooze: String, message: String) throws {
        let error = configurationError { () throws(ConfigurationError) in
            _ = try makePlan(
                rules: "\n  - id: r\n    when: amount > 0\n    action: decline\n    snooze:\n      - \(snooze)\n")
        }
        let found = try #require(error)
        #expect(found.message.contains(message) && found.line == 6, "\(found)")
    }

    @Test(arguments: [SnoozeDefinition.maximumPerRule, SnoozeDefinition.maximumPerRule + 1])
    func `snoozes of a rule end at their limit`(count: Int) throws {
        let snooze = "\n      - { entity: card, key: a, until: 2026-12-01 }"
        let error = configurationError { () throws(ConfigurationError) in
            let snoozes = String(repeating: snooze, count: count)
            _ = try makePlan(rules: "\n  - id: r\n    when: amount > 0\n    action: decline\n    snooze:\(snoozes)\n")
        }
        let most = SnoozeDefinition.maximumPerRule
        #expect(error.map { $0.message.contains("at most \(most)") } == (count > most ? true : nil))
    }

    private func examples(_ lines: String) -> String? {
        let rule = "  - id: r\n    when: amount > 0\n    action: decline\n    examples:\n"
        return configurationError { () throws(ConfigurationError) in
            _ = try RuleFile(yaml: "rules:\n" + rule + lines, file: "r")
        }?.message
    }

    @Test func `examples of a rule, and payments before one, end at their limits`() throws {
        let example = "      - { payment: {}, matches: true }\n"
        let most = RuleExample.maximumPerRule
        #expect(examples(String(repeating: example, count: most)) == nil)
        let tooMany = examples(String(repeating: example, count: most + 1))
        #expect(try #require(tooMany).contains("at most \(most)"))
        let earlier = RuleExample.maximumEarlierPayments
        func before(_ text: String) -> String? {
            examples("      - { payment: {}, matches: true, before: [\(text)] }\n")
        }
        #expect(before("{ times: \(earlier) }") == nil && before("{ times: \(earlier - 1) }, {}") == nil)
        #expect(try #require(before("{ times: \(earlier) }, {}")).contains("at most \(earlier)"))
        #expect(before("{ times: \(earlier + 1) }") != nil)
    }

    @Test func `examples pass and fail as their rule does, with what came before`() throws {
        let text = """
            rules:
              - id: quick
                when: count(card, "10m") >= 3 && amount < 500
                action: decline
                examples:
                  - { payment: { amount: 100 }, before: [{ ago: 2m, times: 2 }], matches: true }
                  - { payment: { amount: 100 }, before: [{ ago: 10m, times: 2 }], matches: false }
                  - { payment: { amount: 100 }, before: [{ times: 2, card: { fingerprint: other } }], matches: false }
                  - { payment: { amount: 100 }, matches: true }
                  - { payment: { amount: -1 }, matches: true }
              - { id: off, when: amount > 0, action: decline, enabled: false, examples: [{ payment: {}, matches: true }] }
            """
        let file = try RuleFile(yaml: text, file: "rules.yaml")
        let plan = try ScoringPlan(
            ScoringPlan.Sources(
                features: ("f", defaultEntities + "\nfeatures: []\n"), rules: ("rules.yaml", text),
                policy: ("p", defaultPolicy)))
        let results = RuleExampleRun.run(file.rules, plan: plan)
        #expect(results.map(\.line) == [6, 7, 8, 9, 10, 11])
        #expect(
            results.map(\.outcome).prefix(4) == [.passed, .passed, .passed, .failed(matched: false)])
        guard case .invalid(let reason) = results[4].outcome else {
            Issue.record("a payment of a negative amount was taken")
            return
        }
        #expect(reason.contains("/amount") && results[5].outcome == .skipped)
        let facts = plan.facts(of: file.rules)
        #expect(facts[0].reads == ["amount", #"count(card, "10m")"#] && facts[0].worstCaseCost == 4)
        #expect(!facts[1].isEnabled)
    }
}
