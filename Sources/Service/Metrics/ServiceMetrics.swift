// What the service counts of its work. One value a loop behind one lock that only its loop and a scrape take; a scrape
// adds the parts up.

import Scoring
import Synchronization

/// What is counted of one decision: small enough to be carried out of the sequencer's lock.
struct DecisionFacts: Sendable {
    var verdict = Verdict.approve
    var source = DecisionSource.model
    var degradedReason: DegradedReason?
    var failedRules = 0
    var missingRules = 0
    var failedFeatures = 0
    var hasPartialHistory = false

    init() {}

    init(_ decision: borrowing Decision) {
        verdict = decision.verdict
        source = decision.source
        degradedReason = decision.degradedReason
        failedRules = decision.failedRules
        missingRules = decision.missingRules
        failedFeatures = decision.failedFeatures
        hasPartialHistory = decision.hasPartialHistory
    }
}

struct DecisionCounts: Sendable {
    private var byVerdict = [UInt64](repeating: 0, count: Verdict.allCases.count)
    private var bySource = [UInt64](repeating: 0, count: DecisionSource.allCases.count)
    private var degraded = [UInt64](repeating: 0, count: DegradedReason.allCases.count)
    private(set) var decided: UInt64 = 0
    var repeated: UInt64 = 0
    var conflicts: UInt64 = 0
    var shed: UInt64 = 0
    var invalid: UInt64 = 0
    var malformed: UInt64 = 0
    var unrecorded: UInt64 = 0
    var overBudget: UInt64 = 0
    var failedRules: UInt64 = 0
    var missingRules: UInt64 = 0
    var failedFeatures: UInt64 = 0
    var partialHistories: UInt64 = 0
    var invalidFeedback: UInt64 = 0
    var labels: UInt64 = 0
    var outcomes: UInt64 = 0
    var total = LatencyCounts()

    mutating func record(_ facts: DecisionFacts, totalMicroseconds: Int64, budgetMicroseconds: Int64) {
        decided += 1
        byVerdict[facts.verdict.ordinal] += 1
        bySource[facts.source.ordinal] += 1
        if let reason = facts.degradedReason { degraded[reason.ordinal] += 1 }
        failedRules += UInt64(facts.failedRules)
        missingRules += UInt64(facts.missingRules)
        failedFeatures += UInt64(facts.failedFeatures)
        if facts.hasPartialHistory { partialHistories += 1 }
        if totalMicroseconds > budgetMicroseconds { overBudget += 1 }
        total.record(microseconds: totalMicroseconds)
    }

    mutating func refused(_ problem: PaymentProblem) {
        switch problem {
        case .malformed: malformed += 1
        case .invalid: invalid += 1
        }
    }

    static func += (sum: inout DecisionCounts, part: DecisionCounts) {
        for i in sum.byVerdict.indices { sum.byVerdict[i] += part.byVerdict[i] }
        for i in sum.bySource.indices { sum.bySource[i] += part.bySource[i] }
        for i in sum.degraded.indices { sum.degraded[i] += part.degraded[i] }
        sum.decided += part.decided
        for count in counters { sum[keyPath: count.path] += part[keyPath: count.path] }
        sum.total += part.total
    }

    struct Counter: Sendable {
        let path: WritableKeyPath<DecisionCounts, UInt64> & Sendable
        let name: String
        let help: String
    }

    static let counters: [Counter] = [
        Counter(
            path: \.repeated, name: "repeated_total", help: "Submissions answered again with their stored decision."),
        Counter(
            path: \.conflicts, name: "conflicts_total", help: "Submissions under a transaction id of another body."),
        Counter(path: \.shed, name: "shed_total", help: "Requests refused because payments waited too long."),
        Counter(path: \.invalid, name: "invalid_total", help: "Payments refused because a field was wrong."),
        Counter(path: \.malformed, name: "malformed_total", help: "Bodies that were no JSON."),
        Counter(path: \.unrecorded, name: "unrecorded_total", help: "Decisions answered without a record on disk."),
        Counter(path: \.overBudget, name: "over_budget_total", help: "Decisions that took longer than their budget."),
        Counter(path: \.failedRules, name: "rule_errors_total", help: "Rules whose condition ended in an error."),
        Counter(path: \.missingRules, name: "rule_missing_total", help: "Rules whose condition lacked a value."),
        Counter(path: \.failedFeatures, name: "feature_errors_total", help: "Features that ended in an error."),
        Counter(
            path: \.partialHistories, name: "partial_histories_total",
            help: "Payments with a history that reached events no longer kept: approximate, or over the others."),
        Counter(
            path: \.invalidFeedback, name: "feedback_invalid_total",
            help: "Labels and outcomes (or arrays of them) refused because a field was wrong."),
        Counter(path: \.labels, name: "labels_total", help: "Labels taken in."),
        Counter(path: \.outcomes, name: "outcomes_total", help: "Outcomes taken in."),
    ]

    func write(to text: inout String) {
        PrometheusText.header("shroff_decisions_total", "counter", "Payments decided, by decision.", &text)
        for (i, verdict) in Verdict.allCases.enumerated() {
            text += "shroff_decisions_total{decision=\"\(verdict.rawValue)\"} \(byVerdict[i])\n"
        }
        PrometheusText.header("shroff_decision_source_total", "counter", "Payments decided, by rung.", &text)
        for (i, source) in DecisionSource.allCases.enumerated() {
            text += "shroff_decision_source_total{source=\"\(source.rawValue)\"} \(bySource[i])\n"
        }
        PrometheusText.header("shroff_degraded_total", "counter", "Decisions without the model, by reason.", &text)
        for (i, reason) in DegradedReason.allCases.enumerated() {
            text += "shroff_degraded_total{reason=\"\(reason.rawValue)\"} \(degraded[i])\n"
        }
        for counter in Self.counters {
            PrometheusText.header("shroff_\(counter.name)", "counter", counter.help, &text)
            text += "shroff_\(counter.name) \(self[keyPath: counter.path])\n"
        }
        PrometheusText.header(
            "shroff_decision_seconds", "histogram", "From a payment's first byte to its decision.", &text)
        total.write("shroff_decision_seconds", to: &text)
    }
}

/// The counts of one loop (or of the background work).
final class LoopMetrics: Sendable {
    private let counts = Mutex(DecisionCounts())

    func update(_ body: (inout DecisionCounts) -> Void) { counts.withLock { body(&$0) } }

    var current: DecisionCounts { counts.withLock { $0 } }
}

/// All loops' counts.
final class ServiceMetrics: Sendable {
    private let parts = Mutex<[LoopMetrics]>([])

    func makePart() -> LoopMetrics {
        let part = LoopMetrics()
        parts.withLock { $0.append(part) }
        return part
    }

    var sum: DecisionCounts {
        parts.withLock { parts in
            var sum = DecisionCounts()
            for part in parts { sum += part.current }
            return sum
        }
    }
}

enum PrometheusText {
    static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

    static func header(_ name: String, _ type: String, _ help: String, _ text: inout String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    static func gauge(_ name: String, _ help: String, _ value: String, _ text: inout String) {
        header(name, "gauge", help, &text)
        text += "\(name) \(value)\n"
    }

    static func counter(_ name: String, _ help: String, _ value: UInt64, _ text: inout String) {
        header(name, "counter", help, &text)
        text += "\(name) \(value)\n"
    }
}

// The place of a case among its type's cases. `allCases` would be made anew at each decision; a test holds these
// against it.

extension Verdict {
    var ordinal: Int {
        switch self {
        case .approve: 0
        case .review: 1
        case .challenge: 2
        case .decline: 3
        }
    }
}

extension DecisionSource {
    var ordinal: Int {
        switch self {
        case .model: 0
        case .truncated: 1
        case .rules: 2
        case .fallback: 3
        }
    }
}

extension DegradedReason {
    var ordinal: Int {
        switch self {
        case .noModel: 0
        case .modelRefused: 1
        case .modelFailed: 2
        case .budgetShort: 3
        }
    }
}
