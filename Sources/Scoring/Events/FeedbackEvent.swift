// What becomes known of a payment later: outcomes (what the authorization and the money did) and labels (fraud or
// not). Both are checked like payments, kept in the log in sequence, and never change what was decided.

import JSON

public enum LabelValue: String, Sendable, CaseIterable {
    case fraud, legitimate
}

public enum LabelSource: String, Sendable, CaseIterable {
    case chargeback
    case earlyFraudWarning = "early_fraud_warning"
    case manualReview = "manual_review"
    case refund
    case customerConfirmed = "customer_confirmed"
}

public enum OutcomeStatus: String, Sendable, CaseIterable {
    case authorized, declined, captured, refunded, voided
}

/// The fields of one kind of event, and how each is checked.
public struct FeedbackSchema: Sendable {
    public struct Field: Sendable {
        public let name: String
        public let kind: PaymentFieldKind
        public let isRequired: Bool
    }

    public let fields: [Field]

    public static let label = FeedbackSchema(fields: [
        Field(name: "transaction_id", kind: .text(maximumBytes: 128), isRequired: true),
        Field(name: "label", kind: .choice(LabelValue.allCases.map(\.rawValue)), isRequired: true),
        Field(name: "source", kind: .choice(LabelSource.allCases.map(\.rawValue)), isRequired: true),
        Field(name: "reason_code", kind: .text(maximumBytes: 64), isRequired: false),
        Field(name: "event_at", kind: .timestamp, isRequired: false),
        Field(name: "labelled_at", kind: .timestamp, isRequired: true),
        Field(name: "amount", kind: .integer(0...PaymentLimits.maximumAmountMinorUnits), isRequired: false),
    ])

    public static let outcome = FeedbackSchema(fields: [
        Field(name: "transaction_id", kind: .text(maximumBytes: 128), isRequired: true),
        Field(name: "status", kind: .choice(OutcomeStatus.allCases.map(\.rawValue)), isRequired: true),
        Field(name: "response_code", kind: .text(maximumBytes: 16), isRequired: false),
        Field(name: "occurred_at", kind: .timestamp, isRequired: true),
    ])

    /// What is wrong with an event, field by field, up to `PaymentLimits.reportedProblems`; empty where nothing is.
    ///
    /// - Parameter pointer: Where the event stands in the document.
    public func problems(in value: JSONValue, at pointer: String = "") -> [FieldProblem] {
        guard case .object(let members) = value else {
            return [FieldProblem(pointer: pointer, code: .wrongType, detail: "must be an object")]
        }
        var problems: [FieldProblem] = []
        for member in members where problems.count < PaymentLimits.reportedProblems {
            let name = Array(member.key.utf8)
            guard CardDataScreen.finding(in: name.span) == nil else {
                problems.append(FieldProblem(pointer: pointer, code: .unknown, detail: "has a member that is no field"))
                continue
            }
            let place = JSONPointer.append(member.key, to: pointer)
            guard let field = fields.first(where: { $0.name == member.key }) else {
                let known = fields.map(\.name).joined(separator: ", ")
                problems.append(
                    FieldProblem(pointer: place, code: .unknown, detail: "is no field here; known: \(known)"))
                continue
            }
            if let problem = Self.problem(member.value, field, at: place) { problems.append(problem) }
        }
        for field in fields where field.isRequired {
            if members.contains(where: { $0.key == field.name && $0.value != .null }) { continue }
            problems.append(
                FieldProblem(
                    pointer: JSONPointer.append(field.name, to: pointer), code: .missing, detail: "is required"))
        }
        return problems
    }

    private static func problem(_ value: JSONValue, _ field: Field, at pointer: String) -> FieldProblem? {
        switch (field.kind, value) {
        case (_, .null): return nil
        case (.integer(let range), .integer(let integer)):
            return range.contains(integer)
                ? nil
                : FieldProblem(
                    pointer: pointer, code: .outOfRange,
                    detail: "must be from \(range.lowerBound) to \(range.upperBound)")
        case (.integer, _): return FieldProblem(pointer: pointer, code: .wrongType, detail: "must be a whole number")
        case (_, .string(let text)):
            let bytes = Array(text.utf8)
            if let finding = CardDataScreen.finding(in: bytes.span) {
                return FieldProblem(pointer: pointer, code: .cardData, detail: finding.detail)
            }
            return TextRule.problem(field.kind, bytes.span, origin: .request).map {
                FieldProblem(pointer: pointer, code: $0.code, detail: $0.detail)
            }
        default: return FieldProblem(pointer: pointer, code: .wrongType, detail: "must be a string")
        }
    }
}

/// A label as it was told.
public struct Label: Sendable, Equatable {
    public let transactionID: String
    public let value: LabelValue
    public let source: LabelSource
    public let labelledAtNanoseconds: Int64

    public init(transactionID: String, value: LabelValue, source: LabelSource, labelledAtNanoseconds: Int64) {
        self.transactionID = transactionID
        self.value = value
        self.source = source
        self.labelledAtNanoseconds = labelledAtNanoseconds
    }

    /// A label from its JSON object.
    public init(_ json: JSONValue) throws(PaymentProblem) {
        let problems = FeedbackSchema.label.problems(in: json)
        guard problems.isEmpty, let transactionID = json["transaction_id"]?.text,
            let value = json["label"]?.text.flatMap(LabelValue.init(rawValue:)),
            let source = json["source"]?.text.flatMap(LabelSource.init(rawValue:)),
            let labelledAt = json["labelled_at"]?.text,
            let nanoseconds = Timestamp.nanoseconds(parsing: Array(labelledAt.utf8).span)
        else { throw .invalid(problems, unreported: 0) }
        self.init(transactionID: transactionID, value: value, source: source, labelledAtNanoseconds: nanoseconds)
    }
}

extension JSONValue {
    /// The text of a string; nil of anything else.
    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
