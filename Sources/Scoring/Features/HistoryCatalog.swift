// Histories are calls in the language: `count(card, "10m")`. Every one that a feature or a rule names becomes one
// column here, once, however often it is named; together the columns are the plan of what each entity keeps.
// HistoryCatalog+Calls.swift has the calls, and what a past payment may be asked is in PastPayment.swift.
//
//   count(card, "10m")             payments of the card in the ten minutes up to and with this one
//   before(count(card, "10m"))     the same without this payment
//   count(card, "1d", decision == "decline")     those that were declined
//
// The payment that asks belongs to its own window: one at time t counts for reads in [t, t + w). Where a condition or a
// measure is over what is not known at arrival (decision, outcome, label, features, score) it does not.

import Aggregates
import Expressions

/// A history's column and where its value comes from.
struct PlannedHistory: Sendable {
    let slot: Int
    /// Index of the entity in `ScoringPlan.entities`.
    let entity: Int
    /// Index of the read among the reads of that entity.
    let read: Int
    /// Index of the measure that it is over, among the plan's.
    let measure: Int?
    /// Canonical text, such as `count(card, "10m")`.
    let text: String
}

/// Collects histories while expressions are compiled.
struct HistoryCatalog: CallResolver {
    static let maximumMeasures = HistoryPlan.maximumMeasuresPerEntity
    static let maximumConditions = HistoryPlan.maximumConditionsPerEntity

    let entities: [EntityDefinition]
    let assumeLegitimateAfterMicroseconds: Int64?
    private(set) var histories: [PlannedHistory] = []
    var memberships = MembershipCatalog()
    private(set) var rates: [PlannedRate] = []
    private(set) var measures: [PastExpression] = []
    private(set) var conditions: [PastExpression] = []
    private(set) var columns: [PaymentField] = []
    private var reads: [[PlannedRead]]
    private var known: [PlannedReadKey: ResolvedSlot] = [:]
    private var past = PastEnvironment()

    private struct PlannedReadKey: Hashable {
        let entity: Int
        let read: PlannedRead
    }

    init(entities: [EntityDefinition], assumeLegitimateAfterNanoseconds: Int64? = nil) {
        self.entities = entities
        assumeLegitimateAfterMicroseconds = assumeLegitimateAfterNanoseconds.map { $0 / 1_000 }
        reads = entities.map { _ in [] }
    }

    var names: [String] { Self.readNames + ["before"] }

    /// What the aggregates are to keep, in the order of `entities`.
    var plan: HistoryPlan {
        let kinds = measures.map { $0.type == .int ? MeasureKind.int : .double }
        return HistoryPlan(
            entities: zip(entities, reads).map { entity, reads in
                EntityPlan(
                    name: entity.name, reads: reads, measures: kinds, distinctColumnCount: columns.count,
                    conditionCount: conditions.count, isLabelled: reads.contains(where: isLabelled))
            },
            assumeLegitimateAfterMicroseconds: assumeLegitimateAfterMicroseconds)
    }

    private func isLabelled(_ read: PlannedRead) -> Bool {
        [read.condition, read.among].contains { $0.map { conditions[$0].needs.isKnowledge } ?? false }
    }

    mutating func resolve(
        name: String, arguments: [Expression], environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot? {
        if name == "before" {
            guard arguments.count == 1, case .call(let inner, nil, let innerArguments) = arguments[0].kind,
                Self.readNames.contains(inner)
            else {
                let place = arguments.first ?? Literals.empty
                throw ExpressionError("before takes one history, such as before(count(card, \"1h\"))", at: place)
            }
            return try resolveCall(inner, innerArguments, .before, &environment)
        }
        guard Self.readNames.contains(name) else { return nil }
        return try resolveCall(name, arguments, .after, &environment)
    }

    private mutating func resolveCall(
        _ name: String, _ arguments: [Expression], _ moment: ReadMoment, _ environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot {
        guard let first = arguments.first else {
            throw ExpressionError("\(name) needs an entity: \(entityNames)", at: Literals.empty)
        }
        let entity = try entityIndex(first, of: name)
        let call = "\(name)(\(arguments.map(\.description).joined(separator: ", ")))"
        if name == "fraud_rate" { return try resolveRate(entity, arguments, call, &environment) }
        let resolved = try read(name, arguments, environment)
        return plan(resolved, entity, moment, text: call, &environment)
    }

    /// The column of a read, which is a new one unless an equal read is there.
    mutating func plan(
        _ call: HistoryCall, _ entity: Int, _ moment: ReadMoment, text: String, _ environment: inout Environment
    ) -> ResolvedSlot {
        let isFixed = call.measure.map { measures[$0].needs.isFixedAtArrival } ?? true
        let areFixed = [call.condition, call.among].allSatisfy {
            $0.map { conditions[$0].needs.isFixedAtArrival } ?? true
        }
        let moment = isFixed && areFixed && call.mayCountItself ? moment : .before
        let planned = PlannedRead(call.read, moment, condition: call.condition, among: call.among)
        let key = PlannedReadKey(entity: entity, read: planned)
        if let slot = known[key] { return slot }
        let isNamedBefore = moment == .before && isFixed && areFixed && call.mayCountItself
        let label = isNamedBefore ? "before(\(text))" : text
        let slot = ResolvedSlot(slot: environment.addUnnamed(call.type, label: label), type: call.type)
        known[key] = slot
        histories.append(
            PlannedHistory(
                slot: slot.slot, entity: entity, read: reads[entity].count, measure: call.measure, text: label))
        reads[entity].append(planned)
        return slot
    }

    // MARK: Rates

    private mutating func resolveRate(
        _ entity: Int, _ arguments: [Expression], _ text: String, _ environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot {
        try expect(arguments, 2, of: "fraud_rate")
        let window = try window(arguments[1])
        let condition = arguments.count > 2 ? arguments[2] : nil
        let frauds = try fraudCondition(and: condition, environment)
        let all = try condition.map { (condition) throws(ExpressionError) in
            try self.condition(condition, environment)
        }
        var levels: [PlannedRate.Level] = []
        var prior: Double?
        var next: Int? = entity
        while let entity = next {
            let definition = entities[entity]
            func text(_ condition: Int?) -> String {
                let name = "count(\(definition.name), \(arguments[1])"
                return condition.map { "\(name), \(conditions[$0].text))" } ?? name + ")"
            }
            let read = HistoryRead.count(windowMicroseconds: window)
            let fraudSlot = plan(
                HistoryCall(read, .int, condition: frauds), entity, .before, text: text(frauds), &environment)
            let countSlot = plan(
                HistoryCall(read, .int, condition: all), entity, .before, text: text(all), &environment)
            levels.append(
                PlannedRate.Level(
                    entity: entity, fraudSlot: fraudSlot.slot, countSlot: countSlot.slot,
                    strength: definition.shrinkage?.strength ?? 0))
            next = nil
            switch definition.shrinkage?.target {
            case .parent(let name): next = entities.firstIndex { $0.name == name }
            case .prior(let share): prior = share
            case nil: break
            }
        }
        if let rate = rates.first(where: { $0.text == text }) {
            return ResolvedSlot(slot: rate.slot, type: .double)
        }
        let slot = environment.addUnnamed(.double, label: text)
        rates.append(PlannedRate(slot: slot, levels: levels, prior: prior, text: text))
        return ResolvedSlot(slot: slot, type: .double)
    }

    // MARK: Measures, conditions, columns

    /// The number of a measure, which is a new one unless an equal one is there.
    mutating func measure(_ expression: Expression, _ present: Environment) throws(ExpressionError) -> Int {
        let text = expression.description
        if let known = measures.firstIndex(where: { $0.text == text }) { return known }
        let measure = try past.compile(expression, following: present, expecting: [.int, .double])
        guard !measure.needs.isKnowledge else {
            throw ExpressionError(
                "a measure is a number that a payment keeps; label and outcome become known later, and belong in a "
                    + "condition, as in mean(card, amount, \"90d\", label == \"legitimate\")", at: expression)
        }
        guard measures.count < Self.maximumMeasures else {
            throw ExpressionError("more than \(Self.maximumMeasures) different measures", at: expression)
        }
        measures.append(measure)
        return measures.count - 1
    }

    /// The number of a condition, which is a new one unless an equal one is there.
    mutating func condition(_ expression: Expression, _ present: Environment) throws(ExpressionError) -> Int {
        let text = expression.description
        if let known = conditions.firstIndex(where: { $0.text == text }) { return known }
        let condition = try past.compile(expression, following: present, expecting: [.bool])
        guard conditions.count < Self.maximumConditions else {
            throw ExpressionError("more than \(Self.maximumConditions) different conditions", at: expression)
        }
        conditions.append(condition)
        return conditions.count - 1
    }

    /// `label == "fraud"`, together with another condition where there is one.
    mutating func fraudCondition(
        and other: Expression?, _ present: Environment
    ) throws(ExpressionError) -> Int {
        if let other { _ = try condition(other, present) }  // an error in it has its own place
        let fraud = "label == \"fraud\""
        return try condition(Expression(parsing: other.map { "\(fraud) && (\($0))" } ?? fraud), present)
    }

    mutating func column(_ expression: Expression, of call: String) throws(ExpressionError) -> Int {
        let name = expression.dottedName ?? ""
        let entityField = entities.first { $0.name == name }?.field
        guard let field = entityField ?? PaymentField.allCases.first(where: { $0.name == name }), field != .metadata
        else {
            let candidates = PaymentField.allCases.map(\.name) + entities.filter { $0.field != nil }.map(\.name)
            let hint = nearest(to: name, among: candidates).map { "; did you mean \($0)?" } ?? ""
            throw ExpressionError("\(call) values of a field of the payment\(hint)", at: expression)
        }
        if let known = columns.firstIndex(of: field) { return known }
        columns.append(field)
        return columns.count - 1
    }

    private var entityNames: String { entities.map(\.name).joined(separator: ", ") }

    private func entityIndex(_ expression: Expression, of name: String) throws(ExpressionError) -> Int {
        guard let text = expression.dottedName, let index = entities.firstIndex(where: { $0.name == text }) else {
            let hint = expression.dottedName.flatMap { nearest(to: $0, among: entities.map(\.name)) }
            throw ExpressionError(
                "\(name) needs an entity first\(hint.map { "; did you mean \($0)?" } ?? ".") Declared: \(entityNames)",
                at: expression)
        }
        return index
    }
}
