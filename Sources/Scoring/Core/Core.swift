// The core: a deterministic state machine. Payments go in, one at a time, each with its time and its budget as
// arguments; decisions come out. No clock is read, nothing is drawn, nothing is written: equal inputs give equal
// states and equal decisions, bit for bit, on any machine.
//
//   submit ─▶ seen before? ─▶ histories (read, then add) ─▶ features ─▶ rules ─▶ model ─▶ policy ─▶ decision

import Aggregates
import Expressions
import Trees

/// Which model the core may ask, and what it says when it has none.
public enum ModelState: Sendable {
    case serving(ScoringModel)
    /// No model is configured.
    case none
    /// A model is configured and was refused.
    case refused
}

/// What became of a submission.
public enum SubmissionOutcome: Sendable, Equatable {
    /// A new payment: `Core.decision` holds what was decided.
    case decided
    /// The same payment again: the answer stands in the record there.
    case repeated(Submission)
    /// Another payment under a transaction id that is taken.
    case conflict(Submission)
}

public struct CoreLimits: Sendable, Equatable {
    public static let entities = 1...AggregateLimits.maximumEntities
    public static let eventsPerEntity = 1...AggregateLimits.maximumEventsPerEntity

    public var submissions: SubmissionLimits
    public var aggregates: AggregateLimits

    public init(submissions: SubmissionLimits = SubmissionLimits(), aggregates: AggregateLimits = AggregateLimits()) {
        self.submissions = submissions
        self.aggregates = aggregates
    }
}

public struct Core {
    public let plan: ScoringPlan
    public let model: ModelState
    public var costs: LadderCosts
    /// The last sequence number that was given.
    public private(set) var sequence: UInt64
    /// What was decided of the last payment.
    public private(set) var decision = Decision()

    private var aggregates: Aggregates
    private var submissions: SubmissionTable
    private var evaluator: Evaluator
    private var digestScratch: [UInt8] = []
    private var lastKey: UInt64 = 0

    /// - Throws: Where the model was not trained on the features of the plan.
    public init(
        plan: ScoringPlan, model: ModelState, costs: LadderCosts, limits: CoreLimits = CoreLimits(),
        sequence: UInt64 = 0
    ) throws(BundleError) {
        self.plan = plan
        self.model = model
        self.costs = costs
        self.sequence = sequence
        aggregates = Aggregates(plan: plan.historyPlan, limits: limits.aggregates)
        submissions = SubmissionTable(limits: limits.submissions)
        evaluator = try Evaluator(plan: plan, model: model)
    }

    /// Decides one payment, whose identifiers are pseudonyms already.
    ///
    /// - Parameters:
    ///   - now: When it was taken in, in nanoseconds since 1970: what the retention of transaction ids is measured by.
    ///   - remainingNanoseconds: What is left of its budget; `.max` where nobody waits.
    ///   - clock: Any clock, for `times` only.
    /// - Complexity: O(histories + features + rules + trees × depth), amortised; allocates only as the state grows.
    public mutating func submit(
        _ payment: borrowing Payment, at now: Int64, remainingNanoseconds: Int64, times: inout StageTimes,
        clock: () -> UInt64
    ) -> SubmissionOutcome {
        times.startNanoseconds = clock()
        let key = stableHash(payment.bytes(.transactionID))
        let digest = payment.digest(scratch: &digestScratch).prefix64
        if let earlier = submissions.find(key, at: now) {
            return earlier.bodyDigest == digest ? .repeated(earlier) : .conflict(earlier)
        }
        sequence += 1
        lastKey = key
        submissions.insert(
            key,
            Submission(sequence: sequence, reference: nil, bodyDigest: digest, acceptedAtNanoseconds: now))
        decision.sequence = sequence
        evaluator.observe(payment, &aggregates, &decision)
        evaluator.computeFeatures(&decision)
        times.featuresNanoseconds = clock()

        let rung = rung(remainingNanoseconds: remainingNanoseconds)
        evaluator.matchRules(&decision, isSkipped: rung.source == .fallback)
        times.rulesNanoseconds = clock()
        decision.source = rung.source
        decision.degradedReason = rung.reason
        evaluator.score(&decision, truncated: costs.truncated?.ensemble)
        times.modelNanoseconds = clock()
        return .decided
    }

    /// Tells where the record of the payment that was decided last was put.
    public mutating func recorded(at reference: RecordReference) {
        submissions.setReference(reference, for: lastKey)
    }

    /// Takes back in what an earlier run decided: the sequence, the transaction id and the histories move on as they
    /// did then; nothing is decided anew.
    public mutating func restore(
        _ payment: borrowing Payment, sequence: UInt64, at acceptedAt: Int64, reference: RecordReference
    ) {
        self.sequence = sequence
        let key = stableHash(payment.bytes(.transactionID))
        let digest = payment.digest(scratch: &digestScratch).prefix64
        submissions.insert(
            key,
            Submission(
                sequence: sequence, reference: reference, bodyDigest: digest, acceptedAtNanoseconds: acceptedAt))
        evaluator.observe(payment, &aggregates, &decision)
    }

    /// Gives the next sequence number to an input that is no payment: an outcome, a label, a configuration.
    public mutating func takeSequence() -> UInt64 {
        sequence += 1
        return sequence
    }

    /// Moves on to the sequence number of a record that is no payment.
    public mutating func restore(sequence: UInt64) { self.sequence = sequence }

    /// The remembered submission of a transaction.
    public func submission(of transactionID: Span<UInt8>, at now: Int64) -> Submission? {
        submissions.find(stableHash(transactionID), at: now)
    }

    /// Reasons for the payment that was decided last; empty where the policy does not ask for them.
    ///
    /// - Parameter remainingNanoseconds: What is left of its budget, from which the method is chosen.
    /// - Returns: How they were found; nil where they were not asked for, or nothing could be explained.
    public mutating func explainLast(
        into reasons: inout [Reason], remainingNanoseconds: Int64
    ) -> ExplanationMethod? {
        reasons.removeAll(keepingCapacity: true)
        guard plan.policy.explained.contains(decision.verdict) else { return nil }
        let method = explanationMethod(remainingNanoseconds: remainingNanoseconds)
        evaluator.explain(decision, by: method, into: &reasons)
        return method
    }

    private func explanationMethod(remainingNanoseconds: Int64) -> ExplanationMethod? {
        switch decision.source {
        case .fallback: return nil
        case .rules: return .points
        // Its time was too short for the whole model already.
        case .truncated: return .path
        case .model:
            guard plan.policy.explainsExactly, let needed = costs.explanationNanoseconds else { return .path }
            return remainingNanoseconds < needed + costs.rulesNanoseconds ? .path : .treeSHAP
        }
    }

    public var statistics: CoreStatistics {
        CoreStatistics(
            aggregates: aggregates.statistics, transactions: submissions.count,
            transactionsForgottenEarly: submissions.forgottenEarly)
    }

    private func rung(remainingNanoseconds: Int64) -> (source: DecisionSource, reason: DegradedReason?) {
        if remainingNanoseconds < costs.rulesNanoseconds { return (.fallback, .budgetShort) }
        switch model {
        case .none: return (.rules, .noModel)
        case .refused: return (.rules, .modelRefused)
        case .serving:
            let forModel = remainingNanoseconds - costs.rulesNanoseconds
            if forModel >= costs.modelNanoseconds { return (.model, nil) }
            guard let truncated = costs.truncated, forModel >= truncated.nanoseconds else {
                return (.rules, .budgetShort)
            }
            return (.truncated, .budgetShort)
        }
    }
}

public struct CoreStatistics: Sendable, Equatable {
    public let aggregates: AggregateStatistics
    public let transactions: Int
    public let transactionsForgottenEarly: Int
}
