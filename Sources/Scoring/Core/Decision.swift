// What is decided of one payment, as values: what the answer says, what the record keeps, what a replay must find again.

/// Which rung of the deadline ladder answered.
public enum DecisionSource: String, Sendable, CaseIterable {
    case model
    /// The first trees of the model.
    case truncated = "model_truncated"
    case rules
    /// The static answer of the policy.
    case fallback = "default"
}

/// How a decision's reasons were found.
public enum ExplanationMethod: String, Sendable, CaseIterable {
    /// Exact Shapley values of the model's margin.
    case treeSHAP = "tree_shap"
    /// The changes of the mean margin along the payment's own path: cheap, and its sum is exact.
    case path = "path_attribution"
    /// The points of the rules that matched.
    case points = "rule_points"
}

/// Why a payment was not answered by the model.
public enum DegradedReason: String, Sendable, CaseIterable {
    case noModel = "no_model"
    /// A model was configured and refused at load.
    case modelRefused = "model_refused"
    case modelFailed = "model_failed"
    case budgetShort = "budget_short"
}

public struct FiredRule: Sendable, Equatable {
    /// Index of the rule in the plan.
    public let rule: Int
    /// The rule's action, or what it does on an error.
    public let action: RuleDefinition.Action
}

/// One decision. A value of it is reused for payment after payment, so that deciding allocates nothing.
public struct Decision: Sendable, Equatable {
    public internal(set) var sequence: UInt64 = 0
    public internal(set) var verdict = Verdict.approve
    /// 0 to 999, on the scale of false positives.
    public internal(set) var score = 0
    /// The score's level; a rule that approves or declines does not change it.
    public internal(set) var riskLevel = RiskLevel.normal
    /// Calibrated; nil where no model answered, because points are no probability.
    public internal(set) var probability: Double?
    /// The raw margin of the model, or of its first trees.
    public internal(set) var margin: Double?
    /// How many trees of the model answered, where not all of them did.
    public internal(set) var truncatedTrees: Int?
    public internal(set) var source = DecisionSource.fallback
    public internal(set) var degradedReason: DegradedReason?
    /// Rules that matched, in the order of the file.
    public internal(set) var firedRules: [FiredRule] = []
    /// Rules whose condition ended missing, and in an error.
    public internal(set) var missingRules = 0
    public internal(set) var failedRules = 0
    /// What the model saw, in the order of features.yaml; NaN is missing.
    public internal(set) var features: [Double] = []
    /// Features that ended in an error and count as missing.
    public internal(set) var failedFeatures = 0
    /// A history reached events that are no longer kept one by one: it is approximate, or over the others alone.
    public internal(set) var hasPartialHistory = false
    /// The segment of the policy whose bands decided, by its place; nil: those of everybody else.
    public internal(set) var segment: Int?
    /// Histories of the payment's entities that a reload has added and that do not know their whole window yet, by their
    /// place in `Core.youngHistories`.
    public internal(set) var youngHistories: [Int] = []
    /// Which lists the payment's address is in, a bit a question of the plan: the address itself is not kept.
    var addressBits: UInt64 = 0

    public init() {}

    /// Bit for bit: a missing feature, which is NaN, equals a missing feature.
    public static func == (a: Decision, b: Decision) -> Bool {
        a.sequence == b.sequence && a.verdict == b.verdict && a.score == b.score && a.riskLevel == b.riskLevel
            && a.probability?.bitPattern == b.probability?.bitPattern && a.margin?.bitPattern == b.margin?.bitPattern
            && a.truncatedTrees == b.truncatedTrees && a.source == b.source && a.degradedReason == b.degradedReason
            && a.firedRules == b.firedRules
            && a.missingRules == b.missingRules && a.failedRules == b.failedRules
            && a.features.map(\.bitPattern) == b.features.map(\.bitPattern) && a.failedFeatures == b.failedFeatures
            && a.hasPartialHistory == b.hasPartialHistory && a.segment == b.segment
            && a.youngHistories == b.youngHistories && a.addressBits == b.addressBits
    }
}

/// The costs that the ladder reckons with, measured where the service runs.
public struct LadderCosts: Sendable, Equatable {
    /// Features and rules of one payment.
    public var rulesNanoseconds: Int64
    /// Margin of one row.
    public var modelNanoseconds: Int64
    /// The shorter ensemble that stands in when the time is short for the whole; nil where there is none.
    public var truncated: Truncated?
    /// An exact explanation; nil where only the path attribution can be had.
    public var explanationNanoseconds: Int64?

    public struct Truncated: Sendable, Equatable {
        /// Index of the bundle's shorter ensembles.
        public var ensemble: Int
        public var nanoseconds: Int64

        public init(ensemble: Int, nanoseconds: Int64) {
            self.ensemble = ensemble
            self.nanoseconds = nanoseconds
        }
    }

    public init(
        rulesNanoseconds: Int64, modelNanoseconds: Int64, truncated: Truncated? = nil,
        explanationNanoseconds: Int64? = nil
    ) {
        self.rulesNanoseconds = rulesNanoseconds
        self.modelNanoseconds = modelNanoseconds
        self.truncated = truncated
        self.explanationNanoseconds = explanationNanoseconds
    }
}

/// When the stages of a payment ended, by whatever clock the edge passes in; they don't touch the decision.
public struct StageTimes: Sendable, Equatable {
    public var startNanoseconds: UInt64 = 0
    public var featuresNanoseconds: UInt64 = 0
    public var rulesNanoseconds: UInt64 = 0
    public var modelNanoseconds: UInt64 = 0

    public init() {}
}
