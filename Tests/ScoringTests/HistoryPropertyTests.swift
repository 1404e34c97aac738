// Random plans over random payments, labels and outcomes, through the whole core, with a restart from the log in the
// middle: every history equals a search over all payments. More by SHROFF_PROPERTY_PAYMENTS.
import Aggregates
import Glibc
import Testing

@testable import Scoring

private let day: Int64 = 86_400_000_000

/// One world of cards and merchants and what is asked of it, all from one seed.
private struct PropertyRun {
    static let lateness: Int64 = 3_600_000_000
    static let rules = """

          - { id: high, when: 'amount > 1500', action: decline }
          - { id: some, when: 'amount > 1200', action: challenge, points: 300 }
          - { id: small, when: 'feature.f0 == 3', action: review, points: 150 }
          - { id: page, when: 'device.time_on_page_ms < 2000', points: 500 }
        """
    static let entities = """
        entities:
          card: card.fingerprint
          merchant: { field: merchant.id, parent: world, strength: 5 }
          terminal: { field: merchant.terminal_id, parent: merchant, strength: 20 }
          world: { constant: true, prior: 0.01, strength: 100 }
        """

    let seed: UInt64
    var rng: SplitMix64
    var specs: [HistorySpec] = []
    var oracle: HistoryOracle
    var run: Run
    var time: Int64 = midnight / 1_000
    var count = 0
    let assumeAfter: Int64?
    /// Told of payments that have not come yet.
    var early: [Int: [(fraud: Bool, knownAt: Int64)]] = [:]

    init(seed: UInt64) throws {
        self.seed = seed
        rng = SplitMix64(seed: seed)
        assumeAfter = Bool.random(using: &rng) ? Int64.random(in: 1...4, using: &rng) * day : nil
        oracle = HistoryOracle(assumeLegitimateAfter: assumeAfter)
        var rng = rng
        specs = (0..<18).map { Self.spec($0, using: &rng) }
        self.rng = rng
        run = try Run(Self.plan(specs, assumeAfter), limits: Self.limits)
    }

    static var limits: CoreLimits {
        CoreLimits(aggregates: AggregateLimits(allowedLatenessMicroseconds: lateness))
    }

    static func plan(_ specs: [HistorySpec], _ assumeAfter: Int64?) throws -> ScoringPlan {
        var features = [
            ("f0", "amount % 7"), ("f1", #"amount / before(mean(card, amount, "2d"))"#), ("f2", "amount > 700"),
        ]
        for (i, spec) in specs.enumerated() { features.append(("h\(i)", spec.text)) }
        let header = assumeAfter.map { "assume_legitimate_after: \($0 / day)d\n" } ?? ""
        return try makePlan(entities: header + entities, features: features, rules: rules)
    }

    static func condition(depth: Int, knows: Bool, using rng: inout SplitMix64) -> ConditionSpec {
        let choice = Int.random(in: 0..<(depth > 0 ? 14 : 11), using: &rng)
        switch choice {
        case 0: return .amountAbove(Int64.random(in: 1...1_800, using: &rng))
        case 1: return .channel(Bool.random(using: &rng) ? "web" : "shop")
        case 2: return .decision(Verdict.allCases.randomElement(using: &rng) ?? .approve)
        case 3: return .scoreAtLeast(Int.random(in: 0...700, using: &rng))
        case 4: return .ratioAbove(Double(Int.random(in: 0...30, using: &rng)) / 10)
        case 5: return .flag
        case 6 where knows: return .outcome(OutcomeStatus.allCases.randomElement(using: &rng)?.rawValue ?? "voided")
        case 7 where knows: return .hasOutcome
        case 8 where knows: return .label(fraud: Bool.random(using: &rng))
        case 9 where knows: return .isNotFraud
        case 10 where knows: return .hasLabel
        case 11, 12:
            let first = condition(depth: depth - 1, knows: knows, using: &rng)
            let second = condition(depth: depth - 1, knows: knows, using: &rng)
            return choice == 11 ? .both(first, second) : .either(first, second)
        case 13: return .not(condition(depth: depth - 1, knows: knows, using: &rng))
        default: return .amountAbove(Int64.random(in: 1...1_800, using: &rng))
        }
    }

    /// Each function once, and with it whatever it may be asked.
    static func spec(_ number: Int, using rng: inout SplitMix64) -> HistorySpec {
        let function = HistorySpec.Function.allCases[number % HistorySpec.Function.allCases.count]
        var spec = HistorySpec(
            function: function, entity: ["card", "merchant", "terminal", "world"].randomElement(using: &rng) ?? "card")
        spec.measure = MeasureSpec.allCases.randomElement(using: &rng) ?? .amount
        spec.column = ["merchant", "card", "channel"].randomElement(using: &rng) ?? "card"
        spec.window = [1, 60, 3_600, 43_200, 86_400, 259_200, 864_000].randomElement(using: &rng) ?? 1
        let isDecayed = [.ewmCount, .ewmSum, .ewmMean].contains(function)
        if isDecayed { spec.window = max(spec.window, 3_600) }
        let isStreak = [.streak, .streakAge, .streakGap].contains(function)
        if isStreak || Int.random(in: 0...2, using: &rng) > 0 {
            spec.condition = condition(depth: 2, knows: !isDecayed, using: &rng)
        }
        if isStreak, Bool.random(using: &rng) { spec.among = condition(depth: 1, knows: true, using: &rng) }
        spec.isBefore = function != .fraudRate && Int.random(in: 0...3, using: &rng) == 0
        return spec
    }

    // MARK: What happens

    mutating func step() throws {
        switch Int.random(in: 0...9, using: &rng) {
        case 0...5: try pay()
        case 6, 7: tellLabel()
        default: tellOutcome()
        }
    }

    private mutating func pay() throws {
        count += 1
        if Int.random(in: 0...4, using: &rng) > 0 { time += Int64.random(in: 0...(day / 4), using: &rng) }
        var own = time
        switch Int.random(in: 0...9, using: &rng) {
        case 0: own -= Int64.random(in: 0...Self.lateness, using: &rng)
        case 1: own -= Self.lateness + Int64.random(in: 1...day, using: &rng)
        default: break
        }
        var facts = PastFacts(time: own, amount: Int64.random(in: 0...2_000, using: &rng), keys: ["world": ""])
        var request = RequestText.minimal.setting("transaction_id", "\"t\(count)\"")
            .setting("event_time", "\"\(Timestamp.text(nanoseconds: own * 1_000))\"")
            .setting("amount", "\(facts.amount)").removing("card.fingerprint").setting("customer.id", "\"u\"")
        func set(_ path: String, _ name: String, _ choices: Int, canMiss: Bool) -> String? {
            if canMiss, Int.random(in: 0...5, using: &rng) == 0 { return nil }
            let text = "\(name)\(Int.random(in: 0..<choices, using: &rng))"
            request = request.setting(path, "\"\(text)\"")
            return text
        }
        facts.keys["card"] = set("card.fingerprint", "c", 3, canMiss: true)
        facts.keys["merchant"] = set("merchant.id", "m", 3, canMiss: false)
        facts.keys["terminal"] = set("merchant.terminal_id", "x", 4, canMiss: true)
        facts.channel = ["web", "shop", nil].randomElement(using: &rng) ?? nil
        if let channel = facts.channel { request = request.setting("channel", "\"\(channel)\"") }
        if Bool.random(using: &rng) {
            facts.timeOnPage = Int64.random(in: 0...9_000, using: &rng)
            request = request.setting("device.time_on_page_ms", "\(facts.timeOnPage ?? 0)")
        }
        try run.submit(request.text)
        compare(facts)
        let decision = run.decision
        facts.features = decision.features.prefix(3).map { $0.isNaN ? nil : $0 }
        facts.verdict = decision.verdict
        facts.score = decision.score
        facts.labels = early.removeValue(forKey: count) ?? []
        for (entity, key) in facts.keys {
            let newest = oracle.past.filter { $0.keys[entity] == key && !$0.isRefusedBy.contains(entity) }
                .map(\.time).max()
            if let newest, own < newest - Self.lateness { facts.isRefusedBy.insert(entity) }
        }
        oracle.past.append(facts)
    }

    private func isTooLate(_ facts: PastFacts) -> Bool {
        facts.keys.contains { entity, key in
            oracle.past.contains {
                $0.keys[entity] == key && !$0.isRefusedBy.contains(entity) && facts.time < $0.time - Self.lateness
            }
        }
    }

    private func compare(_ facts: PastFacts) {
        if run.decision.hasPartialHistory {
            // Only what is later than allowed may ask for more than is kept.
            #expect(isTooLate(facts), "seed \(seed), payment \(count)")
            return
        }
        // What the oracle makes of the payment that asks never needs its features: such histories leave it out.
        var facts = facts
        facts.features = [nil, nil, nil]
        for (i, spec) in specs.enumerated() {
            let found = run.decision.features[i + 3]
            let wanted = oracle.value(spec, facts) ?? .nan
            #expect(
                Self.agree(spec, found, wanted),
                "seed \(seed), payment \(count), \(spec.text): \(found), not \(wanted)")
        }
    }

    private static func agree(_ spec: HistorySpec, _ found: Double, _ wanted: Double) -> Bool {
        if found.isNaN || wanted.isNaN { return found.isNaN && wanted.isNaN }
        switch spec.function {
        case .count, .distinct, .firstSeen, .fraudCount, .streak, .min, .max: return found == wanted
        case .stddev, .ewmCount, .ewmSum, .ewmMean: return abs(found - wanted) <= 1e-9 * 40_000
        default: return abs(found - wanted) <= 1e-12 * max(1, abs(wanted))
        }
    }

    private mutating func tellLabel() {
        let isFraud = Bool.random(using: &rng)
        // Now and then of a payment that comes next; of none that never comes.
        let isEarly = Int.random(in: 0...9, using: &rng) == 0
        let number = isEarly || count == 0 ? count + 1 : Int.random(in: 1...count, using: &rng)
        let known = number > count ? early[number, default: []].count : oracle.past[number - 1].labels.count
        guard known < Aggregates.maximumRevisions else { return }
        let (labelledAt, receivedAt) = times()
        _ = run.take(
            .label,
            """
            {"transaction_id":"t\(number)","label":"\(isFraud ? "fraud" : "legitimate")","source":"chargeback",\
            "labelled_at":"\(Timestamp.text(nanoseconds: labelledAt * 1_000))"}
            """, at: receivedAt * 1_000)
        let told = (fraud: isFraud, knownAt: max(labelledAt, receivedAt))
        if number > count {
            early[number, default: []].append(told)
        } else {
            oracle.past[number - 1].labels.append(told)
        }
    }

    private mutating func tellOutcome() {
        guard count > 0 else { return }
        let number = Int.random(in: max(1, count - 5)...count, using: &rng)
        // More of them than an event keeps would be forgotten.
        guard oracle.past[number - 1].outcomes.count < Aggregates.maximumRevisions else { return }
        let status = OutcomeStatus.allCases.randomElement(using: &rng)?.rawValue ?? "voided"
        let (occurredAt, receivedAt) = times()
        _ = run.take(
            .outcome,
            """
            {"transaction_id":"t\(number)","status":"\(status)",\
            "occurred_at":"\(Timestamp.text(nanoseconds: occurredAt * 1_000))"}
            """, at: receivedAt * 1_000)
        oracle.past[number - 1].outcomes.append((status: status, knownAt: max(occurredAt, receivedAt)))
    }

    /// When it was true and when it was received: about now, before or after, or equal.
    private mutating func times() -> (Int64, Int64) {
        let received = time + Int64.random(in: -day...(day / 2), using: &rng)
        let isAtOnce = Int.random(in: 0...3, using: &rng) == 0
        let wasTrue = isAtOnce ? received : received + Int64.random(in: -day...day, using: &rng)
        return (wasTrue, received)
    }

    /// Begins anew from the log.
    mutating func restart() throws {
        let lines = run.lines
        var statistics = run.sequencer.core.statistics
        run = try Run(Self.plan(specs, assumeAfter), limits: Self.limits)
        try run.restore(lines)
        // Reads are not repeated: how many were partial is not known again.
        statistics = statistics.with(partialOf: run.sequencer.core.statistics)
        #expect(run.sequencer.core.statistics == statistics, "seed \(seed)")
    }
}

extension CoreStatistics {
    fileprivate func with(partialOf other: CoreStatistics) -> CoreStatistics {
        var aggregates = aggregates
        aggregates.partialObservations = other.aggregates.partialObservations
        return CoreStatistics(
            aggregates: aggregates, transactions: transactions,
            transactionsForgottenEarly: transactionsForgottenEarly, feedback: feedback)
    }
}

@Suite struct HistoryPropertyTests {
    private static let paymentsPerRun = 240
    private static var seeds: [UInt64] {
        let wanted = getenv("SHROFF_PROPERTY_PAYMENTS").flatMap { Int(String(cString: $0)) } ?? 1_440
        return (1...max(1, UInt64(wanted / paymentsPerRun))).map { $0 }
    }

    @Test(arguments: seeds)
    func `every history with every condition equals a search over all payments`(seed: UInt64) throws {
        var property = try PropertyRun(seed: seed)
        let restart = Int.random(in: 1..<Self.paymentsPerRun, using: &property.rng)
        var isRestarted = false
        while property.count < Self.paymentsPerRun {
            try property.step()
            if property.count == restart, !isRestarted {
                isRestarted = true
                try property.restart()
            }
        }
    }
}
