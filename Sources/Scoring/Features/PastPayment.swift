// What the conditions and measures of a history may name: an earlier payment, with what was decided of it and what has
// become known of it since.
//
//   count(card, "1h", decision == "decline")      max(card, feature.amount_ratio, "14d")
//   mean(card, amount, "90d", label == "legitimate")
//
// Past and present share one row of slots: fields and features stand where they stand for the present payment, and the
// facts below have slots that no expression over the present payment can name.
//
//   slots: [ fields | decision, score, outcome, label | histories, features, … ]

import Aggregates
import Expressions

/// What is known of a past payment beside its fields and features.
enum PastFact: Int, CaseIterable {
    /// approve, challenge, review or decline.
    case decision
    /// 0 to 999.
    case score
    /// What became of it; missing before an outcome is told.
    case outcome
    /// fraud or legitimate; missing while unknown.
    case label

    var slot: Int { PaymentField.count + rawValue }

    var name: String {
        switch self {
        case .decision: "decision"
        case .score: "score"
        case .outcome: "outcome"
        case .label: "label"
        }
    }

    var type: ValueType { self == .score ? .int : .string }

    /// The words that a text may be; nil for a number.
    var words: [String]? {
        switch self {
        case .decision: Verdict.allCases.map(\.rawValue)
        case .score: nil
        case .outcome: OutcomeStatus.allCases.map(\.rawValue)
        case .label: LabelValue.allCases.map(\.rawValue)
        }
    }

    /// Reserves the slots, behind the fields of the payment.
    static func reserve(in environment: inout Environment) {
        for fact in allCases {
            let slot = environment.addUnnamed(fact.type, label: fact.name)
            precondition(slot == fact.slot, "facts of a past payment stand behind its fields")
        }
    }
}

/// On what of a past payment an expression depends, beside its fields.
struct PastNeeds: OptionSet, Sendable {
    let rawValue: UInt8

    /// Features as they were computed then.
    static var features: PastNeeds { PastNeeds(rawValue: 1) }
    /// The decision or its score.
    static var decision: PastNeeds { PastNeeds(rawValue: 2) }
    static var outcome: PastNeeds { PastNeeds(rawValue: 4) }
    static var label: PastNeeds { PastNeeds(rawValue: 8) }

    /// What becomes known later, and differently at different times.
    var isKnowledge: Bool { rawValue & (Self.outcome.rawValue | Self.label.rawValue) != 0 }
    /// Whether it can be evaluated before the payment is decided: its own history may then count the payment itself.
    var isFixedAtArrival: Bool { rawValue == 0 }
}

/// A measure or a condition, over a past payment.
struct PastExpression: Sendable {
    let program: SharedProgram
    let type: ValueType
    let needs: PastNeeds
    /// The slots of the features that it reads.
    let featureSlots: [Int]
    /// Canonical text: equal ones are kept once.
    let text: String
}

/// The names of a past payment, over the slots of the present one.
struct PastEnvironment {
    private var environment = Environment()

    init() {
        for definition in PaymentSchema.definitions {
            if let type = definition.kind.valueType {
                environment.declare(definition.name, type)
            } else {
                _ = environment.addUnnamed(.string, label: definition.name)
            }
        }
        for fact in PastFact.allCases { environment.declare(fact.name, fact.type) }
        DomainFunctions.declare(in: &environment)
    }

    /// Takes in the features that were declared since, and leaves out the slots of histories.
    private mutating func follow(_ present: Environment) {
        for column in present.columns[environment.slotCount...] {
            if column.isNamed, column.name.hasPrefix("feature.") {
                environment.declare(column.name, column.type)
            } else {
                _ = environment.addUnnamed(column.type, label: column.name)
            }
        }
    }

    /// Compiles a condition or a measure.
    mutating func compile(
        _ expression: Expression, following present: Environment, expecting types: [ValueType]
    ) throws(ExpressionError) -> PastExpression {
        follow(present)
        try checkWords(of: expression)
        var resolver = NoHistories()
        let program = try Program(
            compiling: expression, environment: &environment, resolver: &resolver, expecting: types)
        var needs: PastNeeds = []
        var featureSlots: [Int] = []
        for slot in program.slots where slot >= PaymentField.count {
            switch PastFact(rawValue: slot - PaymentField.count) {
            case .decision, .score: needs.insert(.decision)
            case .outcome: needs.insert(.outcome)
            case .label: needs.insert(.label)
            case nil:
                needs.insert(.features)
                featureSlots.append(slot)
            }
        }
        return PastExpression(
            program: SharedProgram(program), type: program.resultType, needs: needs, featureSlots: featureSlots,
            text: expression.description)
    }

    /// Refuses a comparison of a fact with a word that it never is: `label == "froud"`.
    private func checkWords(of expression: Expression) throws(ExpressionError) {
        if case .binary(let comparison, let left, let right) = expression.kind,
            [.equal, .notEqual, .in].contains(comparison)
        {
            for (name, other) in [(left, right), (right, left)] {
                guard let fact = PastFact.allCases.first(where: { $0.name == name.dottedName }),
                    let words = fact.words
                else { continue }
                var literals = [other]
                if case .list(let elements) = other.kind { literals = elements }
                for literal in literals {
                    guard let text = literal.stringLiteral, !words.contains(text) else { continue }
                    let hint = nearest(to: text, among: words).map { "; did you mean \"\($0)\"?" } ?? "."
                    throw ExpressionError(
                        "\(fact.name) is never \"\(text)\"\(hint) Its words: \(words.joined(separator: ", "))",
                        at: literal)
                }
            }
        }
        for child in expression.kind.children { try checkWords(of: child) }
    }
}

/// Within a condition or a measure no history may stand.
private struct NoHistories: CallResolver {
    mutating func resolve(
        name: String, arguments: [Expression], environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot? {
        guard HistoryCatalog.readNames.contains(name) || name == "before" else { return nil }
        throw ExpressionError(
            "a history can't be taken over another history (\(name)); make it a feature, and name that",
            at: arguments.first ?? Literals.empty)
    }

    var names: [String] { [] }
}

/// A place for an error about a call that was written without arguments.
enum Literals {
    static let empty: Expression = {
        do throws(ExpressionError) {
            return try Expression(parsing: "true")
        } catch {
            preconditionFailure("true is an expression")
        }
    }()
}
