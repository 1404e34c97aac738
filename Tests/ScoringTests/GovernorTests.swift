// The governor: when it engages, what answers then, and how it is released.
import Testing

@testable import Scoring

@Suite struct GovernorTests {
    private static let text = "{ window: 10m, multiple: 4, floor: 0.02, at_least: 200, fallback: last_good_rules }"

    private func settings(_ text: String = text) throws -> GovernorSettings {
        try #require(try Policy(yaml: defaultPolicy + "\ngovernor: \(text)\n", file: "p").governor)
    }

    /// Decisions at even pauses of a second, every so manieth a decline.
    private func feed(_ governor: inout DeclineGovernor, _ count: Int, declineEvery: Int, from start: Int64) -> Int? {
        for i in 0..<count
        where governor.count(isDeclined: i % declineEvery == 0, at: start + Int64(i) * second) { return i }
        return nil
    }

    @Test func `it engages once when the share passes the multiple of the usual one, and not at it`() throws {
        var governor = DeclineGovernor(try settings())
        #expect(feed(&governor, 20_000, declineEvery: 100, from: midnight) == nil)
        let usual = try #require(governor.usualShare)
        #expect(abs(usual - 0.01) < 0.001)
        var calm = governor
        #expect(feed(&calm, 5_000, declineEvery: 28, from: midnight + 20_000 * second) == nil)  // 3.6 %
        #expect(feed(&governor, 5_000, declineEvery: 20, from: midnight + 20_000 * second) != nil)  // 5 %
        #expect(governor.isEngaged)
        let engaged = governor
        let again = governor.count(isDeclined: true, at: midnight + 99_000 * second)
        #expect(!again && governor == engaged)
    }

    @Test func `below the floor, with too few payments, or with nothing usual it does not engage`() throws {
        var low = DeclineGovernor(try settings())
        _ = feed(&low, 20_000, declineEvery: 1_000, from: midnight)
        // 1.7 % is 17 times as much.
        #expect(feed(&low, 5_000, declineEvery: 60, from: midnight + 20_000 * second) == nil)
        var few = DeclineGovernor(try settings())
        _ = feed(&few, 20_000, declineEvery: 100, from: midnight)
        #expect(feed(&few, 199, declineEvery: 1, from: midnight + 40_000 * second) == nil)
        let engages = few.count(isDeclined: true, at: midnight + 40_199 * second)
        #expect(engages)
        var new = DeclineGovernor(try settings())
        #expect(feed(&new, 500, declineEvery: 1, from: midnight) == nil)
    }

    @Test func `late payments count in their part of the window, later ones and earlier ones not`() throws {
        var governor = DeclineGovernor(try settings())
        _ = governor.count(isDeclined: false, at: midnight)
        _ = governor.count(isDeclined: true, at: midnight - 590 * second)
        #expect(governor.share == 0.5)
        _ = governor.count(isDeclined: true, at: midnight - 610 * second)
        #expect(governor.share == 0.5)
        _ = governor.count(isDeclined: false, at: midnight + 20 * second)
        #expect(governor.share == 0 && governor.usualShare == 1)
        _ = governor.count(isDeclined: false, at: -midnight)
        #expect(governor.share == 0)
    }

    @Test(arguments: [
        ("{ window: 59s }", "at least 1m"), ("{ window: 25h }", "at most 24h"), ("{ multiple: 1 }", "above 1"),
        ("{ floor: 1 }", "below 1"), ("{ at_least: 0 }", "from 1"), ("{ fallback: none }", "last_good_rules"),
        ("{ windows: 1m }", "did you mean window?"),
    ])
    func `a mistake in its settings is told`(text: String, message: String) throws {
        let error = configurationError { () throws(ConfigurationError) in
            _ = try Policy(yaml: defaultPolicy + "\ngovernor: \(text)\n", file: "p")
        }
        #expect(try #require(error).message.contains(message))
        #expect(try settings("{}").atLeast == 200 && settings("{ window: 24h, floor: 0 }").floor == 0)
    }

    // MARK: In the core

    private static let policy =
        defaultPolicy + "\ngovernor: { window: 10m, multiple: 2, floor: 0.02, at_least: 10 }\n"

    private func plan(_ rules: String) throws -> ScoringPlan { try makePlan(rules: "\n" + rules, policy: Self.policy) }

    private func submit(_ run: inout Run, _ numbers: Range<Int>, amount: Int) throws -> [Verdict] {
        try numbers.map { number in
            let time = Timestamp.text(nanoseconds: midnight + Int64(number) * 10 * second)
            try run.submit(
                RequestText.minimal.setting("transaction_id", "\"t\(number)\"").setting("amount", "\(amount)")
                    .setting("event_time", "\"\(time)\"").text)
            return run.decision.verdict
        }
    }

    private static let good = "  - { id: high, when: amount > 1000, action: decline }\n"
    private static let bad = "  - { id: high, when: amount > 10, action: decline }\n"

    private func replace(_ run: inout Run, by plan: ScoringPlan) throws {
        _ = try run.sequencer.replacePlan(
            plan, model: .none, costs: LadderCosts(rulesNanoseconds: 1, modelNanoseconds: 1), at: midnight
        ) { _, _ in nil }
    }

    @Test func `a reload that declines everybody is undone until the next reload`() throws {
        var run = try Run(plan(Self.good))
        #expect(try submit(&run, 0..<200, amount: 100).allSatisfy { $0 == .approve })
        let digest = run.sequencer.core.plan.digests
        try replace(&run, by: plan(Self.bad))
        let verdicts = try submit(&run, 200..<300, amount: 100)
        let declined = verdicts.count { $0 == .decline }
        #expect((1...10).contains(declined) && verdicts.suffix(100 - declined).allSatisfy { $0 == .approve })
        #expect(run.sequencer.core.isGovernorEngaged && run.sequencer.core.plan.digests == digest)
        #expect(member(run.answer.utf8, "governor") == "engaged")
        // The record of the change stands behind the payment that was one too many.
        let configs = run.lines.filter { member($0, "kind") == "config" }
        #expect(configs.count == 1 && member(configs[0], "config", "governor") == "engaged")
        #expect(member(configs[0], "config", "rules") == digest.rules.hexadecimal)
        #expect(member(run.lines[run.lines.count - 1], "digests", "governor") == "engaged")
        try replace(&run, by: plan(Self.good))
        #expect(try submit(&run, 300..<301, amount: 5_000) == [.decline] && !run.sequencer.core.isGovernorEngaged)
        #expect(!run.answer.contains("governor"))
    }

    @Test func `without an earlier plan the score alone decides`() throws {
        let points = "  - { id: points, when: amount == 77, points: 950 }\n"
        var run = try Run(plan(Self.good + points))
        _ = try submit(&run, 0..<200, amount: 100)
        let verdicts = try submit(&run, 200..<300, amount: 2_000)
        #expect(verdicts.last == .approve && run.decision.firedRules.count == 1)
        #expect(run.sequencer.core.isGovernorEngaged)
        #expect(try submit(&run, 300..<301, amount: 77) == [.decline])
    }

    @Test func `equal payments trip it at equal places`() throws {
        func trip() throws -> [[UInt8]] {
            var run = try Run(plan(Self.good))
            _ = try submit(&run, 0..<150, amount: 100)
            _ = try submit(&run, 150..<200, amount: 2_000)
            return run.lines
        }
        #expect(try trip() == trip())
    }

    @Test func `its counts are equal live, from a state and from the log, over a reload and an engagement`() throws {
        let good = try plan(Self.good)
        var run = try Run(good)
        var early: (state: CoreState, configuration: [UInt8], lines: Int)?
        func expectEqual(_ place: String) throws {
            let words = run.sequencer.core.governor?.words
            var replayed = try Run(good)
            try replayed.restore(run.lines)
            #expect(replayed.sequencer.core.governor?.words == words, "\(place), from the log")
            #expect(replayed.sequencer.state.digest == run.sequencer.state.digest, "\(place), from the log")
            guard let early else { return }
            var other = try Run(good)
            other.sequencer.state = early.state
            other.sequencer.resume(under: early.configuration)
            try other.restore(run.lines.dropFirst(early.lines))
            #expect(other.sequencer.core.governor?.words == words, "\(place), from a state")
        }
        func keep() {
            early = (run.sequencer.state, run.sequencer.configurationDigests.json, run.lines.count)
        }
        _ = try submit(&run, 0..<200, amount: 100)
        try expectEqual("before any reload")
        keep()
        try run.replacePlan(plan(Self.bad), at: midnight)
        try expectEqual("behind a reload")
        _ = try submit(&run, 200..<240, amount: 100)
        #expect(run.sequencer.core.isGovernorEngaged)
        try expectEqual("while it is engaged")
        keep()
        _ = try submit(&run, 240..<260, amount: 100)
        try expectEqual("still engaged")
        try run.replacePlan(good, at: midnight)
        _ = try submit(&run, 260..<290, amount: 100)
        #expect(run.sequencer.core.governor?.share == 0)
        try expectEqual("released")
    }

    @Test func `a restart under other rules does not hold the declines of those before against them`() throws {
        var run = try Run(plan(Self.good))
        _ = try submit(&run, 0..<200, amount: 100)
        _ = try submit(&run, 200..<201, amount: 2_000)
        var other = try Run(plan(Self.bad))
        try other.restore(run.lines)
        #expect(other.sequencer.core.governor == run.sequencer.core.governor)
        _ = other.sequencer.begin(kept: nil, at: midnight) { _, _ in nil }
        #expect(other.sequencer.core.governor?.share == nil && other.sequencer.core.governor?.usualShare == 0)
    }

    @Test func `what a start says was counted is counted again under its policy, and under no other`() throws {
        var run = try Run(plan(Self.good))
        _ = try submit(&run, 0..<200, amount: 100)
        _ = try submit(&run, 200..<205, amount: 2_000)
        // As a process that was stopped and started with other rules.
        var second = try Run(plan(Self.bad))
        try second.restore(run.lines)
        second.begin(at: midnight)
        _ = try submit(&second, 205..<208, amount: 2)
        let words = second.sequencer.core.governor?.words
        for rules in [Self.bad, Self.good] {
            var third = try Run(plan(rules))
            try third.restore(second.lines)
            #expect(third.sequencer.core.governor?.words == words)
        }
        var other = try Run(
            makePlan(rules: "\n" + Self.good, policy: defaultPolicy + "\ngovernor: { window: 1h, multiple: 2 }\n"))
        try other.restore(second.lines)
        #expect(other.sequencer.core.governor?.words != words && other.sequencer.core.governor?.share == 0)
    }

    @Test func `a restart with the same configuration stays governed, and one with another does not`() throws {
        let plan = try plan(Self.good)
        var run = try Run(plan)
        _ = try submit(&run, 0..<200, amount: 100)
        _ = try submit(&run, 200..<250, amount: 2_000)
        let record = run.sequencer.configurationDigests.json
        #expect(RecordDigests(plan: plan, model: .none).areSuspended(in: record))
        #expect(!RecordDigests(plan: try self.plan(Self.bad), model: .none).areSuspended(in: record))
        #expect(!RecordDigests(plan: plan, model: .none).areSuspended(in: RecordDigests(plan: plan, model: .none).json))
        var again = try Run(plan)
        again.sequencer.resumeGovernor(at: midnight)
        #expect(try submit(&again, 0..<1, amount: 2_000) == [.approve] && again.sequencer.core.isGovernorEngaged)
        #expect(again.sequencer.configurationDigests.json == record)
    }
}
