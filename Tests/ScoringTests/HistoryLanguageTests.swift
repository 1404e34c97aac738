// The language of histories: what each call is, what shares a column, and how every misuse is refused.
import Aggregates
import Expressions
import Testing

@testable import Scoring

@Suite struct HistoryLanguageTests {
    @Test(arguments: [
        (#"min(card, amount, "1d")"#, ValueType.int), (#"max(card, amount / 2.0, "1d")"#, .double),
        (#"sum(card, major_units(amount, currency), "1d")"#, .double), (#"stddev(card, amount, "1d")"#, .double),
        ("first_seen(card, merchant.id)", .bool), (#"first_seen(customer, card, "7d", amount > 5)"#, .bool),
        (#"fraud_count(merchant, "28d")"#, .int), (#"fraud_rate(merchant, "28d")"#, .double),
        (#"streak(card, decision == "decline")"#, .int),
        (#"streak_age(card, label == "fraud", amount > 5)"#, .duration),
        (#"streak_gap(card, label == "fraud")"#, .duration), (#"ewm_count(card, "7d")"#, .double),
        (#"ewm_sum(card, amount, "7d", decision != "decline")"#, .double), (#"ewm_mean(card, score, "7d")"#, .double),
        (#"since_last(card, outcome == "refunded")"#, .duration), (#"since_first(card, has(label))"#, .duration),
        (#"count(card, "1h", decision in ["decline", "review"])"#, .int),
        (#"max(card, feature.first, "14d")"#, .int), (#"sum(card, feature.night ? 1 : 0, "14d")"#, .int),
        (#"count(card, "1d", feature.night && score >= 500 && !has(outcome))"#, .int),
        (#"has(mean(card, amount, "1d"))"#, .bool),
    ])
    func `every call has the type of what it finds`(text: String, type: ValueType) throws {
        let plan = try makePlan(features: [("first", "amount"), ("night", "event_time.getHours() < 6"), ("x", text)])
        #expect(plan.features.last?.type == type)
    }

    @Test(arguments: [
        (#"count(card, "1h", desision == "decline")"#, 19, "did you mean 'decision'?"),
        (#"count(card, "1h", decision == "declined")"#, 31, #"did you mean "decline"?"#),
        (#"count(card, "1h", "fraud" != outcome)"#, 19, "outcome is never \"fraud\""),
        (#"count(card, "1h", label in ["fraud", "legit"])"#, 38, "label is never \"legit\""),
        (#"count(card, "1h", amount)"#, 19, "expected bool, but this is an int"),
        (#"count(card, "1h", label)"#, 19, "expected bool, but this is a string"),
        (#"count(card, decision == "decline", "1h")"#, 13, "a window is text"),
        (#"count(card, "1h", count(card, "1d") > 3)"#, 25, "can't be taken over another history (count)"),
        (#"count(card, "1h", before(count(card, "1d")) > 3)"#, 26, "can't be taken over another history"),
        (#"count(card, "1h", feature.later > 3)"#, 19, "unknown name 'feature.later'"),
        (#"count(card, "1h", feature.x > 3)"#, 19, "unknown name 'feature.x'"),
        (#"sum(card, label == "fraud" ? 1 : 0, "1h")"#, 11, "a measure is a number that a payment keeps"),
        (#"mean(card, outcome, "1h")"#, 12, "expected int or double"),
        (#"mean(card, decision, "1h")"#, 12, "expected int or double"),
        (#"ewm_count(card, "7d", label == "fraud")"#, 23, "a decayed history can't have a condition over label"),
        (#"ewm_mean(card, "7d")"#, 16, "ewm_mean takes 3 arguments"), ("ewm_count(card, 7)", 17, "a half-life is text"),
        ("streak(card)", 8, "streak takes 2 arguments"), (#"streak(card, "1h")"#, 14, "expected bool"),
        (#"first_seen(card, "x")"#, 18, "first_seen looks for values of a field"),
        (#"first_seen(card, world, "1d")"#, 18, "first_seen looks for values of a field"),
        (#"fraud_rate(card)"#, 12, "fraud_rate takes 2 arguments"),
        (#"fraud_rate(card, "1d", amount)"#, 24, "expected bool"),
        (#"fraud_count(cart, "1d")"#, 13, "did you mean card?"),
        ("decision == \"decline\"", 1, "unknown name 'decision'"), ("label", 1, "unknown name 'label'"),
        (#"region(card.fingerprint)"#, 1, "region(string) cannot be called"),
        ("steak(card, amount > 5)", 1, "did you mean 'streak'?"),
    ])
    func `a misuse is refused where it stands, with what to do`(text: String, column: Int, message: String) {
        let error = configurationError { () throws(ConfigurationError) in
            _ = try makePlan(
                entities: defaultEntities + "\n  world: true",
                features: [("first", "amount"), ("x", text.replacing("'", with: "''")), ("later", "amount")])
        }
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
        #expect(error?.message.contains("column \(column):") == true, "\(String(describing: error))")
        #expect(error?.file == "features.yaml" && error?.line == 9)
    }

    @Test func `equal histories share what is kept, however they are written`() throws {
        let plan = try makePlan(
            features: [
                ("a", #"fraud_count(card, "1d")"#), ("b", #"count(card, "24h", label == "fraud")"#),
                ("c", #"before(count(card, "1d", label=="fraud"))"#), ("d", #"fraud_rate(card, "1d")"#),
                ("e", #"fraud_rate(card, "1d") * 2.0"#), ("f", #"count(card, "1d", amount > 5)"#),
                ("g", #"before(count(card, "1d", amount > 5))"#), ("h", #"count(card, "1d", feature.f > 5)"#),
                ("i", #"max(card, feature.f, "1d")"#), ("j", #"before(max(card, feature.f, "1d"))"#),
            ],
            rules: """

                  - id: r
                    when: count(card, "1d", label == "fraud") > 0 && max(card, feature.f, "1d") > 3
                    points: 1
                """)
        let card = plan.historyPlan.entities[0]
        #expect(card.reads.count == 6 && plan.rates.count == 1 && card.isLabelled)
        #expect(card.reads.map(\.moment) == [.before, .before, .after, .before, .before, .before])
        #expect(plan.conditions.map(\.text) == [#"label == "fraud""#, "amount > 5", "feature.f > 5"])
        #expect(plan.historyPlan.entities.dropFirst().allSatisfy { $0.reads.isEmpty && !$0.isLabelled })
        #expect(
            plan.historyTexts == [
                #"fraud_count(card, "1d")"#, #"before(count(card, "1d"))"#, #"count(card, "1d", amount > 5)"#,
                #"before(count(card, "1d", amount > 5))"#, #"count(card, "1d", feature.f > 5)"#,
                #"max(card, feature.f, "1d")"#,
            ])
    }

    @Test func `a plan has so many measures and conditions, and not one more`() {
        func error(_ count: Int, _ text: (Int) -> String) -> ConfigurationError? {
            configurationError { () throws(ConfigurationError) in
                _ = try makePlan(features: (0..<count).map { ("f\($0)", text($0)) })
            }
        }
        let measures = HistoryCatalog.maximumMeasures
        #expect(error(measures) { "sum(card, amount + \($0), \"1d\")" } == nil)
        let message = error(measures + 1) { "sum(card, amount + \($0), \"1d\")" }?.message
        #expect(message?.contains("more than \(measures) different measures") == true)
        let conditions = HistoryCatalog.maximumConditions
        #expect(error(conditions) { "count(card, \"1d\", amount > \($0))" } == nil)
        let other = error(conditions + 1) { "count(card, \"1d\", amount > \($0))" }?.message
        #expect(other?.contains("more than \(conditions) different conditions") == true)
    }

    // MARK: - Entities

    @Test(arguments: [
        ("{ field: merchant.mcc, parent: wurld }", "the parent wurld is no entity here; did you mean world?"),
        ("{ field: merchant.mcc, parent: x }", "is its own parent: loop → x → x"),
        ("{ field: merchant.mcc, parent: loop }", "is its own parent: loop → x → loop"),
        ("{ field: merchant.mcc, strength: 5 }", "needs a parent or a prior"),
        ("{ field: merchant.mcc, prior: 1.5 }", "a share from 0 to 1"),
        ("{ field: merchant.mcc, prior: 0.1, strength: 0 }", "must be above 0"),
        ("{ field: merchant.mcc, prior: 0.1, parent: world }", "has no use beside a parent"),
        ("{ prior: 0.1 }", "needs either field or constant"), ("{ constant: false }", "can only be true"),
        ("{ constant: true, field: merchant.mcc }", "needs either field or constant"),
        ("{ fields: merchant.mcc }", "did you mean field?"), ("amount", "is named by a text field"),
    ])
    func `a wrong entity is refused`(text: String, message: String) {
        let error = configurationError { () throws(ConfigurationError) in
            _ = try makePlan(
                entities: """
                    entities:
                      world: true
                      loop: { field: merchant.country, parent: x }
                      x: \(text)
                    """)
        }
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test func `a rate leans on its parents by the documented formula, and passes over those not named`() throws {
        let plan = try makePlan(
            entities: """
                entities:
                  terminal: { field: merchant.terminal_id, parent: category, strength: 20 }
                  category: { field: merchant.mcc, parent: world, strength: 50 }
                  world: { constant: true, prior: 0.005 }
                  card: card.fingerprint
                """,
            features: [
                ("t", #"fraud_rate(terminal, "7d")"#), ("w", #"fraud_rate(world, "7d")"#),
                ("c", #"fraud_rate(card, "7d")"#),
            ])
        var run = try Run(plan)
        func pay(_ id: String, _ offset: Int64, _ terminal: String?, _ category: String?) throws -> [Double] {
            var request = RequestText.minimal.setting("transaction_id", "\"\(id)\"")
                .setting("event_time", "\"\(Timestamp.text(nanoseconds: midnight + offset * second))\"")
            if let terminal { request = request.setting("merchant.terminal_id", "\"\(terminal)\"") }
            if let category { request = request.setting("merchant.mcc", "\"\(category)\"") }
            try run.submit(request.text)
            return run.decision.features
        }
        let first = try pay("a", 0, "t1", "5411")
        let world = (0 + 20 * 0.005) / (0 + 20)
        let category = (50 * world) / 50
        #expect(first[1] == world && first[2].isNaN)
        #expect(first[0] == (20 * category) / 20)
        _ = run.take(
            .label,
            """
            {"transaction_id":"a","label":"fraud","source":"chargeback",\
            "labelled_at":"\(Timestamp.text(nanoseconds: midnight + 10 * second))"}
            """, at: midnight)
        _ = try pay("b", 5, "t2", "5411")
        // Of three payments of the world, one is fraud; of two of the category, and of one of the terminal.
        _ = try pay("c", 9, nil, nil)
        let later = try pay("d", 10, "t1", "5411")
        let (w, c) = ((1 + 20 * 0.005) / 23, (1 + 50 * ((1 + 20 * 0.005) / 23)) / 52)
        let terminal = (1 + 20 * c) / 21
        #expect(later == [terminal, w, 1.0 / 3])
        // No category: the terminal leans on the world. No terminal: no rate of it.
        let fifth = try pay("e", 11, "t3", nil)
        let world24 = (1 + 20 * 0.005) / 24
        #expect(fifth[0] == (20 * world24) / 20)
        #expect(try pay("f", 12, nil, "5411")[0].isNaN)
    }

    @Test func `what is assumed legitimate has a time that can be written`() throws {
        let header = "assume_legitimate_after: 45d\n" + defaultEntities
        let plan = try makePlan(entities: header, features: [("a", #"count(card, "90d", label == "legitimate")"#)])
        #expect(plan.historyPlan.assumeLegitimateAfterMicroseconds == Int64(45 * 86_400_000_000))
        #expect(plan.assumeLegitimateAfterNanoseconds == Int64(45 * 86_400_000_000_000))
        for wrong in ["never", "0s", "-1d"] {
            let error = configurationError { () throws(ConfigurationError) in
                _ = try makePlan(entities: "assume_legitimate_after: \(wrong)\n" + defaultEntities)
            }
            #expect(error?.path == "assume_legitimate_after", "\(wrong)")
        }
    }

    // MARK: - Digests

    @Test func `the digest of a feature covers what its histories are over`() throws {
        let base: [(String, String)] = [
            ("ratio", "amount / 2.0"), ("a", #"max(card, feature.ratio, "1d")"#),
            ("b", #"count(card, "1d", feature.ratio > 3.0)"#), ("c", #"count(card, "1d", label == "fraud")"#),
            ("d", "first_seen(card, device)"), ("e", #"fraud_rate(merchant, "1d")"#), ("f", #"count(card, "1d")"#),
        ]
        func digest(_ name: String, _ features: [(String, String)], _ entities: String) throws -> String {
            try makePlan(entities: entities, features: features).definitionDigest(of: [name])?.hexadecimal ?? ""
        }
        let changed = [("ratio", "amount / 3.0")] + base.dropFirst()
        let assumed = "assume_legitimate_after: 45d\n" + defaultEntities
        let otherDevice = defaultEntities.replacing("device: device.id", with: "device: device.ip")
        let leaning = defaultEntities.replacing(
            "merchant: merchant.id", with: "merchant: { field: merchant.id, prior: 0.1 }")
        func differs(_ name: String, _ features: [(String, String)], _ entities: String) throws -> Bool {
            try digest(name, features, entities) != digest(name, base, defaultEntities)
        }
        for (name, isChanged) in [("a", true), ("b", true), ("c", false), ("f", false)] {
            #expect(try differs(name, changed, defaultEntities) == isChanged, "\(name)")
        }
        for (name, isChanged) in [("a", false), ("c", true), ("e", true), ("f", false)] {
            #expect(try differs(name, base, assumed) == isChanged, "\(name)")
        }
        for (name, isChanged) in [("c", false), ("d", true)] {
            #expect(try differs(name, base, otherDevice) == isChanged, "\(name)")
        }
        for (name, isChanged) in [("c", false), ("e", true)] {
            #expect(try differs(name, base, leaning) == isChanged, "\(name)")
        }
    }

    // MARK: - Regions

    @Test func `every country has a region but the one of the penguins, and regions are compared`() throws {
        let plan = try makePlan(features: [
            ("a", "region(card.country)"), ("b", "same_region(card.country, merchant.country)"),
        ])
        var run = try Run(plan)
        func regions(_ card: String, _ merchant: String) throws -> [Double] {
            let request = RequestText.minimal.setting("transaction_id", "\"\(card)\(merchant)\"")
                .setting("card.country", "\"\(card)\"").setting("merchant.country", "\"\(merchant)\"")
            try run.submit(request.text)
            return run.decision.features
        }
        #expect(try regions("DE", "FR") == [155, 1])
        #expect(try regions("DE", "ES") == [155, 0])
        #expect(try regions("US", "CA") == [21, 1])
        #expect(try regions("KE", "GH") == [14, 0])
        let without = try regions("AQ", "DE")
        #expect(without.allSatisfy { $0.isNaN })
        let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z"))
        for first in letters {
            for second in letters {
                let code = [first, second]
                let (isCountry, region) = (Countries.contains(code.span), Regions.code(of: code.span))
                let name = String(decoding: code, as: UTF8.self)
                #expect((region != nil) == (isCountry && name != "AQ"), "\(name)")
            }
        }
        let (short, lower) = ([UInt8]("D".utf8), [UInt8]("de".utf8))
        #expect(Regions.code(of: short.span) == nil && Regions.code(of: lower.span) == nil)
    }
}
