// One payment's way through the plan, on scratch memory that is made once: slots filled from the payment and from
// histories, features and rules evaluated over them, the model asked with the row.

import Expressions
import Trees

struct Evaluator {
    let plan: ScoringPlan
    /// What of the plan is asked for every payment, as plain values beside the programs.
    private let featurePrograms: ProgramBatch
    private let rulePrograms: ProgramBatch
    private let features: [Feature]
    private let rules: [Rule]
    private let segments: [CompiledSegment]
    /// Rules are asked and noted, and none of their actions counts.
    var ignoresActions = false
    /// The lists that the address of the payment was in, where it is decided again from its record.
    var recordedAddressLists: [String]?
    let model: LoadedModel?
    private(set) var frame: Frame
    private var scratch: ProgramScratch
    /// What the payment brings to its entities' histories, and reads of them.
    private(set) var histories: PaymentHistories
    private(set) var modelRow: [Double]
    var contributions: [Double]

    private struct Feature {
        let slot: Int
        let number: FeatureNumber
    }

    private struct Rule {
        let slot: Int
        let action: RuleDefinition.Action
        let onError: RuleDefinition.Action?
        let points: Int
        let snoozes: [Snooze]
    }

    /// A class, because a copy of its parts would retain each of them for every payment.
    final class LoadedModel {
        let model: ScoringModel
        let trees: TreeModel
        let readout: MarginReadout
        let truncated: [TruncatedEnsemble]
        /// Feature index of each column.
        let columns: [Int]
        let scratch: TreeModel.Scratch

        init(_ model: ScoringModel, for plan: ScoringPlan) throws(BundleError) {
            self.model = model
            trees = model.trees
            readout = model.manifest.readout
            truncated = model.manifest.truncated
            columns = try model.columns(in: plan)
            scratch = model.trees.makeScratch()
        }
    }

    init(plan: ScoringPlan, model: ModelState) throws(BundleError) {
        self.plan = plan
        if case .serving(let model) = model {
            self.model = try LoadedModel(model, for: plan)
        } else {
            self.model = nil
        }
        features = plan.features.map { Feature(slot: $0.slot, number: FeatureNumber($0.type)) }
        featurePrograms = ProgramBatch(
            plan.features.map { ($0.program.program, $0.slot) }, slotCount: plan.slotCount + plan.rules.count)
        rulePrograms = ProgramBatch(
            plan.rules.enumerated().map { ($0.element.program.program, plan.slotCount + $0.offset) },
            slotCount: featurePrograms.slotCount)
        rules = plan.rules.enumerated().map { number, rule in
            let definition = rule.definition
            return Rule(
                slot: plan.slotCount + number, action: definition.action, onError: definition.onError,
                points: definition.points, snoozes: rule.snoozes)
        }
        segments = plan.segments
        frame = Frame(slotCount: plan.slotCount + plan.rules.count)
        featurePrograms.install(in: &frame)
        rulePrograms.install(in: &frame)
        scratch = ProgramScratch()
        histories = PaymentHistories(plan: plan)
        modelRow = [Double](repeating: .nan, count: self.model?.columns.count ?? 0)
        contributions = [Double](repeating: 0, count: modelRow.count + 1)
    }

    /// Takes the payment in: its fields become slots, and its entities' histories are read.
    mutating func observe(
        _ payment: borrowing Payment, _ store: inout HistoryStores, _ decision: inout Decision
    ) {
        decision.addressBits = 0
        if plan.shelf.isAsked {
            let lookup =
                recordedAddressLists.map { plan.shelf.lookup(payment, addressLists: $0) } ?? plan.shelf.lookup(payment)
            decision.addressBits = lookup.addressBits
            scratch.sets = lookup
        }
        histories.arrive(payment, &frame, &scratch)
        decision.hasPartialHistory = histories.read(&store, &frame)
    }

    /// Adds the payment that was decided last to its entities' histories.
    mutating func remember(_ decision: borrowing Decision, _ store: inout HistoryStores) {
        histories.add(
            to: &store, ticket: decision.sequence, features: decision.features,
            decision: PastDecision(verdict: decision.verdict, score: decision.score), &frame, &scratch)
    }

    /// Adds a payment with what its record says was decided.
    mutating func restore(
        _ payment: borrowing Payment, sequence: UInt64, _ recorded: RecordedDecision, _ store: inout HistoryStores
    ) {
        histories.arrive(payment, &frame, &scratch)
        histories.add(
            to: &store, ticket: sequence,
            features: histories.needsRecordedFeatures ? recorded.features(of: plan) : [],
            decision: PastDecision(verdict: recorded.verdict, score: recorded.score), &frame, &scratch)
    }

    /// Evaluates the features in their order; each is a slot for those behind it, and a cell of the model's row.
    mutating func computeFeatures(_ decision: inout Decision) {
        featurePrograms.evaluate(&frame, scratch: &scratch)
        decision.failedFeatures = 0
        var numbers: [Double] = []
        swap(&numbers, &decision.features)
        if numbers.count != features.count { numbers = [Double](repeating: .nan, count: features.count) }
        for i in features.indices {
            let value = frame.slots[features[i].slot]
            if value.state == .error { decision.failedFeatures += 1 }
            numbers[i] = features[i].number.number(value)
        }
        swap(&numbers, &decision.features)
    }

    /// Asks every rule; all that match are noted, in the order of the file.
    mutating func matchRules(_ decision: inout Decision, _ payment: borrowing Payment, isSkipped: Bool) {
        decision.firedRules.removeAll(keepingCapacity: true)
        decision.missingRules = 0
        decision.failedRules = 0
        guard !isSkipped else { return }
        rulePrograms.evaluate(&frame, scratch: &scratch)
        for i in rules.indices {
            let result = frame.slots[rules[i].slot]
            switch result.state {
            case .present:
                guard result.bool, !isSnoozed(i, payment) else { continue }
                decision.firedRules.append(FiredRule(rule: i, action: rules[i].action))
            case .missing: decision.missingRules += 1
            case .error:
                decision.failedRules += 1
                guard let action = rules[i].onError, !isSnoozed(i, payment) else { continue }
                decision.firedRules.append(FiredRule(rule: i, action: action))
            }
        }
    }

    private func isSnoozed(_ rule: Int, _ payment: borrowing Payment) -> Bool {
        for i in rules[rule].snoozes.indices where rules[rule].snoozes[i].covers(payment) { return true }
        return false
    }

    /// Notes the first segment that matches, whose bands decide.
    private mutating func findSegment(_ decision: inout Decision) {
        decision.segment = nil
        guard decision.source != .fallback else { return }
        for i in segments.indices where segments[i].program.evaluate(frame, scratch: &scratch).isTrue {
            decision.segment = i
            return
        }
    }

    /// Score and verdict, on the rung that `decision.source` names; one that fails leaves it for the next.
    ///
    /// - Parameter truncated: Which of the bundle's shorter ensembles stands in for the model; nil for none.
    mutating func score(_ decision: inout Decision, truncated: Int?) {
        decision.probability = nil
        decision.margin = nil
        decision.truncatedTrees = nil
        if decision.source == .model, !askModel(&decision, truncated: nil) {
            decision.source = truncated == nil ? .rules : .truncated
            decision.degradedReason = .modelFailed
        }
        if decision.source == .truncated, !askModel(&decision, truncated: truncated) {
            decision.source = .rules
            decision.degradedReason = .modelFailed
        }
        if decision.source == .rules { decision.score = points(of: decision) }
        if decision.source == .fallback { decision.score = 0 }
        decision.riskLevel = plan.policy.riskLevel(score: decision.score)
        findSegment(&decision)
        decision.verdict = verdict(of: decision)
    }

    /// Asks the model, or one of its shorter ensembles; false where it gives no finite margin.
    private mutating func askModel(_ decision: inout Decision, truncated: Int?) -> Bool {
        guard let model else { preconditionFailure("the rung of a model without a model") }
        for column in model.columns.indices { modelRow[column] = decision.features[model.columns[column]] }
        var count = Int.max
        if let truncated { count = model.truncated[truncated].trees }
        let margin = model.trees.margin(ofFirst: count, of: modelRow.span, scratch: model.scratch)
        guard margin.isFinite else { return false }
        decision.margin = margin
        decision.truncatedTrees = truncated == nil ? nil : count
        let probability = model.trees.probability(ofMargin: margin, ofFirst: count)
        if let truncated {
            Self.read(model.truncated[truncated].readout, margin: margin, probability: probability, &decision)
        } else {
            Self.read(model.readout, margin: margin, probability: probability, &decision)
        }
        return true
    }

    private static func read(
        _ readout: borrowing MarginReadout, margin: Double, probability: Double, _ decision: inout Decision
    ) {
        decision.probability = readout.calibration.probability(ofModel: probability)
        decision.score = readout.scale.score(ofMargin: margin)
    }

    /// The scorecard: the points of the rules that match, on the score's own scale.
    private func points(of decision: Decision) -> Int {
        var sum = 0
        for i in decision.firedRules.indices where decision.firedRules[i].action != .observe {
            sum += rules[decision.firedRules[i].rule].points
        }
        return min(Policy.scores.upperBound, sum)
    }

    /// The band of the score, and what the rules make of it (`Precedence`).
    private func verdict(of decision: Decision) -> Verdict {
        let band =
            decision.source == .fallback
            ? plan.policy.fallback : plan.policy.verdict(score: decision.score, segment: decision.segment)
        if ignoresActions { return band }
        var strongest: Verdict?
        for i in decision.firedRules.indices {
            guard let action = decision.firedRules[i].action.verdict else { continue }
            strongest = Precedence.strongest(strongest, action)
        }
        return Precedence.verdict(rules: strongest, band: band)
    }
}
