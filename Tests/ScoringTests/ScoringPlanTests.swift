// What the checker makes of features and rules: which histories are kept, what the digest of a definition covers, which
// calls are refused.
import Aggregates
import Expressions
import Testing

@testable import Scoring

@Suite struct ScoringPlanTests {
    @Test func `equal histories share a column, however often and wherever they are named`() throws {
        let plan = try makePlan(
            features: [
                ("a", #"count(card, "1h")"#), ("b", #"count(card,"60m") + 1"#), ("c", #"before(count(card, "1h"))"#),
                ("d", #"count(customer, "1h")"#), ("e", #"sum(card, amount, "1h")"#),
                ("f", #"sum(card, amount + 0, "1h")"#),
                ("g", #"distinct(card, device, "1d")"#), ("h", #"distinct(card, device.id, "1d")"#),
            ],
            rules: #"[{ id: r, when: 'count(card, "1h") > 5 && before(count(card, "1h")) > 4', points: 1 }]"#)
        #expect(
            plan.historyTexts == [
                #"count(card, "1h")"#, #"before(count(card, "1h"))"#, #"count(customer, "1h")"#,
                #"sum(card, amount, "1h")"#, #"sum(card, amount + 0, "1h")"#, #"distinct(card, device, "1d")"#,
            ])
        #expect(plan.measures.count == 2 && plan.columns == [.deviceID])
        #expect(plan.historyPlan.entities.map(\.name) == ["card", "customer", "device", "merchant"])
        #expect(plan.historyPlan.entities[0].reads.map(\.moment) == [.after, .before, .after, .after, .after])
    }

    @Test func `histories have the types of what they count`() throws {
        let plan = try makePlan(features: [
            ("a", #"count(card, "1h")"#), ("b", #"sum(card, amount, "1h")"#), ("c", #"mean(card, amount, "1h")"#),
            ("d", #"distinct(card, merchant.id, "1h")"#), ("e", "since_first(card)"), ("f", "since_last(card)"),
        ])
        #expect(plan.features.map(\.type) == [.int, .int, .double, .int, .duration, .duration])
        #expect(plan.histories.map(\.text) == plan.features.map { $0.definition.source.text })
    }

    @Test(arguments: [
        (#"count(cart, "1h")"#, "did you mean card?"), (#"count(amount, "1h")"#, "needs an entity first"),
        ("count()", "needs an entity"), ("count(card)", "takes 2 arguments"),
        (#"count(card, "1h", 3)"#, "expected bool"), (#"count(card, "1h", true, true)"#, "takes 2 arguments"),
        ("count(card, 60)", "a window is text"), (#"count(card, "1 hour")"#, "a window is text"),
        (#"count(card, "0s")"#, "longer than 0"),
        (#"count(card, "36600d")"#, ""), (#"count(card, "36601d")"#, "at most 100 years"),
        (#"sum(card, "1h")"#, "takes 3 arguments"), (#"sum(card, currency, "1h")"#, "expected int or double"),
        (#"sum(card, count(card, "1h"), "1h")"#, "can't be taken over another history"),
        (#"mean(card, feature.last, "1h")"#, "unknown name 'feature.last'"),
        (#"distinct(card, merchant.idd, "1h")"#, "did you mean merchant.id?"),
        (#"distinct(card, metadata, "1h")"#, "counts values of a field"),
        (#"distinct(card, "x", "1h")"#, "counts values of a field"),
        ("since_last(card, 1)", "expected bool"), ("before(amount)", "before takes one history"),
        (#"before(before(count(card, "1h")))"#, "before takes one history"), ("before()", "before takes one history"),
        (#"counts(card, "1h")"#, "did you mean"), ("metadata", "unknown name"),
    ])
    func `a history is refused with the reason`(expression: String, message: String) {
        let error = configurationError { () throws(ConfigurationError) in
            _ = try makePlan(features: [("first", "amount"), ("a", expression)])
        }
        if expression == #"count(card, "36600d")"# {
            #expect(error == nil)
        } else {
            #expect(error?.message.contains(message) == true, "\(String(describing: error))")
            #expect(error?.file == "features.yaml" && error?.line == 8)
        }
    }

    @Test func `a plan has as many windows and measures as an entity can keep, and not one more`() {
        func error(windows: Int) -> ConfigurationError? {
            configurationError { () throws(ConfigurationError) in
                _ = try makePlan(features: (0..<windows).map { ("f\($0)", "count(card, \"\($0 + 1)s\")") })
            }
        }
        #expect(error(windows: HistoryPlan.maximumWindowsPerEntity) == nil)
        #expect(error(windows: HistoryPlan.maximumWindowsPerEntity + 1)?.message.contains("windows") == true)
    }

    @Test func `a feature is a name for later features and for rules, and not for earlier ones`() throws {
        let plan = try makePlan(
            features: [("a", "amount"), ("b", "feature.a * 2"), ("c", "feature.b > 10")],
            rules: "[{ id: r, when: 'feature.c && feature.b > 1', points: 1 }]")
        #expect(plan.features.map(\.type) == [.int, .int, .bool] && plan.featureNames == ["a", "b", "c"])
        let early = configurationError { () throws(ConfigurationError) in
            _ = try Self.plan([("a", "feature.b"), ("b", "amount")])
        }
        #expect(early?.line == 7)
    }

    private static func plan(
        _ features: [(String, String)], entities: String = defaultEntities
    ) throws(ConfigurationError) -> ScoringPlan {
        try makePlan(entities: entities, features: features)
    }

    // MARK: - Digest of definitions

    private static let base: [(String, String)] = [
        ("a", "amount"), ("b", #"count(card, "1h")"#), ("c", "feature.b * 2"), ("d", "feature.c + feature.a"),
        ("e", #"distinct(card, device, "1d")"#),
    ]

    private func digest(_ names: [String], _ features: [(String, String)], entities: String = defaultEntities) throws
        -> String
    {
        try Self.plan(features, entities: entities).definitionDigest(of: names)?.hexadecimal ?? "none"
    }

    private func changed(_ name: String, _ expression: String) -> [(String, String)] {
        Self.base.map { $0.0 == name ? (name, expression) : $0 }
    }

    @Test func `the digest does not see features that are not asked for, spacing or order in the file`() throws {
        let reference = try digest(["a", "b"], Self.base)
        #expect(
            try digest(
                ["a", "b"], [("x", "amount + 1")] + Self.base.reversed().suffix(2).reversed() + [("y", "amount")])
                == reference)
        #expect(try digest(["a", "b"], changed("c", "feature.b * 3")) == reference)
        #expect(try digest(["a", "b"], changed("b", #"count( card , "1h" )"#)) == reference)
        #expect(
            try digest(["a", "b"], Self.base, entities: defaultEntities + "\n  till: merchant.terminal_id") == reference
        )
        let otherCustomer = defaultEntities.replacing("customer: customer.id", with: "customer: customer.email_hash")
        #expect(try digest(["a", "b"], Self.base, entities: otherCustomer) == reference)
    }

    @Test func `the digest sees order, text, names and all that a feature is computed from`() throws {
        let reference = try digest(["a", "b"], Self.base)
        #expect(try digest(["b", "a"], Self.base) != reference)
        #expect(try digest(["a"], Self.base) != reference)
        #expect(try digest(["a", "b"], changed("b", #"count(card, "2h")"#)) != reference)
        #expect(try digest(["a", "b"], changed("a", "amount + 0")) != reference)
        let otherCard = defaultEntities.replacing("card: card.fingerprint", with: "card: card.bin")
        #expect(try digest(["a", "b"], Self.base, entities: otherCard) != reference)
        #expect(try digest(["a", "z"], Self.base) == "none")
        // d is computed from c, c from b: a change two steps away is a change of d.
        let derived = try digest(["d"], Self.base)
        #expect(try digest(["d"], changed("b", #"count(card, "2h")"#)) != derived)
        #expect(try digest(["d"], changed("c", "feature.b * 3")) != derived)
        #expect(try digest(["d"], Self.base, entities: otherCard) != derived)
        #expect(try digest(["d"], changed("e", "amount")) == derived)
        // e counts what the entity device is named by.
        let otherDevice = defaultEntities.replacing("device: device.id", with: "device: device.ip")
        #expect(try digest(["e"], Self.base, entities: otherDevice) != digest(["e"], Self.base))
    }

    @Test func `the files' digests follow their texts`() throws {
        let reference = try makePlan().digests
        #expect(try makePlan(rules: "[ ]").digests.rules != reference.rules)
        #expect(try makePlan(rules: "[ ]").digests.features == reference.features)
        #expect(try makePlan(policy: defaultPolicy + "\n").digests.policy != reference.policy)
    }
}
