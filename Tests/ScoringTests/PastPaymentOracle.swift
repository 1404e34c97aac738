// Histories by brute force, written from what they mean and from nothing else: every payment so far is looked at anew
// for every question. What is known of a payment is a list of what was told and when; conditions are evaluated here.
import Glibc

@testable import Scoring

/// A payment as the oracle remembers it.
struct PastFacts {
    var time: Int64  // microseconds
    var amount: Int64
    var keys: [String: String]
    var channel: String?
    var timeOnPage: Int64?
    /// f0, f1 and f2 as they were recorded; nil is missing.
    var features: [Double?] = []
    var verdict = Verdict.approve
    var score = 0
    /// In the order in which they were told.
    var labels: [(fraud: Bool, knownAt: Int64)] = []
    var outcomes: [(status: String, knownAt: Int64)] = []
    /// Entities to which it came too late to be added.
    var isRefusedBy: Set<String> = []
}

indirect enum ConditionSpec {
    case amountAbove(Int64)
    case channel(String)
    case decision(Verdict)
    case scoreAtLeast(Int)
    case outcome(String)
    case hasOutcome
    case label(fraud: Bool)
    case isNotFraud
    case hasLabel
    case ratioAbove(Double)  // feature.f1
    case flag  // feature.f2
    case both(ConditionSpec, ConditionSpec)
    case either(ConditionSpec, ConditionSpec)
    case not(ConditionSpec)

    var text: String {
        switch self {
        case .amountAbove(let amount): "amount > \(amount)"
        case .channel(let channel): "channel == \"\(channel)\""
        case .decision(let verdict): "decision == \"\(verdict.rawValue)\""
        case .scoreAtLeast(let score): "score >= \(score)"
        case .outcome(let status): "outcome == \"\(status)\""
        case .hasOutcome: "has(outcome)"
        case .label(let fraud): "label == \"\(fraud ? "fraud" : "legitimate")\""
        case .isNotFraud: "label != \"fraud\""
        case .hasLabel: "has(label)"
        case .ratioAbove(let ratio): "feature.f1 > \(ratio)"
        case .flag: "feature.f2"
        case .both(let a, let b): "(\(a.text)) && (\(b.text))"
        case .either(let a, let b): "(\(a.text)) || (\(b.text))"
        case .not(let a): "!(\(a.text))"
        }
    }

    var isKnowledge: Bool {
        switch self {
        case .outcome, .hasOutcome, .label, .isNotFraud, .hasLabel: true
        case .both(let a, let b), .either(let a, let b): a.isKnowledge || b.isKnowledge
        case .not(let a): a.isKnowledge
        default: false
        }
    }

    /// Whether it says something of the payment that asks.
    var isFixed: Bool {
        switch self {
        case .amountAbove, .channel: true
        case .both(let a, let b), .either(let a, let b): a.isFixed && b.isFixed
        case .not(let a): a.isFixed
        default: false
        }
    }

    /// nil where it has no value.
    func holds(_ p: PastFacts, _ label: String?, _ outcome: String?) -> Bool? {
        switch self {
        case .amountAbove(let amount): return p.amount > amount
        case .channel(let channel): return p.channel.map { $0 == channel }
        case .decision(let verdict): return p.verdict == verdict
        case .scoreAtLeast(let score): return p.score >= score
        case .outcome(let status): return outcome.map { $0 == status }
        case .hasOutcome: return outcome != nil
        case .label(let fraud): return label.map { $0 == (fraud ? "fraud" : "legitimate") }
        case .isNotFraud: return label.map { $0 != "fraud" }
        case .hasLabel: return label != nil
        case .ratioAbove(let ratio): return p.features[1].map { $0 > ratio }
        case .flag: return p.features[2].map { $0 == 1 }
        case .both(let a, let b):
            let (x, y) = (a.holds(p, label, outcome), b.holds(p, label, outcome))
            if x == false || y == false { return false }
            return x == nil || y == nil ? nil : true
        case .either(let a, let b):
            let (x, y) = (a.holds(p, label, outcome), b.holds(p, label, outcome))
            if x == true || y == true { return true }
            return x == nil || y == nil ? nil : false
        case .not(let a): return a.holds(p, label, outcome).map { !$0 }
        }
    }
}

enum MeasureSpec: CaseIterable {
    case amount, doubled, major, page, score, smallFeature, ratioFeature

    var text: String {
        switch self {
        case .amount: "amount"
        case .doubled: "amount * 2 - 700"
        case .major: "major_units(amount, currency)"
        case .page: "device.time_on_page_ms"
        case .score: "score"
        case .smallFeature: "feature.f0"
        case .ratioFeature: "feature.f1"
        }
    }

    var isFixed: Bool {
        switch self {
        case .amount, .doubled, .major, .page: true
        case .score, .smallFeature, .ratioFeature: false
        }
    }

    func value(_ p: PastFacts) -> Double? {
        switch self {
        case .amount: Double(p.amount)
        case .doubled: Double(p.amount * 2 - 700)
        case .major: Double(p.amount) / 100
        case .page: p.timeOnPage.map { Double($0) }
        case .score: Double(p.score)
        case .smallFeature: p.features[0]
        case .ratioFeature: p.features[1]
        }
    }
}

struct HistorySpec {
    enum Function: String, CaseIterable {
        case count, sum, mean, min, max, stddev, distinct
        case sinceFirst = "since_first"
        case sinceLast = "since_last"
        case firstSeen = "first_seen"
        case fraudCount = "fraud_count"
        case fraudRate = "fraud_rate"
        case streak
        case streakAge = "streak_age"
        case streakGap = "streak_gap"
        case ewmCount = "ewm_count"
        case ewmSum = "ewm_sum"
        case ewmMean = "ewm_mean"
    }

    var function: Function
    var entity: String
    var measure = MeasureSpec.amount
    var column = "merchant"
    /// Window or half-life, in seconds.
    var window: Int64 = 3_600
    var condition: ConditionSpec?
    var among: ConditionSpec?
    var isBefore = false

    static let fieldOfColumn = ["merchant": "merchant.id", "card": "card", "channel": "channel"]

    var text: String {
        var arguments = [entity]
        switch function {
        case .sum, .mean, .min, .max, .stddev, .ewmSum, .ewmMean: arguments += [measure.text, "\"\(window)s\""]
        case .distinct, .firstSeen: arguments += [Self.fieldOfColumn[column] ?? "", "\"\(window)s\""]
        case .count, .fraudCount, .fraudRate, .ewmCount: arguments += ["\"\(window)s\""]
        case .sinceFirst, .sinceLast, .streak, .streakAge, .streakGap: break
        }
        if let condition { arguments.append(condition.text) }
        if let among { arguments.append(among.text) }
        let call = "\(function.rawValue)(\(arguments.joined(separator: ", ")))"
        return isBefore ? "before(\(call))" : call
    }

    /// Whether the payment that asks counts.
    var countsItself: Bool {
        guard !isBefore, condition?.isFixed ?? true else { return false }
        switch function {
        case .sum, .mean, .min, .max, .stddev, .ewmSum, .ewmMean: return measure.isFixed
        case .count, .distinct, .sinceFirst, .ewmCount: return true
        default: return false
        }
    }
}

struct HistoryOracle {
    static let parents = ["terminal": "merchant", "merchant": "world"]
    static let strength = ["terminal": 20.0, "merchant": 5.0, "world": 100.0]
    static let prior = 0.01

    let assumeLegitimateAfter: Int64?
    var past: [PastFacts] = []

    func label(of p: PastFacts, at time: Int64) -> String? {
        var latest: (fraud: Bool, knownAt: Int64)?
        for told in p.labels where told.knownAt <= time && told.knownAt >= latest?.knownAt ?? .min { latest = told }
        if let latest { return latest.fraud ? "fraud" : "legitimate" }
        if let age = assumeLegitimateAfter, p.time + age <= time { return "legitimate" }
        return nil
    }

    func outcome(of p: PastFacts, at time: Int64) -> String? {
        var latest: (status: String, knownAt: Int64)?
        for told in p.outcomes where told.knownAt <= time && told.knownAt >= latest?.knownAt ?? .min { latest = told }
        return latest?.status
    }

    private func holds(_ condition: ConditionSpec?, _ p: PastFacts, at time: Int64) -> Bool? {
        guard let condition else { return true }
        return condition.holds(p, label(of: p, at: time), outcome(of: p, at: time))
    }

    /// The entity's payments up to the time of the one that asks, in order of event time.
    private func all(_ asking: PastFacts, _ entity: String) -> [PastFacts]? {
        guard let key = asking.keys[entity] else { return nil }
        let rows = past.filter {
            $0.keys[entity] == key && !$0.isRefusedBy.contains(entity) && $0.time <= asking.time
        }
        return rows.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
    }

    /// What a feature over the history is; nil is missing.
    func value(_ spec: HistorySpec, _ asking: PastFacts) -> Double? {
        guard var rows = all(asking, spec.entity) else { return nil }
        let t = asking.time
        switch spec.function {
        case .streak, .streakAge, .streakGap: return streak(spec, rows, at: t)
        case .fraudRate: return rate(spec, asking)
        case .sinceLast:
            return rows.last { holds(spec.condition, $0, at: t) == true }.map { Double(t - $0.time) / 1e6 }
        case .firstSeen: return firstSeen(spec, rows, asking)
        default: break
        }
        if spec.countsItself { rows.append(asking) }
        rows = rows.filter { holds(spec.condition, $0, at: t) == true }
        if spec.function == .fraudCount { rows = rows.filter { label(of: $0, at: t) == "fraud" } }
        switch spec.function {
        case .sinceFirst: return rows.first.map { Double(t - $0.time) / 1e6 }
        case .ewmCount, .ewmSum, .ewmMean: return decayed(spec, rows, at: t)
        default: break
        }
        rows = rows.filter { $0.time > t - spec.window * 1_000_000 }
        let values = rows.compactMap(spec.measure.value)
        switch spec.function {
        case .count, .fraudCount: return Double(rows.count)
        case .sum: return values.reduce(0, +)
        case .mean: return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        case .min: return values.min()
        case .max: return values.max()
        case .stddev:
            guard values.count > 1 else { return nil }
            let mean = values.reduce(0, +) / Double(values.count)
            return sqrt(values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
        default: return Double(Set(rows.compactMap { column(spec, $0) }).count)
        }
    }

    private func column(_ spec: HistorySpec, _ p: PastFacts) -> String? {
        spec.column == "channel" ? p.channel : p.keys[spec.column]
    }

    private func firstSeen(_ spec: HistorySpec, _ rows: [PastFacts], _ asking: PastFacts) -> Double? {
        guard let value = column(spec, asking) else { return nil }
        let isSeen = rows.contains {
            $0.time > asking.time - spec.window * 1_000_000 && column(spec, $0) == value
                && holds(spec.condition, $0, at: asking.time) == true
        }
        return isSeen ? 0 : 1
    }

    private func streak(_ spec: HistorySpec, _ rows: [PastFacts], at t: Int64) -> Double? {
        var length = 0
        var earliest: Int64 = 0
        var gap: Int64?
        for p in rows.reversed() {
            if spec.among != nil, holds(spec.among, p, at: t) != true { continue }
            guard let meets = holds(spec.condition, p, at: t) else { continue }
            guard meets else {
                gap = t - p.time
                break
            }
            length += 1
            earliest = p.time
        }
        switch spec.function {
        case .streak: return Double(length)
        case .streakAge: return length == 0 ? nil : Double(t - earliest) / 1e6
        default: return length == 0 ? nil : gap.map { Double($0) / 1e6 }
        }
    }

    private func decayed(_ spec: HistorySpec, _ rows: [PastFacts], at t: Int64) -> Double? {
        var (weights, sum) = (0.0, 0.0)
        for p in rows {
            let weight = exp2(-Double(t - p.time) / Double(spec.window * 1_000_000))
            guard spec.function != .ewmCount else {
                weights += weight
                continue
            }
            guard let value = spec.measure.value(p) else { continue }
            weights += weight
            sum += weight * value
        }
        switch spec.function {
        case .ewmCount: return weights
        case .ewmSum: return sum
        default: return weights == 0 ? nil : sum / weights
        }
    }

    private func rate(_ spec: HistorySpec, _ asking: PastFacts) -> Double? {
        rate(spec, asking, spec.entity)
    }

    private func rate(_ spec: HistorySpec, _ asking: PastFacts, _ entity: String) -> Double? {
        let towards: Double?
        if let parent = Self.parents[entity] {
            var next: String? = parent
            while let candidate = next, asking.keys[candidate] == nil { next = Self.parents[candidate] }
            towards = next.flatMap { rate(spec, asking, $0) }
        } else {
            towards = entity == "world" ? Self.prior : nil
        }
        guard let rows = all(asking, entity) else { return nil }
        let counted = rows.filter {
            $0.time > asking.time - spec.window * 1_000_000 && holds(spec.condition, $0, at: asking.time) == true
        }
        let frauds = Double(counted.count { label(of: $0, at: asking.time) == "fraud" })
        let count = Double(counted.count)
        if let towards, let strength = Self.strength[entity] {
            return (frauds + strength * towards) / (count + strength)
        }
        return count == 0 ? nil : frauds / count
    }
}
