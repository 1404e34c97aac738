// The core: a deterministic state machine. Payments go in, one at a time, each with its time and its budget as
// arguments; decisions come out. No clock is read, nothing is drawn, nothing is written: equal inputs give equal
// states and equal decisions, bit for bit, on any machine.
//
//   submit ─▶ seen before? ─▶ histories ─▶ features ─▶ rules ─▶ model ─▶ policy ─▶ decision ─▶ added to histories
//   learn  ─▶ which payment? ─▶ its histories know its label or outcome from then on

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
    public var feedback: FeedbackLimits

    public init(
        submissions: SubmissionLimits = SubmissionLimits(), aggregates: AggregateLimits = AggregateLimits(),
        feedback: FeedbackLimits = FeedbackLimits()
    ) {
        self.submissions = submissions
        self.aggregates = aggregates
        self.feedback = feedback
    }
}

public struct Core {
    public private(set) var plan: ScoringPlan
    public private(set) var model: ModelState
    public let limits: CoreLimits
    public var costs: LadderCosts
    /// The last sequence number that was given.
    public private(set) var sequence: UInt64
    /// What was decided of the last payment.
    public private(set) var decision = Decision()

    private var aggregates: HistoryStores
    /// Payments that labels and outcomes can be about, and those told of payments that have not come.
    private var transactions: TransactionTable
    private var pending: PendingFeedback
    private var feedback = FeedbackStatistics()
    /// Kinds of entities that know labels and outcomes; where there are none, neither is kept.
    private var labelledEntities: [Int]
    var reload: ReloadState
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
        self.limits = limits
        self.costs = costs
        self.sequence = sequence
        aggregates = HistoryStores(plan: plan, limits: limits.aggregates)
        reload = ReloadState(plan)
        labelledEntities = plan.historyPlan.entities.indices.filter { plan.historyPlan.entities[$0].isLabelled }
        transactions = TransactionTable(limit: limits.feedback.maximumTransactions, keys: labelledEntities.count)
        pending = PendingFeedback(limits: limits.feedback)
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
        decide(payment, key, digest, at: now, remainingNanoseconds, as: nil, times: &times, clock: clock)
        return .decided
    }

    /// Decides again what a record says was decided, on the rung that it names; see `RecordedCourse`.
    ///
    /// - Parameter now: When it was taken in then.
    /// - Returns: The submission that it should have been a repetition of, where there is one.
    mutating func replay(_ payment: borrowing Payment, as course: RecordedCourse, at now: Int64) -> Submission? {
        let key = stableHash(payment.bytes(.transactionID))
        let digest = payment.digest(scratch: &digestScratch).prefix64
        let earlier = submissions.find(key, at: now)
        var times = StageTimes()
        evaluator.recordedAddressLists = course.addressLists
        decide(payment, key, digest, at: now, .max, as: course, times: &times, clock: { 0 })
        evaluator.recordedAddressLists = nil
        return earlier
    }

    private mutating func decide(
        _ payment: borrowing Payment, _ key: UInt64, _ digest: UInt64, at now: Int64, _ remainingNanoseconds: Int64,
        as course: RecordedCourse?, times: inout StageTimes, clock: () -> UInt64
    ) {
        sequence += 1
        lastKey = key
        submissions.insert(
            key,
            Submission(sequence: sequence, reference: nil, bodyDigest: digest, acceptedAtNanoseconds: now))
        decision.sequence = sequence
        evaluator.observe(payment, &aggregates, &decision)
        noteYoungHistories(payment)
        evaluator.computeFeatures(&decision)
        times.featuresNanoseconds = clock()

        let rung = course?.rung(model) ?? rung(remainingNanoseconds: remainingNanoseconds)
        evaluator.matchRules(&decision, payment, isSkipped: rung.source == .fallback)
        times.rulesNanoseconds = clock()
        decision.source = rung.source
        decision.degradedReason = rung.reason
        evaluator.score(&decision, truncated: course == nil ? costs.truncated?.ensemble : course?.ensemble(model))
        evaluator.remember(decision, &aggregates)
        remember(key, at: now)
        times.modelNanoseconds = clock()
        reload.count(decision, at: min(payment.eventTimeNanoseconds, now))
    }

    private mutating func noteYoungHistories(_ payment: borrowing Payment) {
        decision.youngHistories.removeAll(keepingCapacity: true)
        for i in aggregates.young.indices where aggregates.young[i].isAsked(by: payment) {
            decision.youngHistories.append(i)
        }
    }

    // MARK: Another plan

    /// Histories that reloads have added, until a restart.
    public var youngHistories: [YoungHistory] { aggregates.young }

    /// The histories that a plan would begin.
    public func additions(of plan: ScoringPlan) -> [String] { aggregates.additions(of: plan) }

    /// Decides by another plan from the next payment on. Histories that both have keep their state, new ones begin now.
    /// A governor that was engaged is released.
    ///
    /// - Parameter now: In nanoseconds since 1970: what the age of new histories is told by.
    /// - Returns: What was given up, to be let go of where nobody waits.
    /// - Throws: Where the model does not fit the plan, or too many reloads have added histories. Nothing has changed then.
    /// - Complexity: O(histories + features + rules + payments that labels can be about / 4,096), no matter how many
    ///   entities are kept.
    public mutating func replacePlan(
        _ plan: ScoringPlan, model: ModelState, costs: LadderCosts, at now: Int64
    ) throws(ReloadError) -> RetiredHistories {
        let earlier = ReloadState.Earlier(plan: self.plan, model: self.model, costs: self.costs)
        var retired = try swap(to: plan, model, costs, at: now)
        retired.earlier = reload.replaced(earlier, by: plan)
        return retired
    }

    private mutating func swap(
        to plan: ScoringPlan, _ model: ModelState, _ costs: LadderCosts, at now: Int64
    ) throws(ReloadError) -> RetiredHistories {
        guard aggregates.hasRoom(for: plan) else { throw .tooManyAdditions(limit: HistoryStores.maximumStores) }
        do throws(BundleError) {
            evaluator = try Evaluator(plan: plan, model: model)
        } catch {
            throw .model(error)
        }
        takeLabelledKinds(of: plan)
        self.plan = plan
        self.model = model
        self.costs = costs
        return RetiredHistories(aggregates: aggregates.adopt(plan, at: now))
    }

    /// Kinds that are labelled under both plans keep the keys of their payments; a kind that is new has no history yet
    /// that a label of an earlier payment could reach.
    private mutating func takeLabelledKinds(of plan: ScoringPlan) {
        let labelled = plan.historyPlan.entities.indices.filter { plan.historyPlan.entities[$0].isLabelled }
        let sources = labelled.map { kind in
            labelledEntities.firstIndex { self.plan.entities[$0] == plan.entities[kind] }
        }
        labelledEntities = labelled
        transactions.rearrange(sources)
    }

    /// Takes the rules out of it when the last payment was a decline too many; its decision must have been written
    /// before, because it speaks of the plan that is left here.
    ///
    /// - Returns: Whether it was.
    mutating func fallBackIfTripped(at time: Int64) -> Bool {
        guard reload.hasTripped else { return false }
        fallBack(at: time)
        return true
    }

    /// To the plan before the last reload; where there is none, to the score alone.
    mutating func fallBack(at time: Int64) {
        reload.engage(suspended: RecordDigests(plan: plan, model: model))
        guard let earlier = reload.earlier else { return evaluator.ignoresActions = true }
        do throws(ReloadError) {
            reload.retired.append(try swap(to: earlier.plan, earlier.model, earlier.costs, at: time))
        } catch {
            evaluator.ignoresActions = true
        }
    }

    /// Tells where the record of the payment that was decided last was put.
    public mutating func recorded(at reference: RecordReference) {
        submissions.setReference(reference, for: lastKey)
    }

    /// Takes back in what an earlier run decided: the sequence, the transaction id and the histories move on as they
    /// did then; nothing is decided anew.
    public mutating func restore(
        _ payment: borrowing Payment, _ recorded: RecordedDecision, sequence: UInt64, at acceptedAt: Int64,
        reference: RecordReference
    ) {
        self.sequence = sequence
        let key = stableHash(payment.bytes(.transactionID))
        let digest = payment.digest(scratch: &digestScratch).prefix64
        submissions.insert(
            key,
            Submission(
                sequence: sequence, reference: reference, bodyDigest: digest, acceptedAtNanoseconds: acceptedAt))
        evaluator.restore(payment, sequence: sequence, recorded, &aggregates)
        remember(key, at: acceptedAt)
    }

    /// Takes in what has become known of a payment: its histories see it from the later of the times at which it was
    /// true and received. One about a payment that has not come waits for it.
    public mutating func learn(_ told: Feedback, receivedAtNanoseconds: Int64) {
        guard !labelledEntities.isEmpty else { return }
        let knownAt = told.knownAtMicroseconds(receivedAtNanoseconds: receivedAtNanoseconds)
        guard let place = transactions.find(told.transaction) else {
            pending.add(
                told.transaction, told.knowledge, knownAtMicroseconds: knownAt,
                receivedAtNanoseconds: receivedAtNanoseconds)
            return
        }
        learn(told.knowledge, of: place, knownAtMicroseconds: knownAt)
    }

    private mutating func learn(
        _ knowledge: Aggregates.Knowledge, of place: TransactionTable.Place, knownAtMicroseconds: Int64
    ) {
        var isKept = false
        for i in labelledEntities.indices {
            let key = transactions.key(i, at: place)
            guard key != 0 else { continue }
            let isKnown = aggregates.learn(
                entity: labelledEntities[i], key: key, timeMicroseconds: transactions.timeMicroseconds(at: place),
                ticket: transactions.sequence(at: place), knowledge, knownAtMicroseconds: knownAtMicroseconds)
            isKept = isKept || isKnown
        }
        switch knowledge {
        case _ where !isKept: feedback.tooLate += 1
        case .label: feedback.labelsKnown += 1
        case .outcome: feedback.outcomesKnown += 1
        }
    }

    /// Keeps the payment that was added last to its histories for labels and outcomes, and learns those that were told
    /// before it came.
    private mutating func remember(_ transaction: UInt64, at now: Int64) {
        guard !labelledEntities.isEmpty else { return }
        transactions.insert(
            transaction, timeMicroseconds: evaluator.histories.timeMicroseconds, sequence: sequence,
            keys: evaluator.histories.keys, labelled: labelledEntities)
        guard !pending.isEmpty else { return }
        pending.expire(at: now)
        let told = pending.take(transaction)
        guard !told.isEmpty, let place = transactions.find(transaction) else { return }
        for i in told.indices {
            learn(told[i].knowledge, of: place, knownAtMicroseconds: told[i].knownAtMicroseconds)
        }
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
    /// - Parameters:
    ///   - remainingNanoseconds: What is left of its budget, from which the method is chosen.
    ///   - recorded: How they were found when it was decided first.
    /// - Returns: How they were found; nil where they were not asked for, or nothing could be explained.
    public mutating func explainLast(
        into reasons: inout [Reason], remainingNanoseconds: Int64, as recorded: ExplanationMethod? = nil
    ) -> ExplanationMethod? {
        reasons.removeAll(keepingCapacity: true)
        guard plan.policy.explained.contains(decision.verdict) else { return nil }
        var method = explanationMethod(remainingNanoseconds: remainingNanoseconds)
        // Which of the two was taken depended on the time that was left.
        if recorded == .path, method == .treeSHAP { method = recorded }
        evaluator.explain(decision, by: method, into: &reasons)
        return method
    }

    /// Whether `state` is all that the core knows. It is not while histories that a reload added or dropped stand beside
    /// those of the start; the next restart makes one of them.
    public var isStateWhole: Bool { aggregates.whole != nil }

    /// All that the core knows beside its configuration; what is put in must be of the same plan and limits.
    ///
    /// - Precondition: `isStateWhole`.
    public var state: CoreState {
        get {
            guard let whole = aggregates.whole else { preconditionFailure("a state in parts can't be kept") }
            return CoreState(
                sequence: sequence, submissions: submissions, aggregates: whole, transactions: transactions,
                pending: pending, feedback: feedback, governor: reload.governor?.words ?? [])
        }
        set {
            sequence = newValue.sequence
            submissions = newValue.submissions
            aggregates.whole = newValue.aggregates
            transactions = newValue.transactions
            pending = newValue.pending
            feedback = newValue.feedback
            reload.restoreGovernor(newValue.governor)
        }
    }

    public var statistics: CoreStatistics {
        CoreStatistics(
            aggregates: aggregates.statistics, transactions: submissions.count,
            transactionsForgottenEarly: submissions.forgottenEarly, feedback: feedbackStatistics)
    }

    /// See `Aggregates.medianEntityBytes`; nil where histories are in parts.
    public var medianEntityBytes: Int? { aggregates.whole?.medianEntityBytes }

    private var feedbackStatistics: FeedbackStatistics {
        var statistics = feedback
        statistics.transactions = transactions.count
        statistics.transactionsForgotten = transactions.forgotten
        statistics.pending = pending.count
        statistics.unknownTransactions = pending.dropped
        return statistics
    }
}
