// One payment's way through the plan, on scratch memory that is made once: slots filled from the payment and from
// histories, features and rules evaluated over them, the model asked with the row.

import Aggregates
import Expressions
import Trees

struct Evaluator {
    let plan: ScoringPlan
    /// What of the plan is asked for every payment, as plain values beside the programs.
    private let measurePrograms: [SharedProgram]
    private let features: [Feature]
    private let rules: [Rule]
    let model: LoadedModel?
    private(set) var frame: Frame
    private var scratch: ProgramScratch
    private var measures: [Int64]
    private var columns: [UInt64]
    private var historyValues: [HistoryValue]
    /// The slots of all reads, entity by entity, in plan order; and where each entity's begin, with the end behind them.
    private let historySlots: [Int]
    private let historyStarts: [Int]
    /// Entities of which something is read, and the field that names each entity.
    private let readEntities: [Int]
    private let entityFields: [PaymentField]
    /// The columns of `distinct`, and whether each is a text.
    private let columnFields: [PaymentField]
    private let isTextColumn: [Bool]
    private(set) var modelRow: [Double]
    var contributions: [Double]

    private struct Feature {
        let program: SharedProgram
        let slot: Int
        let number: FeatureNumber
    }

    private struct Rule {
        let program: SharedProgram
        let action: RuleDefinition.Action
        let onError: RuleDefinition.Action?
        let points: Int
    }

    struct LoadedModel {
        let model: ScoringModel
        /// Feature index of each column.
        let columns: [Int]
        let scratch: TreeModel.Scratch
    }

    init(plan: ScoringPlan, model: ModelState) throws(BundleError) {
        self.plan = plan
        if case .serving(let model) = model {
            self.model = LoadedModel(
                model: model, columns: try model.columns(in: plan), scratch: model.trees.makeScratch())
        } else {
            self.model = nil
        }
        measurePrograms = plan.measures
        features = plan.features.map { Feature(program: $0.program, slot: $0.slot, number: FeatureNumber($0.type)) }
        rules = plan.rules.map { rule in
            let definition = rule.definition
            return Rule(
                program: rule.program, action: definition.action, onError: definition.onError,
                points: definition.points)
        }
        frame = Frame(slotCount: plan.slotCount)
        scratch = ProgramScratch()
        measures = [Int64](repeating: Aggregates.missingMeasure, count: plan.measures.count)
        columns = [UInt64](repeating: Aggregates.missingColumn, count: plan.columns.count)
        var slots = plan.historyPlan.entities.map { [Int](repeating: 0, count: $0.reads.count) }
        for history in plan.histories { slots[history.entity][history.read] = history.slot }
        historySlots = slots.flatMap(\.self)
        historyStarts = slots.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        historyValues = [HistoryValue](repeating: .missing, count: slots.map(\.count).max() ?? 0)
        readEntities = slots.indices.filter { !slots[$0].isEmpty }
        entityFields = plan.entities.map(\.field)
        columnFields = plan.columns
        isTextColumn = plan.columns.map { FieldRule($0.kind).shape.isText }
        modelRow = [Double](repeating: .nan, count: self.model?.columns.count ?? 0)
        contributions = [Double](repeating: 0, count: modelRow.count + 1)
    }

    /// Takes the payment in: its fields become slots, its entities' histories are read, and it is added to them.
    mutating func observe(
        _ payment: borrowing Payment, _ aggregates: inout Aggregates, _ decision: inout Decision
    ) {
        decision.hasPartialHistory = false
        fillFrame(payment)
        var values: [HistoryValue] = []
        swap(&values, &historyValues)
        defer { swap(&values, &historyValues) }
        let timeMicroseconds = floorDivision(payment.eventTimeNanoseconds, 1_000)
        for i in readEntities.indices {
            let entity = readEntities[i]
            let reads = historyStarts[entity]..<historyStarts[entity + 1]
            guard payment.has(entityFields[entity]) else {
                for read in reads { frame.slots[historySlots[read]] = .missing }
                continue
            }
            aggregates.observe(
                entity: entity, key: stableHash(payment.bytes(entityFields[entity])),
                timeMicroseconds: timeMicroseconds, measures: measures.span, columns: columns.span,
                results: &values)
            for read in reads {
                let value = values[read - reads.lowerBound]
                frame.slots[historySlots[read]] = slot(of: value)
                if value.isPartial { decision.hasPartialHistory = true }
            }
        }
    }

    private mutating func fillFrame(_ payment: borrowing Payment) {
        frame.text.removeAll(keepingCapacity: true)
        payment.text.withUnsafeBufferPointer { frame.text.append(contentsOf: $0) }
        frame.slots.withUnsafeMutableBufferPointer { slots in
            for i in 0..<PaymentField.count { slots[i] = payment.slots[i] }
        }
        for i in measurePrograms.indices {
            let value = measurePrograms[i].evaluate(frame, scratch: &scratch)
            measures[i] = value.isPresent ? value.int : Aggregates.missingMeasure
        }
        for i in columnFields.indices {
            let field = columnFields[i]
            if !payment.has(field) {
                columns[i] = Aggregates.missingColumn
            } else if isTextColumn[i] {
                columns[i] = stableHash(payment.bytes(field))
            } else {
                columns[i] = stableHash(payment.slots[field.rawValue].bits)
            }
        }
    }

    /// Evaluates the features in their order; each is a slot for those behind it, and a cell of the model's row.
    mutating func computeFeatures(_ decision: inout Decision) {
        decision.features.removeAll(keepingCapacity: true)
        decision.failedFeatures = 0
        for i in features.indices {
            let value = features[i].program.evaluate(frame, scratch: &scratch)
            frame.slots[features[i].slot] = value
            if value.state == .error { decision.failedFeatures += 1 }
            decision.features.append(number(value, features[i].number))
        }
    }

    /// Asks every rule; all that match are noted, in the order of the file.
    mutating func matchRules(_ decision: inout Decision, isSkipped: Bool) {
        decision.firedRules.removeAll(keepingCapacity: true)
        decision.missingRules = 0
        decision.failedRules = 0
        guard !isSkipped else { return }
        for i in rules.indices {
            let result = rules[i].program.evaluate(frame, scratch: &scratch)
            switch result.state {
            case .present:
                guard result.bool else { continue }
                decision.firedRules.append(FiredRule(rule: i, action: rules[i].action))
            case .missing: decision.missingRules += 1
            case .error:
                decision.failedRules += 1
                guard let action = rules[i].onError else { continue }
                decision.firedRules.append(FiredRule(rule: i, action: action))
            }
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
        decision.verdict = verdict(of: decision)
    }

    /// Asks the model, or one of its shorter ensembles; false where it gives no finite margin.
    private mutating func askModel(_ decision: inout Decision, truncated: Int?) -> Bool {
        guard let model else { preconditionFailure("the rung of a model without a model") }
        for column in model.columns.indices { modelRow[column] = decision.features[model.columns[column]] }
        let trees = model.model.trees
        let manifest = model.model.manifest
        var count = Int.max
        if let truncated { count = manifest.truncated[truncated].trees }
        let margin = trees.margin(ofFirst: count, of: modelRow.span, scratch: model.scratch)
        guard margin.isFinite else { return false }
        let readout = truncated.map { manifest.truncated[$0].readout } ?? manifest.readout
        decision.margin = margin
        decision.truncatedTrees = truncated == nil ? nil : count
        decision.probability = readout.calibration.probability(
            ofModel: trees.probability(ofMargin: margin, ofFirst: count))
        decision.score = readout.scale.score(ofMargin: margin)
        return true
    }

    /// The scorecard: the points of the rules that match, on the score's own scale.
    private func points(of decision: Decision) -> Int {
        var sum = 0
        for i in decision.firedRules.indices where decision.firedRules[i].action != .observe {
            sum += rules[decision.firedRules[i].rule].points
        }
        return min(Policy.scores.upperBound, sum)
    }

    /// A rule that approves wins; otherwise the severest of the rules' actions and the score's band.
    private func verdict(of decision: Decision) -> Verdict {
        var verdict = decision.source == .fallback ? plan.policy.fallback : plan.policy.verdict(score: decision.score)
        for i in decision.firedRules.indices {
            guard let action = decision.firedRules[i].action.verdict else { continue }
            if action == .approve { return .approve }
            verdict = max(verdict, action)
        }
        return verdict
    }

    private func slot(of value: HistoryValue) -> Slot {
        switch value.kind {
        case .missing: .missing
        case .int: Slot(int: value.int)
        case .double: Slot(double: value.double)
        case .durationMicroseconds: Slot(durationNanoseconds: saturatingNanoseconds(value.int))
        }
    }

    /// Event times are nanoseconds in an `Int64`, but their difference may pass its ends.
    private func saturatingNanoseconds(_ microseconds: Int64) -> Int64 {
        let (value, overflow) = microseconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? (microseconds < 0 ? .min : .max) : value
    }

    private func floorDivision(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    /// A feature as the model takes it: true is 1, a duration is in seconds; missing, failed and not finite (a ratio to
    /// zero) are NaN, because trainers take no infinity.
    private func number(_ slot: Slot, _ number: FeatureNumber) -> Double {
        guard slot.isPresent else { return .nan }
        switch number {
        case .int: return Double(slot.int)
        case .uint: return Double(slot.uint)
        case .double: return slot.double.isFinite ? slot.double : .nan
        case .bool: return slot.bool ? 1 : 0
        case .seconds: return Double(slot.int) / 1e9
        }
    }
}

/// How the bits of a feature are a number.
private enum FeatureNumber: Sendable {
    case int, uint, double, bool, seconds

    init(_ type: ValueType) {
        switch type {
        case .int: self = .int
        case .uint: self = .uint
        case .double: self = .double
        case .bool: self = .bool
        case .duration: self = .seconds
        case .string, .identifier, .timestamp, .list, .emptyList, .general: preconditionFailure("a feature is a number")
        }
    }
}
