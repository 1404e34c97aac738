// The decision as a client reads it: the object of the answer, which the record keeps as it was given.

import JSON
import Platform

/// What the answer names beside the decision itself; made once for a plan and a model.
public struct AnswerContext: Sendable {
    static let digestBytes = 6
    let plan: ScoringPlan
    /// The members that are the same in every answer, as JSON.
    let constantMembers: [UInt8]
    let young: [YoungHistory]

    /// - Parameters:
    ///   - young: Histories that a payment may find without their whole window.
    ///   - isGoverned: Whether the governor has taken the word from the rules.
    public init(plan: ScoringPlan, model: ModelState, young: [YoungHistory] = [], isGoverned: Bool = false) {
        self.plan = plan
        self.young = young
        var json = JSONWriter()
        json.key("versions")
        json.beginObject()
        json.key("model")
        if case .serving(let model) = model { json.string(model.manifest.version) } else { json.null() }
        json.key("rules")
        json.string(String(plan.digests.rules.hexadecimal.prefix(Self.digestBytes * 2)))
        json.key("features")
        json.string(String(plan.digests.features.hexadecimal.prefix(Self.digestBytes * 2)))
        json.endObject()
        // Nothing is drawn yet: every payment is in the control arm with certainty.
        json.key("experiment")
        json.raw(#"{"arm":"control","propensity":1.0}"#)
        if isGoverned {
            json.key("governor")
            json.string("engaged" as StaticString)
        }
        constantMembers = json.bytes
    }
}

/// Microseconds that the stages of one payment took.
public struct StageLatencies: Sendable, Equatable {
    public var parse: Int64
    public var features: Int64
    public var rules: Int64
    public var model: Int64
    public var total: Int64

    public init(parse: Int64, features: Int64, rules: Int64, model: Int64, total: Int64) {
        self.parse = parse
        self.features = features
        self.rules = rules
        self.model = model
        self.total = total
    }

    /// Nothing was timed: a batch, which nobody waits for.
    public static let none = StageLatencies(parse: 0, features: 0, rules: 0, model: 0, total: 0)
}

/// Names a decision: the digest of its sequence number and its transaction, so that equal runs give equal names.
enum DecisionID {
    static let prefix = "dec_"
    static let digestBytes = 10

    static func append(sequence: UInt64, transactionID: Span<UInt8>, to bytes: inout [UInt8]) {
        var hash = SHA256()
        var number = InlineArray<8, UInt8>(repeating: 0)
        for i in 0..<8 { number[i] = UInt8(truncatingIfNeeded: sequence >> UInt64(56 - 8 * i)) }
        hash.update(number.span)
        hash.update(transactionID)
        bytes.append(contentsOf: prefix.utf8)
        hash.finalize().appendHexadecimal(to: &bytes, digestBytes: digestBytes)
    }
}

public enum DecisionAnswer {
    /// Appends the answer's object. `recorded` is written as true.
    ///
    /// - Returns: The offset of that `true`, so that an answer whose record was not kept can say false.
    public static func write(
        _ decision: Decision, transactionID: Span<UInt8>, reasons: [Reason], explanation: ExplanationMethod?,
        latencies: StageLatencies, context: AnswerContext, to json: inout JSONWriter, scratch: inout [UInt8]
    ) -> Int {
        json.beginObject()
        json.key("transaction_id")
        json.string(utf8: transactionID)
        json.key("decision_id")
        scratch.removeAll(keepingCapacity: true)
        DecisionID.append(sequence: decision.sequence, transactionID: transactionID, to: &scratch)
        json.string(utf8: scratch.span)
        json.key("decision")
        json.string(decision.verdict.name)
        json.key("score")
        json.integer(Int64(decision.score))
        json.key("probability")
        if let probability = decision.probability { json.double(probability) } else { json.null() }
        json.key("risk_level")
        json.string(decision.riskLevel.name)
        json.key("decision_source")
        json.string(decision.source.name)
        json.key("degraded")
        json.bool(decision.degradedReason != nil)
        json.key("degraded_reason")
        if let reason = decision.degradedReason { json.string(reason.name) } else { json.null() }
        json.key("reasons")
        json.beginArray()
        for i in reasons.indices { reasons[i].write(to: &json) }
        json.endArray()
        json.key("explanation")
        if let explanation { json.string(explanation.name) } else { json.null() }
        writeRules(decision, context.plan, to: &json)
        if let segment = decision.segment {
            json.key("segment")
            json.string(context.plan.segments[segment].name)
        }
        if !decision.youngHistories.isEmpty { writeYoung(decision, context.young, to: &json) }
        json.raw(context.constantMembers.span)
        json.key("recorded")
        json.bool(true)
        let recordedOffset = json.bytes.count - 4
        write(latencies, to: &json)
        json.endObject()
        return recordedOffset
    }

    private static func writeRules(_ decision: Decision, _ plan: ScoringPlan, to json: inout JSONWriter) {
        json.key("rules")
        json.beginArray()
        for i in decision.firedRules.indices {
            let fired = decision.firedRules[i]
            json.beginObject()
            json.key("id")
            json.string(plan.rules[fired.rule].definition.id)
            json.key("action")
            json.string(fired.action.name)
            json.endObject()
        }
        json.endArray()
    }

    private static func writeYoung(_ decision: Decision, _ young: [YoungHistory], to json: inout JSONWriter) {
        json.key("history_since")
        json.beginObject()
        for i in decision.youngHistories {
            json.key(young[i].text)
            json.timestamp(young[i].sinceNanoseconds)
        }
        json.endObject()
    }

    private static func write(_ latencies: StageLatencies, to json: inout JSONWriter) {
        json.key("latency_us")
        json.beginObject()
        json.key("parse")
        json.integer(latencies.parse)
        json.key("features")
        json.integer(latencies.features)
        json.key("rules")
        json.integer(latencies.rules)
        json.key("model")
        json.integer(latencies.model)
        json.key("total")
        json.integer(latencies.total)
        json.endObject()
    }
}

// Raw values of enumerations are made anew at each call; these are the same words as constants.
extension Verdict {
    var name: StaticString {
        switch self {
        case .approve: "approve"
        case .review: "review"
        case .challenge: "challenge"
        case .decline: "decline"
        }
    }
}

extension RiskLevel {
    var name: StaticString {
        switch self {
        case .normal: "normal"
        case .elevated: "elevated"
        case .highest: "highest"
        }
    }
}

extension DecisionSource {
    var name: StaticString {
        switch self {
        case .model: "model"
        case .truncated: "model_truncated"
        case .rules: "rules"
        case .fallback: "default"
        }
    }
}

extension ExplanationMethod {
    var name: StaticString {
        switch self {
        case .treeSHAP: "tree_shap"
        case .path: "path_attribution"
        case .points: "rule_points"
        }
    }
}

extension DegradedReason {
    var name: StaticString {
        switch self {
        case .noModel: "no_model"
        case .modelRefused: "model_refused"
        case .modelFailed: "model_failed"
        case .budgetShort: "budget_short"
        }
    }
}

extension RuleDefinition.Action {
    var name: StaticString {
        switch self {
        case .approve: "approve"
        case .review: "review"
        case .challenge: "challenge"
        case .decline: "decline"
        case .score: "score"
        case .observe: "observe"
        }
    }
}
