// Histories are calls in the language: `count(card, "10m")`. Every one that a feature or a rule names becomes one
// column here, once, however often it is named; together the columns are the plan of what each entity keeps.
//
//   count(card, "10m")             payments of the card in the ten minutes up to and with this one
//   before(count(card, "10m"))     the same without this payment
//   sum(card, amount, "1h")        of an int expression over the payment, in its own unit
//   mean(card, amount, "30d")      a double; missing when the window is empty
//   distinct(card, merchant.id, "1d")
//   since_first(card), since_last(card)   durations; since_last is to the card's previous payment
//
// The payment that asks belongs to its own window: one at time t counts for reads in [t, t + w).

import Aggregates
import Expressions

/// A history's column and where its value comes from.
struct PlannedHistory: Sendable {
    let slot: Int
    /// Index of the entity in `ScoringPlan.entities`.
    let entity: Int
    /// Index of the read among the reads of that entity.
    let read: Int
    /// Canonical text, such as `count(card, "10m")`.
    let text: String
}

/// Collects histories while expressions are compiled.
struct HistoryCatalog: CallResolver {
    static let readNames = ["count", "sum", "mean", "distinct", "since_first", "since_last"]

    let entities: [EntityDefinition]
    private(set) var histories: [PlannedHistory] = []
    private(set) var measures: [Program] = []
    private(set) var columns: [PaymentField] = []
    private var reads: [[PlannedRead]]
    private var measureTexts: [String] = []
    private var known: [PlannedReadKey: ResolvedSlot] = [:]

    private struct PlannedReadKey: Hashable {
        let entity: Int
        let read: PlannedRead
    }

    init(entities: [EntityDefinition]) {
        self.entities = entities
        reads = entities.map { _ in [] }
    }

    var names: [String] { Self.readNames + ["before"] }

    /// What the aggregates are to keep, in the order of `entities`.
    var plan: HistoryPlan {
        HistoryPlan(
            entities: zip(entities, reads).map { entity, reads in
                EntityPlan(
                    name: entity.name, reads: reads, measureCount: measures.count, distinctColumnCount: columns.count)
            })
    }

    mutating func resolve(
        name: String, arguments: [Expression], environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot? {
        if name == "before" {
            guard arguments.count == 1, case .call(let inner, nil, let innerArguments) = arguments[0].kind,
                Self.readNames.contains(inner)
            else {
                let place = arguments.first ?? Self.nowhere
                throw ExpressionError("before takes one history, such as before(count(card, \"1h\"))", at: place)
            }
            return try resolveRead(inner, innerArguments, .before, &environment)
        }
        guard Self.readNames.contains(name) else { return nil }
        return try resolveRead(name, arguments, .after, &environment)
    }

    private mutating func resolveRead(
        _ name: String, _ arguments: [Expression], _ moment: ReadMoment, _ environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot {
        guard let first = arguments.first else {
            throw ExpressionError("\(name) needs an entity: \(entityNames)", at: Self.nowhere)
        }
        let entity = try entityIndex(first, of: name)
        let read: HistoryRead
        let type: ValueType
        switch name {
        case "count":
            try expect(arguments, 2, of: name, form: "count(card, \"1h\")")
            read = .count(windowMicroseconds: try window(arguments[1]))
            type = .int
        case "sum":
            try expect(arguments, 3, of: name, form: "sum(card, amount, \"1h\")")
            read = .sum(
                measure: try measure(arguments[1], &environment), windowMicroseconds: try window(arguments[2]))
            type = .int
        case "mean":
            try expect(arguments, 3, of: name, form: "mean(card, amount, \"30d\")")
            read = .mean(
                measure: try measure(arguments[1], &environment), windowMicroseconds: try window(arguments[2]))
            type = .double
        case "distinct":
            try expect(arguments, 3, of: name, form: "distinct(card, merchant.id, \"1d\")")
            read = .distinct(column: try column(arguments[1]), windowMicroseconds: try window(arguments[2]))
            type = .int
        default:
            try expect(arguments, 1, of: name, form: "\(name)(card)")
            read = name == "since_first" ? .sinceFirst : .sinceLast
            type = .duration
        }
        let call = "\(name)(\(arguments.map(\.description).joined(separator: ", ")))"
        let text = moment == .before ? "before(\(call))" : call
        return add(PlannedRead(read, moment), entity: entity, type: type, text: text, &environment)
    }

    private mutating func add(
        _ planned: PlannedRead, entity: Int, type: ValueType, text: String, _ environment: inout Environment
    ) -> ResolvedSlot {
        let key = PlannedReadKey(entity: entity, read: planned)
        if let slot = known[key] { return slot }
        let slot = ResolvedSlot(slot: environment.addUnnamed(type, label: text), type: type)
        known[key] = slot
        histories.append(
            PlannedHistory(slot: slot.slot, entity: entity, read: reads[entity].count, text: text))
        reads[entity].append(planned)
        return slot
    }

    private static let nowhere = Literals.empty

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

    private func expect(
        _ arguments: [Expression], _ count: Int, of name: String, form: String
    ) throws(ExpressionError) {
        guard arguments.count == count else {
            let place = arguments.count > count ? arguments[count] : arguments[arguments.count - 1]
            throw ExpressionError("\(name) takes \(count) arguments, as in \(form)", at: place)
        }
    }

    private func window(_ expression: Expression) throws(ExpressionError) -> Int64 {
        guard let text = expression.stringLiteral, let nanoseconds = DurationText.nanoseconds(parsing: text) else {
            throw ExpressionError("a window is text such as \"10m\", \"1h\", \"1d\" or \"30d\"", at: expression)
        }
        let microseconds = nanoseconds / 1_000
        guard microseconds > 0, microseconds <= HistoryPlan.maximumWindowMicroseconds else {
            throw ExpressionError("a window is longer than 0 and at most 100 years", at: expression)
        }
        return microseconds
    }

    private mutating func measure(
        _ expression: Expression, _ environment: inout Environment
    ) throws(ExpressionError) -> Int {
        let text = expression.description
        if let known = measureTexts.firstIndex(of: text) { return known }
        var resolver = OnlyPaymentFields()
        let program = try Program(
            compiling: expression, environment: &environment, resolver: &resolver, expecting: [.int])
        if let slot = program.slots.first(where: { $0 >= PaymentField.count }) {
            throw ExpressionError(
                "a history is taken over fields of the payment, not over \(environment.columns[slot].name)",
                at: expression)
        }
        measures.append(program)
        measureTexts.append(text)
        return measures.count - 1
    }

    private mutating func column(_ expression: Expression) throws(ExpressionError) -> Int {
        let name = expression.dottedName ?? ""
        let entityField = entities.first { $0.name == name }?.field
        guard let field = entityField ?? PaymentField.allCases.first(where: { $0.name == name }), field != .metadata
        else {
            let candidates = PaymentField.allCases.map(\.name) + entities.map(\.name)
            let hint = nearest(to: name, among: candidates).map { "; did you mean \($0)?" } ?? ""
            throw ExpressionError("distinct counts values of a field of the payment\(hint)", at: expression)
        }
        if let known = columns.firstIndex(of: field) { return known }
        columns.append(field)
        return columns.count - 1
    }
}

/// Within a measure no history may stand.
private struct OnlyPaymentFields: CallResolver {
    mutating func resolve(
        name: String, arguments: [Expression], environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot? {
        guard HistoryCatalog.readNames.contains(name) || name == "before" else { return nil }
        throw ExpressionError(
            "a history can't be taken over another history (\(name))", at: arguments.first ?? Literals.empty)
    }
}

/// A place for an error about a call that was written without arguments.
private enum Literals {
    static let empty: Expression = {
        do throws(ExpressionError) {
            return try Expression(parsing: "true")
        } catch {
            preconditionFailure("true is an expression")
        }
    }()
}
