// What stands between the trees' sum and a probability, in XGBoost's own Float arithmetic: the C library's logf and
// expf, since other implementations differ in the last bit.
import Glibc

/// The objectives that are scored.
enum Objective: String, Sendable {
    case binaryLogistic = "binary:logistic"
    case regressionLogistic = "reg:logistic"

    static let supported = "binary:logistic, reg:logistic"
    /// XGBoost keeps base_score this far from 0 and 1.
    static let margin: Float = 1e-6
    /// Beyond this expf overflows.
    static let largestExponent: Float = 88.7

    /// The start of the sum for a base_score; nil when it is no probability.
    func baseMargin(ofBaseScore score: Float) -> Float? {
        guard score >= 0, score <= 1 else { return nil }
        let clamped = min(max(score, Self.margin), 1 - Self.margin)
        return -logf(1 / clamped - 1)
    }

    func probability(ofMargin margin: Float) -> Float {
        1 / (expf(min(-margin, Self.largestExponent)) + 1 + 1e-16)
    }
}
