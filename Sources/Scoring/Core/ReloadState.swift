// What a core remembers of its plans: the one before the last reload, how often each rule of this one matched, and whether
// the governor has taken the word from the rules.

import Aggregates

/// Why a core does not take another plan.
public enum ReloadError: Error, Sendable, CustomStringConvertible {
    case model(BundleError)
    /// Histories that the plan keeps come from so many reloads that a restart must make one store of them.
    case tooManyAdditions(limit: Int)

    public var description: String {
        switch self {
        case .model(let error): error.description
        case .tooManyAdditions(let limit):
            """
            histories of the start and of reloads are kept in \(limit) stores already; restart the service, which builds \
            them in one from the log
            """
        }
    }
}

/// Histories that a core has given up, and the plan before the one that it left, with its lists. Letting go of them frees
/// all their memory, which takes a while.
public struct RetiredHistories: Sendable {
    let aggregates: [HistoryStore]
    var earlier: ReloadState.Earlier?
    /// Whether no history was given up.
    public var isEmpty: Bool { aggregates.isEmpty }
}

struct ReloadState: Sendable {
    struct Earlier: Sendable {
        let plan: ScoringPlan
        let model: ModelState
        let costs: LadderCosts
    }

    private(set) var earlier: Earlier?
    private(set) var governor: DeclineGovernor?
    /// By the rule's place in the plan.
    private(set) var ruleHits: [UInt64]
    /// By the rule's id, of the plans before this one.
    private(set) var earlierHits: [String: UInt64] = [:]
    private var rules: [String]
    /// What the governor has taken out of service.
    private(set) var suspended: RecordDigests?
    /// The last payment has engaged the governor, and the plan is the same still.
    private(set) var hasTripped = false
    /// While records are read back: those that come were written while the governor was engaged, which counts nothing then.
    private var wasEngaged = false
    /// Given up by a fall back, in the middle of a payment.
    var retired: [RetiredHistories] = []

    init(_ plan: ScoringPlan) {
        governor = plan.policy.governor.map { DeclineGovernor($0) }
        rules = plan.rules.map(\.definition.id)
        ruleHits = [UInt64](repeating: 0, count: rules.count)
    }

    mutating func count(_ decision: borrowing Decision, at time: Int64) {
        if governor?.count(isDeclined: decision.verdict == .decline, at: time) == true { hasTripped = true }
        for i in decision.firedRules.indices { ruleHits[decision.firedRules[i].rule] += 1 }
    }

    mutating func restore(isDeclined: Bool, at time: Int64) {
        guard !wasEngaged else { return }
        governor?.note(isDeclined: isDeclined, at: time)
    }

    mutating func restoreGovernor(_ words: [UInt64]) { governor?.restore(words) }

    /// Tells whether the records to come were written while the governor was engaged.
    mutating func resume(wasEngaged: Bool) { self.wasEngaged = wasEngaged }

    /// Does to the governor's counts what the start of another configuration does to them.
    mutating func beginConfiguration(isEngaged: Bool) {
        wasEngaged = isEngaged
        if !isEngaged { governor = governor.map { DeclineGovernor($0.settings, after: $0) } }
    }

    /// - Returns: The plan that a fall back would have gone to until now.
    mutating func replaced(_ earlier: Earlier, by plan: ScoringPlan) -> Earlier? {
        let before = self.earlier
        self.earlier = earlier
        suspended = nil
        hasTripped = false
        governor = plan.policy.governor.map { DeclineGovernor($0, after: governor) }
        takeRules(of: plan)
        return before
    }

    /// - Parameter suspended: What has declined too much.
    mutating func engage(suspended: RecordDigests) {
        self.suspended = suspended
        hasTripped = false
        if governor?.isEngaged == false { governor?.engage() }
        if let earlier { takeRules(of: earlier.plan) }
    }

    private mutating func takeRules(of plan: ScoringPlan) {
        for (id, hits) in zip(rules, ruleHits) { earlierHits[id, default: 0] += hits }
        rules = plan.rules.map(\.definition.id)
        ruleHits = [UInt64](repeating: 0, count: rules.count)
    }

    /// By id, of all plans since the start.
    var hits: [String: UInt64] {
        var hits = earlierHits
        for (id, count) in zip(rules, ruleHits) { hits[id, default: 0] += count }
        return hits
    }
}

extension Core {
    public var isGovernorEngaged: Bool { reload.governor?.isEngaged ?? false }
    public var governor: DeclineGovernor? { reload.governor }
    /// How often each rule matched since the start, by its id.
    public var ruleHits: [String: UInt64] { reload.hits }

    /// After a restart that found the governor engaged under this very configuration: rules have no word until somebody
    /// mends it.
    public mutating func resumeGovernor(at time: Int64) {
        guard reload.governor != nil else { return }
        fallBack(at: time)
    }

    /// Tells the governor of a payment that was decided before a restart: without it nothing would be usual.
    ///
    /// - Parameter now: When it was taken in then.
    mutating func restoreVerdict(isDeclined: Bool, of payment: borrowing Payment, at now: Int64) {
        reload.restore(isDeclined: isDeclined, at: min(payment.eventTimeNanoseconds, now))
    }

    /// What a fall back gave up, to be let go of where nobody waits.
    public mutating func takeRetired() -> [RetiredHistories] {
        let retired = reload.retired
        reload.retired = []
        return retired
    }
}

extension YoungHistory {
    func isAsked(by payment: borrowing Payment) -> Bool {
        if let field, !payment.has(field) { return false }
        return fullAtNanoseconds.map { payment.eventTimeNanoseconds < $0 } ?? true
    }
}
