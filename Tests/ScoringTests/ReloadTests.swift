// A plan in place of another between two payments: histories that both have go on, new ones begin, and say since when.
import JSON
import Testing

@testable import Scoring

@Suite struct ReloadTests {
    private static let shared: [(String, String)] = [
        ("card_count", #"count(card, "1h")"#), ("card_mean", #"before(mean(card, amount, "30m"))"#),
        ("card_merchants", #"distinct(card, merchant.id, "1h")"#), ("age", "since_first(card)"),
    ]
    private static let added: [(String, String)] = [
        ("short", #"count(card, "10m")"#), ("sum", #"sum(card, amount * 2, "20m")"#),
        ("devices", #"distinct(merchant, device, "15m")"#), ("customer", #"mean(customer, amount, "5m")"#),
    ]

    private func submitAll(_ run: inout Run, _ facts: some Sequence<PaymentStream.Facts>) throws -> [Decision] {
        var decisions: [Decision] = []
        for facts in facts {
            try run.submit(facts)
            decisions.append(run.decision)
        }
        return decisions
    }

    @discardableResult
    private func replace(_ run: inout Run, by plan: ScoringPlan, at now: Int64) throws(ReloadError) -> RetiredHistories
    {
        try run.sequencer.replacePlan(
            plan, model: .none, costs: LadderCosts(rulesNanoseconds: 1, modelNanoseconds: 1), at: now
        ) { _, _ in nil }
    }

    private func bits(_ decisions: some Sequence<Decision>, _ features: Range<Int>) -> [[UInt64]] {
        decisions.map { decision in features.map { decision.features[$0].bitPattern } }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `kept histories go on, new ones are as of a fresh start, and after their window as of the first`(seed: UInt64)
        throws
    {
        var stream = PaymentStream(seed: seed)
        let facts = (0..<600).map { _ in stream.next() }
        let cut = 300
        let narrow = try makePlan(features: Self.shared)
        let wide = try makePlan(features: Self.added + Self.shared)
        let (new, old) = (0..<Self.added.count, Self.added.count..<(Self.added.count + Self.shared.count))

        var reloaded = try Run(narrow)
        _ = try submitAll(&reloaded, facts[..<cut])
        let now = facts[cut].time
        #expect(reloaded.sequencer.core.additions(of: wide) == Self.added.map(\.1))
        try replace(&reloaded, by: wide, at: now)
        let decisions = try submitAll(&reloaded, facts[cut...])

        var first = try Run(narrow)
        let always = try submitAll(&first, facts)
        #expect(bits(decisions, old) == bits(always[cut...], 0..<Self.shared.count), "seed \(seed)")
        var fresh = try Run(wide)
        let since = try submitAll(&fresh, facts[cut...])
        #expect(bits(decisions, new) == bits(since, new), "seed \(seed)")
        var whole = try Run(wide)
        let ever = try submitAll(&whole, facts)
        let full = facts.indices.filter { $0 >= cut && facts[$0].time >= now + 1_200 * second }
        #expect(!full.isEmpty)
        for i in full {
            #expect(bits([decisions[i - cut]], new) == bits([ever[i]], new), "seed \(seed) payment \(i)")
        }
    }

    @Test func `a second and a third reload keep what they share, in any order of the files`() throws {
        var stream = PaymentStream(seed: 9)
        let facts = (0..<400).map { _ in stream.next() }
        var run = try Run(try makePlan(features: Self.shared))
        _ = try submitAll(&run, facts[..<100])
        try replace(&run, by: try makePlan(features: Self.added + Self.shared), at: facts[100].time)
        let second = try submitAll(&run, facts[100..<200])
        try replace(&run, by: try makePlan(features: Array((Self.shared + Self.added).reversed())), at: facts[200].time)
        let third = try submitAll(&run, facts[200...])
        var fresh = try Run(try makePlan(features: Self.added + Self.shared))
        let since = try submitAll(&fresh, facts[100...])
        #expect(bits(second, 0..<4) == bits(since[..<100], 0..<4))
        let reversed = third.map { decision in decision.features.reversed().map(\.bitPattern) }
        #expect(reversed.map { Array($0.suffix(4)) } == bits(since[100...], 0..<4))
        // What a plan leaves out is given up; with it the store that held nothing else.
        let retired = try replace(&run, by: try makePlan(features: Self.shared), at: facts[399].time)
        #expect(!retired.isEmpty && run.sequencer.core.youngHistories.isEmpty)
        #expect(run.sequencer.core.additions(of: try makePlan(features: Self.added)).count == 4)
    }

    @Test func `a history over a feature begins anew when anything behind the feature changes`() throws {
        func plan(_ divisor: Int) throws -> ScoringPlan {
            try makePlan(features: [
                ("part", "double(amount) / \(divisor).0"), ("ratio", "feature.part * 1.0"),
                ("top", #"max(card, feature.ratio, "1h")"#),
            ])
        }
        let core = try Run(try plan(2)).sequencer.core
        #expect(core.additions(of: try plan(2)) == [])
        #expect(core.additions(of: try plan(3)) == [#"max(card, feature.ratio, "1h")"#])
    }

    @Test func `the answer names young histories of the payment's entities until their window is full`() throws {
        var run = try Run(try makePlan())
        try run.submit(RequestText.minimal.text)
        let plan = try makePlan(
            features: [("a", #"count(card, "10m")"#), ("b", #"count(device, "10m")"#), ("c", "since_first(card)")])
        let since = midnight + 10 * 3_600 * second
        try replace(&run, by: plan, at: since)
        func young(_ id: String, _ time: Int64) throws -> [String] {
            try run.submit(
                RequestText.minimal.setting("transaction_id", "\"\(id)\"").setting(
                    "event_time", "\"\(Timestamp.text(nanoseconds: time))\""
                ).text)
            guard case .object(let members) = jsonValue(run.answer.utf8)["history_since"] else { return [] }
            return members.map { member in
                if case .string(let text) = member.value { "\(member.key) \(text)" } else { member.key }
            }
        }
        let stamp = Timestamp.text(nanoseconds: since)
        #expect(
            try young("a", since + 600 * second - 1) == [
                #"count(card, "10m") \#(stamp)"#, "since_first(card) \(stamp)",
            ])
        #expect(try young("b", since + 600 * second) == ["since_first(card) \(stamp)"])
        #expect(run.sequencer.core.youngHistories.map(\.text) == plan.historyTexts)
    }

    @Test func `reloads that add histories are taken to the limit and refused past it, with nothing changed`() throws {
        func plan(_ count: Int) throws -> ScoringPlan {
            try makePlan(features: (0...count).map { ("f\($0)", "count(card, \"\($0 + 1)m\")") })
        }
        var run = try Run(plan(0))
        for i in 1..<HistoryStores.maximumStores { try replace(&run, by: plan(i), at: midnight) }
        let last = try plan(HistoryStores.maximumStores - 1)
        let sequence = run.sequencer.core.sequence
        #expect(throws: ReloadError.self) { try replace(&run, by: plan(HistoryStores.maximumStores), at: midnight) }
        #expect(run.sequencer.core.sequence == sequence && run.sequencer.core.plan.historyTexts == last.historyTexts)
        try replace(&run, by: last, at: midnight)  // one that adds none is taken
        try run.submit(RequestText.minimal.text)
        #expect(run.decision.features.allSatisfy { $0 == 1 })
    }

    @Test func `a model that does not fit the new plan is refused, and the old one stays`() throws {
        let plan = try makePlan(features: [("amount", "amount")])
        let model = try BundleFixture(plan: plan).load()
        var run = try Run(plan, model: .serving(model))
        let other = try makePlan(features: [("amount", "amount + 1")])
        #expect(throws: ReloadError.self) {
            try run.sequencer.replacePlan(
                other, model: .serving(model), costs: LadderCosts(rulesNanoseconds: 1, modelNanoseconds: 1),
                at: midnight
            ) { _, _ in nil }
        }
        try run.submit(RequestText.minimal.text)
        #expect(run.decision.source == .model)
    }

    @Test func `what changed is told, and hits of rules are carried over by their id`() throws {
        let before = try makePlan(
            rules: "\n  - { id: a, when: amount > 0, points: 1 }\n  - { id: b, when: amount > 0, points: 1 }\n")
        let after = try makePlan(
            rules: "\n  - { id: c, when: amount > 0, points: 1 }\n  - { id: b, when: amount > 0, points: 2 }\n")
        let changes = PlanChanges(from: before, to: after)
        #expect(changes.rulesAdded == ["c"] && changes.rulesRemoved == ["a"] && changes.rulesChanged == ["b"])
        #expect(PlanChanges(from: before, to: before) == PlanChanges(from: after, to: after))
        var run = try Run(before)
        try run.submit(RequestText.minimal.text)
        try replace(&run, by: after, at: midnight)
        try run.submit(RequestText.minimal.setting("transaction_id", "\"t2\"").text)
        #expect(run.sequencer.core.ruleHits == ["a": 1, "b": 2, "c": 1])
    }
}
