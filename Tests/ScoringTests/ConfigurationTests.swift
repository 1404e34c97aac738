// A mistake in a configuration file is told with its file, its line, its key and what to write instead.
import Testing

@testable import Scoring

@Suite struct ConfigurationTests {
    private func features(_ text: String) -> ConfigurationError? {
        configurationError { () throws(ConfigurationError) in
            _ = try ScoringPlan(
                ScoringPlan.Sources(
                    features: ("features.yaml", text), rules: ("rules.yaml", "rules: []"),
                    policy: ("policy.yaml", defaultPolicy)))
        }
    }

    private func rules(_ text: String) -> ConfigurationError? {
        configurationError { () throws(ConfigurationError) in
            _ = try ScoringPlan(
                ScoringPlan.Sources(
                    features: ("features.yaml", "entities:\n  card: card.fingerprint\nfeatures: []\n"),
                    rules: ("rules.yaml", text), policy: ("policy.yaml", defaultPolicy)))
        }
    }

    private func policy(_ text: String) -> ConfigurationError? {
        configurationError { () throws(ConfigurationError) in _ = try Policy(yaml: text, file: "policy.yaml") }
    }

    @Test func `an unknown key is refused at its line with the key that was probably meant`() throws {
        let error = try #require(rules("rules:\n  - id: a\n    when: amount > 1\n    acton: review\n"))
        #expect(error.file == "rules.yaml" && error.line == 4 && error.path == "rules[0].acton")
        #expect(error.message.contains("did you mean action?"))
        #expect(error.description.hasPrefix("rules.yaml:4: rules[0].acton: "))
        #expect(try #require(policy("bandz: []")).message.contains("did you mean bands?"))
        #expect(
            try #require(features("entities: {}\nfeatures: []\nzebra: 1\n")).message.contains(
                "Known keys: entities, features"))
    }

    @Test func `a key, a rule and a feature may not stand twice`() throws {
        let key = try #require(rules("rules:\n  - id: a\n    id: b\n"))
        #expect(key.line == 2 && key.message == "id stands twice in one mapping", "\(key)")
        let rule = try #require(
            rules("rules:\n  - { id: a, when: amount > 1, points: 1 }\n  - { id: a, when: amount > 2, points: 1 }\n"))
        #expect(rule.line == 3 && rule.message.contains("a rule a stands above"))
        let feature = try #require(
            features("entities:\n  card: card.fingerprint\nfeatures:\n  - a: amount\n  - b: amount\n  - a: amount\n"))
        #expect(feature.line == 6 && feature.message.contains("stands above"))
    }

    @Test func `an error in an expression shows the line with a caret, at the line of the file`() throws {
        let error = try #require(rules("rules:\n  - id: a\n    points: 1\n    when: amuont > 5\n"))
        #expect(error.line == 4 && error.path == "rules[0].when")
        #expect(error.message.contains("did you mean 'amount'?"))
        #expect(error.message.contains("\n  amuont > 5\n  ^~~~~~"))
        let syntax = try #require(rules("rules:\n  - id: a\n    points: 1\n    when: amount >\n"))
        #expect(syntax.line == 4 && syntax.message.contains("^"))
        let type = try #require(features("entities: {}\nfeatures:\n  - a: 'amount + true'\n"))
        #expect(type.line == 3 && type.message.contains("\n  amount + true\n"))
    }

    @Test func `in a block of lines an error has the line where it stands`() throws {
        let block =
            "rules:\n  - id: a\n    points: 1\n    when: |\n      amount > 5 &&\n      currency == \"EUR\" &&\n      amuont < 7\n"
        let error = try #require(rules(block))
        #expect(
            error.line == 7 && error.message.contains("line 3, column 1")
                && error.message.contains("\n  amuont < 7\n  ^"))
        let broken = try #require(
            rules("rules:\n  - id: a\n    points: 1\n    when: |\n      amount > 5 &&\n      * 3\n"))
        #expect(broken.line == 6)
        let folded = try #require(
            rules("rules:\n  - id: a\n    points: 1\n    when: >\n      amount > 5 &&\n      amuont < 7\n"))
        #expect(folded.line == 4 && folded.message.contains("line 1, column 15"))
    }

    @Test(arguments: [
        ("a: [", 0), ("a: \"b", 0), ("\t- a", 0), ("a: b: c", 0),
    ])
    func `what is no YAML is an error with a line`(text: String, line: Int) throws {
        #expect(try #require(policy(text)).file == "policy.yaml")
    }

    @Test func `a document that is empty or no mapping lacks its keys`() throws {
        #expect(try #require(policy("")).message.contains("needs bands"))
        #expect(try #require(policy("- a")).message.contains("mapping"))
        #expect(try #require(rules("rules: 5")).message.contains("must be a list"))
    }

    // MARK: - Features

    @Test(arguments: [
        ("card: card.fingerprnt", "did you mean card.fingerprint?"), ("card: amount", "named by a text field"),
        ("card: metadata", "named by a text field"), ("card: [a]", "must be text"),
    ])
    func `an entity is named by a text field of the payment`(entity: String, message: String) throws {
        let error = try #require(features("entities:\n  \(entity)\nfeatures: []\n"))
        #expect(error.line == 2 && error.message.contains(message), "\(error)")
    }

    @Test func `features and entities have limits`() throws {
        func entities(_ count: Int) -> String {
            "entities:\n" + (0..<count).map { "  e\($0): card.fingerprint\n" }.joined() + "features: []\n"
        }
        #expect(features(entities(FeatureFile.maximumEntities)) == nil)
        #expect(try #require(features(entities(FeatureFile.maximumEntities + 1))).message.contains("at most 16"))
        func list(_ count: Int) -> String {
            "entities: {}\nfeatures:\n" + (0..<count).map { "  - f\($0): amount\n" }.joined()
        }
        #expect(features(list(FeatureFile.maximumFeatures)) == nil)
        #expect(try #require(features(list(FeatureFile.maximumFeatures + 1))).message.contains("at most 1024"))
    }

    @Test func `a file has as many rules as its limit, and not one more`() throws {
        func file(_ count: Int) -> String {
            "rules:\n" + (0..<count).map { "  - { id: r\($0), when: amount > 1, points: 5 }\n" }.joined()
        }
        let limit = RuleFile.maximumRules
        #expect(try RuleFile(yaml: file(limit), file: "r").rules.count == limit)
        let error = configurationError { () throws(ConfigurationError) in
            _ = try RuleFile(yaml: file(limit + 1), file: "r")
        }
        #expect(try #require(error).message.contains("has 4097 rules; at most 4096"))
    }

    @Test(arguments: ["1a", "a-b", "a b", "é", "label", "margin", String(repeating: "a", count: 129)])
    func `a feature's name is a name, and none of a table's own columns`(name: String) throws {
        let error = try #require(features("entities: {}\nfeatures:\n  - '\(name)': amount\n"))
        #expect(error.line == 3, "\(error)")
    }

    @Test(arguments: ["card.fingerprint", "currency", "event_time", "[1, 2]", "card.fingerprint == \"x\""])
    func `a feature is a number, a truth or a duration`(expression: String) throws {
        #expect(features("entities: {}\nfeatures:\n  - a: '\(expression)'\n") != nil)
    }

    @Test func `a feature says its reason, or its name in capitals is the reason`() throws {
        let file = try FeatureFile(
            yaml: "entities: {}\nfeatures:\n  - a_b: amount\n  - c: { value: amount, reason: R, description: d }\n",
            file: "f")
        #expect(file.features.map(\.reason) == ["A_B", "R"])
        #expect(file.features.map(\.canonical) == ["a_b = amount", "c = amount"])
    }

    // MARK: - Rules

    @Test(arguments: [
        ("{ when: amount > 1, points: 1 }", "needs an id"), ("{ id: a, points: 1 }", "needs when"),
        ("{ id: a, when: amount > 1 }", "needs an action or points"),
        ("{ id: a, when: amount, points: 1 }", "expected bool"),
        ("{ id: a, when: amount > 1, points: 1000 }", "must be from 0 to 999"),
        ("{ id: a, when: amount > 1, points: -1 }", "must be from 0 to 999"),
        (
            "{ id: a, when: amount > 1, action: block }",
            "must be one of approve, review, challenge, decline, score, observe"
        ),
        ("{ id: a, when: amount > 1, points: 1, catch: block }", "must be one of"),
        ("{ id: a, when: amount > 1, points: x }", "must be a whole number"),
    ])
    func `a rule is checked key by key`(rule: String, message: String) throws {
        let error = try #require(rules("rules:\n  - \(rule)\n"))
        #expect(error.line == 2 && error.message.contains(message), "\(error)")
    }

    @Test func `a rule has defaults, and its reason is its id in capitals`() throws {
        let file = try RuleFile(yaml: "rules:\n  - { id: new-card, when: amount > 1, points: 5 }\n", file: "r")
        #expect(file.rules[0].action == .score && file.rules[0].reason == "NEW_CARD" && file.rules[0].onError == nil)
    }

    // MARK: - Policy

    @Test func `bands rise, and the last that a score reaches decides`() throws {
        let policy = try Policy(yaml: defaultPolicy, file: "p")
        #expect(
            [0, 299, 300, 599, 600, 899, 900, 999].map(policy.verdict(score:)) == [
                .approve, .approve, .challenge, .challenge, .review, .review, .decline, .decline,
            ])
        #expect([299, 300, 899, 900].map(policy.riskLevel(score:)) == [.normal, .elevated, .elevated, .highest])
        #expect(policy.explained == [.review, .challenge, .decline] && policy.fallback == .review)
    }

    @Test(arguments: [
        ("bands: [{ at_least: 5, decision: review }, { at_least: 5, decision: decline }]", "must be above 5"),
        ("bands: [{ at_least: 1000, decision: review }]", "must be from 0 to 999"),
        ("bands: [{ at_least: 5 }]", "needs at_least and decision"),
        ("bands: [{ at_least: 5, decision: score }]", "must be one of"),
        ("bands: []\nexplain: [x]", "must be one of"), ("bands: {}", "must be a list"),
    ])
    func `bands are checked`(bands: String, message: String) throws {
        let error = try #require(policy("risk_levels: { elevated: 1, highest: 2 }\ndefault: approve\n\(bands)\n"))
        #expect(error.line >= 3 && error.message.contains(message), "\(error)")
    }

    @Test func `risk levels rise, and bands have a limit`() throws {
        let falling = try #require(policy("bands: []\nrisk_levels: { elevated: 5, highest: 4 }\ndefault: approve\n"))
        #expect(falling.path == "risk_levels.highest")
        func many(_ count: Int) -> String {
            let bands = (0..<count).map { "  - { at_least: \($0), decision: review }\n" }.joined()
            return "risk_levels: { elevated: 5, highest: 5 }\ndefault: approve\nbands:\n\(bands)"
        }
        #expect(policy(many(Policy.maximumBands)) == nil)
        #expect(try #require(policy(many(Policy.maximumBands + 1))).message.contains("at most 32"))
    }

    @Test(arguments: [
        ("50ms", 50_000_000), ("10s", 10_000_000_000), ("5m", 300_000_000_000), ("30d", 2_592_000_000_000_000),
    ])
    func `a length of time has a unit`(text: String, nanoseconds: Int64) {
        #expect(DurationText.nanoseconds(parsing: text) == nanoseconds)
        #expect(DurationText.text(nanoseconds: nanoseconds) == text)
    }

    @Test(arguments: ["", "5", "m", "-5m", "5 m", "1.5h", "5w", "99999999999999d", "+5m", "5ms5"])
    func `what is no length of time is refused`(text: String) {
        #expect(DurationText.nanoseconds(parsing: text) == nil)
    }
}
