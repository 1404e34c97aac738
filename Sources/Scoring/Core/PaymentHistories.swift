// A payment and the histories of its entities: what it brings to them (measures, columns, conditions), what it reads
// of them before it is decided, and how it is added to them once it is.
//
//   arrive ─▶ read ─▶ (features, rules, model, policy) ─▶ add
//   arrive ───────── (a record says what was decided) ──▶ add          a restart: the same state by the same code

import Aggregates
import Expressions

/// What the histories are kept in.
typealias HistoryStore = Aggregates

/// What was decided of a payment, as its own history remembers it; nil where a record does not say.
struct PastDecision {
    var verdict: Verdict?
    var score: Int?
}

struct PaymentHistories {
    private struct Measure {
        let program: SharedProgram
        let isDouble: Bool
        let isFixed: Bool
    }

    private struct Condition {
        let program: SharedProgram
        let needs: PastNeeds
    }

    private struct PastFeature {
        let index: Int
        let slot: Int
        let number: FeatureNumber
    }

    private let measurePrograms: [Measure]
    private let conditionPrograms: [Condition]
    /// The columns of `distinct`, and whether each is a text.
    private let columnFields: [PaymentField]
    private let isTextColumn: [Bool]
    /// The features that a measure or a condition is over.
    private let pastFeatures: [PastFeature]
    /// Whether a measure or a condition waits for the decision.
    private let isDecisionNeeded: Bool
    /// The slots of all reads, entity by entity, in plan order; and where each entity's begin, with the end behind them.
    private let historySlots: [Int]
    private let historyStarts: [Int]
    private let rates: [PlannedRate]
    /// Entities of which something is read, and the field that names each entity.
    private let readEntities: [Int]
    private let entityFields: [PaymentField]
    private let isConstant: [Bool]
    private let words = FactWords()

    private var measures: [Int64]
    private var columns: [UInt64]
    private var conditions: [ConditionMask]
    private var values: [HistoryValue]
    /// Who the payment names of each kind; 0 where it names nobody.
    private(set) var keys: [UInt64]
    private(set) var timeMicroseconds: Int64 = 0

    /// The one entity that every payment belongs to.
    private static let constantKey: UInt64 = 1

    init(plan: ScoringPlan) {
        measurePrograms = plan.measures.map {
            Measure(program: $0.program, isDouble: $0.type == .double, isFixed: $0.needs.isFixedAtArrival)
        }
        conditionPrograms = plan.conditions.map { Condition(program: $0.program, needs: $0.needs) }
        let expressions = plan.measures + plan.conditions
        let slots = Set(expressions.flatMap(\.featureSlots))
        pastFeatures = plan.features.enumerated().filter { slots.contains($0.element.slot) }.map {
            PastFeature(index: $0.offset, slot: $0.element.slot, number: FeatureNumber($0.element.type))
        }
        isDecisionNeeded = expressions.contains { !$0.needs.isFixedAtArrival }
        columnFields = plan.columns
        isTextColumn = plan.columns.map { FieldRule($0.kind).shape.isText }
        var reads = plan.historyPlan.entities.map { [Int](repeating: 0, count: $0.reads.count) }
        for history in plan.histories { reads[history.entity][history.read] = history.slot }
        historySlots = reads.flatMap(\.self)
        historyStarts = reads.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        rates = plan.rates
        readEntities = reads.indices.filter { !reads[$0].isEmpty }
        entityFields = plan.entities.map { $0.field ?? .transactionID }
        isConstant = plan.entities.map { $0.field == nil }
        measures = [Int64](repeating: Aggregates.missingMeasure, count: plan.measures.count)
        columns = [UInt64](repeating: Aggregates.missingColumn, count: plan.columns.count)
        conditions = [ConditionMask](repeating: ConditionMask(always: nil), count: plan.conditions.count)
        values = [HistoryValue](repeating: .missing, count: reads.map(\.count).max() ?? 0)
        keys = [UInt64](repeating: 0, count: plan.entities.count)
    }

    /// Whether a restart needs the features that a record has.
    var needsRecordedFeatures: Bool { !pastFeatures.isEmpty }

    // MARK: - Before the decision

    /// Takes the payment in: its fields become slots, and what they say of its histories is found.
    mutating func arrive(_ payment: borrowing Payment, _ frame: inout Frame, _ scratch: inout ProgramScratch) {
        frame.text.removeAll(keepingCapacity: true)
        payment.text.withUnsafeBufferPointer { frame.text.append(contentsOf: $0) }
        frame.slots.withUnsafeMutableBufferPointer { slots in
            for i in 0..<PaymentField.count { slots[i] = payment.slots[i] }
        }
        timeMicroseconds = floorDivision(payment.eventTimeNanoseconds, 1_000)
        for i in measurePrograms.indices where measurePrograms[i].isFixed { fillMeasure(i, frame, &scratch) }
        for i in conditionPrograms.indices where conditionPrograms[i].needs.isFixedAtArrival {
            conditions[i] = ConditionMask(always: truth(i, frame, &scratch))
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
        for i in readEntities.indices {
            let entity = readEntities[i]
            let field = entityFields[entity]
            if isConstant[entity] {
                keys[entity] = Self.constantKey
            } else if payment.has(field) {
                keys[entity] = stableHash(payment.bytes(field))
            } else {
                keys[entity] = 0
            }
        }
    }

    /// Puts the payment's histories into their slots.
    ///
    /// - Returns: Whether one of them reached events that are no longer kept: it is approximate, or over the others.
    mutating func read(_ store: inout HistoryStores, _ frame: inout Frame) -> Bool {
        var isPartial = false
        var named: UInt64 = 0
        for i in readEntities.indices where keys[readEntities[i]] != 0 { named |= 1 << UInt64(readEntities[i]) }
        store.prepare(keys: keys.span, named: named)
        var values: [HistoryValue] = []
        swap(&values, &self.values)
        defer { swap(&values, &self.values) }
        for i in readEntities.indices {
            let entity = readEntities[i]
            let reads = historyStarts[entity]..<historyStarts[entity + 1]
            guard keys[entity] != 0 else {
                for read in reads { frame.slots[historySlots[read]] = .missing }
                continue
            }
            store.read(
                entity: entity, key: keys[entity], timeMicroseconds: timeMicroseconds, measures: measures.span,
                columns: columns.span, conditions: conditions.span, results: &values)
            for read in reads {
                let value = values[read - reads.lowerBound]
                frame.slots[historySlots[read]] = slot(of: value)
                if value.isPartial || value.isApproximate { isPartial = true }
            }
        }
        for i in rates.indices {
            let rate = rates[i].value(frame.slots.span)
            frame.slots[rates[i].slot] = rate
        }
        return isPartial
    }

    // MARK: - After the decision

    /// Adds the payment that arrived last to its histories.
    ///
    /// - Parameter features: What the record keeps, in the order of features.yaml; NaN is missing.
    mutating func add(
        to store: inout HistoryStores, ticket: UInt64, features: [Double], decision: PastDecision,
        _ frame: inout Frame, _ scratch: inout ProgramScratch
    ) {
        if isDecisionNeeded { fillLate(features, decision, &frame, &scratch) }
        for i in readEntities.indices {
            let entity = readEntities[i]
            guard keys[entity] != 0 else { continue }
            store.add(
                entity: entity, key: keys[entity], timeMicroseconds: timeMicroseconds, ticket: ticket,
                measures: measures.span, columns: columns.span, conditions: conditions.span)
        }
    }

    private mutating func fillLate(
        _ features: [Double], _ decision: PastDecision, _ frame: inout Frame, _ scratch: inout ProgramScratch
    ) {
        for i in pastFeatures.indices {
            let feature = pastFeatures[i]
            frame.slots[feature.slot] = feature.number.slot(features[feature.index])
        }
        let text = frame.text.count
        frame.text.append(contentsOf: words.text)
        frame.slots[PastFact.decision.slot] = words.slot(of: decision.verdict, behind: text)
        frame.slots[PastFact.score.slot] = decision.score.map { Slot(int: Int64($0)) } ?? .missing
        for i in measurePrograms.indices where !measurePrograms[i].isFixed { fillMeasure(i, frame, &scratch) }
        for i in conditionPrograms.indices where !conditionPrograms[i].needs.isFixedAtArrival {
            conditions[i] = mask(i, text, &frame, &scratch)
        }
    }

    private mutating func fillMeasure(_ i: Int, _ frame: Frame, _ scratch: inout ProgramScratch) {
        let value = measurePrograms[i].program.evaluate(frame, scratch: &scratch)
        guard value.isPresent else {
            measures[i] = Aggregates.missingMeasure
            return
        }
        if measurePrograms[i].isDouble {
            let number = value.double
            // -0.0 would have the bits of a missing one.
            measures[i] =
                number.isFinite ? Int64(bitPattern: (number == 0 ? 0 : number).bitPattern) : Aggregates.missingMeasure
        } else {
            measures[i] = value.int
        }
    }

    /// nil where the condition has no value.
    private func truth(_ i: Int, _ frame: Frame, _ scratch: inout ProgramScratch) -> Bool? {
        let value = conditionPrograms[i].program.evaluate(frame, scratch: &scratch)
        return value.isPresent ? value.bool : nil
    }

    /// Evaluates a condition in each state of knowledge that it can tell from another.
    ///
    /// - Parameter text: Where the words of facts begin in the frame's text.
    private func mask(
        _ i: Int, _ text: Int, _ frame: inout Frame, _ scratch: inout ProgramScratch
    ) -> ConditionMask {
        let needs = conditionPrograms[i].needs
        guard needs.isKnowledge else { return ConditionMask(always: truth(i, frame, &scratch)) }
        var (meets, isKnown) = (UInt32(0), UInt32(0))
        for label in 0..<FactWords.labels {
            // What the condition does not ask for is as in the first state.
            if label > 0, !needs.contains(.label) { break }
            frame.slots[PastFact.label.slot] = words.slot(ofLabel: label, behind: text)
            for outcome in 0..<FactWords.outcomes {
                if outcome > 0, !needs.contains(.outcome) { break }
                frame.slots[PastFact.outcome.slot] = words.slot(ofOutcome: outcome, behind: text)
                guard let holds = truth(i, frame, &scratch) else { continue }
                let states = Self.states(
                    label: needs.contains(.label) ? label : nil, outcome: needs.contains(.outcome) ? outcome : nil)
                isKnown |= states
                if holds { meets |= states }
            }
        }
        return ConditionMask(meets: meets, isKnown: isKnown)
    }

    /// The bits of all states with this label and this outcome; nil is any.
    private static func states(label: Int?, outcome: Int?) -> UInt32 {
        if let label, let outcome { return 1 << UInt32(label * FactWords.outcomes + outcome) }
        if let label { return 0b11_1111 << UInt32(label * FactWords.outcomes) }
        return 0b1_000001_000001 << UInt32(outcome ?? 0)
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
}

func floorDivision(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
}
