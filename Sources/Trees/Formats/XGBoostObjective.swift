// XGBoost's objectives that are scored, and what each makes of base_score and of a margin. Both follow the version that
// wrote the file: the library has changed its mind more than once, and newer ones read an old file differently.
import Glibc

/// The version in a document; one without is taken for the newest.
struct XGBoostVersion: Comparable {
    var major = 3
    var minor = 2

    /// From here on the base_score of binary:logitraw is a margin; before, a probability.
    static let rawLogitsFromMargin = XGBoostVersion(major: 1, minor: 3)
    /// From here on a sum begins with the base margin; before, it begins with 0, and the base is added last.
    static let baseFirst = XGBoostVersion(major: 1, minor: 3)
    /// From here on exponents are cut where expf overflows.
    static let boundedExponent = XGBoostVersion(major: 1, minor: 6)
    /// From here on a probability is held away from 0 and 1; before, 0 and 1 are refused.
    static let clampedProbability = XGBoostVersion(major: 3, minor: 2)

    static func < (left: XGBoostVersion, right: XGBoostVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

enum XGBoostObjective: String, CaseIterable {
    case binaryLogistic = "binary:logistic"
    case binaryRawLogits = "binary:logitraw"
    case rankPairwise = "rank:pairwise"
    case rankNDCG = "rank:ndcg"
    case rankMAP = "rank:map"
    case logistic = "reg:logistic"
    case squaredError = "reg:squarederror"
    /// The old name of reg:squarederror, which the library still reads.
    case linear = "reg:linear"
    case squaredLogError = "reg:squaredlogerror"
    case absoluteError = "reg:absoluteerror"
    case pseudoHuberError = "reg:pseudohubererror"
    case quantileError = "reg:quantileerror"

    static let supported = allCases.map(\.rawValue).joined(separator: ", ")
    /// XGBoost keeps a probability this far from 0 and 1.
    static let probabilityMargin: Float = 1e-6

    /// Where XGBoost cuts exponents: expf overflows a little later.
    static let largestExponent: Float = 88.7

    func objective(_ version: XGBoostVersion) -> Objective {
        switch self {
        case .binaryLogistic, .logistic:
            let largest = version >= .boundedExponent ? Self.largestExponent : .infinity
            return Objective(name: rawValue, link: .singleLogistic(largestExponent: largest))
        default:
            return Objective(name: rawValue, link: .identity)
        }
    }

    /// Whether base_score is a probability; otherwise it is a margin.
    func readsProbability(_ version: XGBoostVersion) -> Bool {
        switch self {
        case .binaryLogistic, .logistic: true
        case .binaryRawLogits: version < .rawLogitsFromMargin
        default: false
        }
    }

    /// The start of the sum for a base_score; nil when it is no probability and has to be one.
    func baseMargin(ofBaseScore score: Float, version: XGBoostVersion) -> Float? {
        guard readsProbability(version) else { return score }
        var probability = score
        if version >= .clampedProbability {
            guard score >= 0, score <= 1 else { return nil }
            probability = min(max(score, Self.probabilityMargin), 1 - Self.probabilityMargin)
        }
        guard probability > 0, probability < 1 else { return nil }
        return -logf(1 / probability - 1)
    }
}
