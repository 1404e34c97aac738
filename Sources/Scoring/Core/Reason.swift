// Why a payment was not simply approved: the rules that matched, then the features that raised the model's margin most.

import Expressions
import JSON

public struct Reason: Sendable, Equatable {
    /// What a feature or a history said; identifiers are never told.
    public enum Value: Sendable, Equatable {
        case missing
        case integer(Int64)
        case number(Double)
        case boolean(Bool)
        case text(String)
    }

    /// Reasons in one answer.
    public static let maximumCount = 6

    public let code: String
    /// The feature, or the history or field that a rule's condition reads first.
    public let feature: String?
    public let value: Value
    /// To the margin, in log-odds, where the model answered; in points where the rules did. nil: a rule beside a model.
    public let contribution: Double?

    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("code")
        json.string(code)
        json.key("feature")
        if let feature { json.string(feature) } else { json.null() }
        json.key("value")
        switch value {
        case .missing: json.null()
        case .integer(let integer): json.integer(integer)
        case .number(let number): json.double(number)
        case .boolean(let boolean): json.bool(boolean)
        case .text(let text): json.string(text)
        }
        json.key("contribution")
        if let contribution { json.double(contribution) } else { json.null() }
        json.endObject()
    }
}

extension Evaluator {
    /// Reasons for the decision that was made last; the frame still holds its payment.
    ///
    /// - Parameter method: How the model's part is found; nil and `.points`: it has none.
    mutating func explain(_ decision: Decision, by method: ExplanationMethod?, into reasons: inout [Reason]) {
        for fired in decision.firedRules where isTold(fired, decision) {
            guard reasons.count < Reason.maximumCount else { return }
            reasons.append(reason(of: fired, decision))
        }
        if method == .treeSHAP || method == .path { appendFeatures(decision, by: method, to: &reasons) }
    }

    /// A rule is a reason when its action bore on the verdict, or its points on the score.
    private func isTold(_ fired: FiredRule, _ decision: Decision) -> Bool {
        if let verdict = fired.action.verdict, verdict != .approve { return true }
        return decision.source == .rules && fired.action != .observe && plan.rules[fired.rule].definition.points > 0
    }

    private func reason(of fired: FiredRule, _ decision: Decision) -> Reason {
        let rule = plan.rules[fired.rule]
        let points = decision.source == .rules ? Double(rule.definition.points) : nil
        guard let slot = rule.reasonSlot else {
            return Reason(code: rule.definition.reason, feature: nil, value: .missing, contribution: points)
        }
        let label = plan.slotLabels[slot]
        return Reason(
            code: rule.definition.reason,
            feature: label.hasPrefix("feature.") ? String(label.dropFirst("feature.".count)) : label,
            value: value(of: frame.slots[slot], plan.slotTypes[slot]), contribution: points)
    }

    private mutating func appendFeatures(
        _ decision: Decision, by method: ExplanationMethod?, to reasons: inout [Reason]
    ) {
        guard let model else { return }
        var contributions: [Double] = []
        swap(&contributions, &self.contributions)
        defer { swap(&contributions, &self.contributions) }
        let trees = model.model.trees
        if method == .treeSHAP {
            trees.shapleyValues(of: modelRow.span, into: &contributions, scratch: model.scratch)
        } else {
            let count = decision.truncatedTrees ?? .max
            trees.pathAttribution(
                ofFirst: count, of: modelRow.span, into: &contributions, scratch: model.scratch)
        }
        while reasons.count < Reason.maximumCount {
            var best = -1
            for column in modelRow.indices where contributions[column] > (best < 0 ? 0 : contributions[best]) {
                best = column
            }
            guard best >= 0 else { return }
            let feature = plan.features[model.columns[best]]
            reasons.append(
                Reason(
                    code: feature.definition.reason, feature: feature.definition.name,
                    value: value(of: frame.slots[feature.slot], feature.type),
                    contribution: contributions[best]))
            contributions[best] = 0
        }
    }

    private func value(of slot: Slot, _ type: ValueType) -> Reason.Value {
        guard slot.isPresent else { return .missing }
        switch type {
        case .int: return .integer(slot.int)
        case .uint: return .integer(Int64(clamping: slot.uint))
        case .double: return .number(slot.double)
        case .bool: return .boolean(slot.bool)
        case .duration: return .number(Double(slot.int) / 1e9)
        case .string:
            return .text(
                String(decoding: frame.text[slot.textOffset..<(slot.textOffset + slot.textCount)], as: UTF8.self))
        case .timestamp: return .text(Timestamp.text(nanoseconds: slot.int))
        case .identifier, .list, .emptyList, .general: return .missing
        }
    }
}
