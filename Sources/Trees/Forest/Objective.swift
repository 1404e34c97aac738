// What stands between the trees' sum and a prediction, in the library's own arithmetic: the C library's functions, since
// other implementations differ in the last bit.
import Glibc

/// What a model was trained for, as far as scoring needs to know.
public struct Objective: Sendable, Equatable {
    /// From margin to the library's own prediction.
    public enum Link: Sendable, Equatable {
        /// The prediction is the margin: rankings, regressions, raw log-odds.
        case identity
        /// 1 / (1 + exp(-margin)), computed in Float as XGBoost does, with -margin cut at an exponent.
        case singleLogistic(largestExponent: Float)
        /// 1 / (1 + exp(-slope × margin)), in Double.
        case logistic(slope: Double)
    }

    /// As the file names it, such as "binary:logistic".
    public let name: String
    public let link: Link
    /// How many trees a margin is shared among before the link: those of a random forest (`average_output` of LightGBM,
    /// whose raw margin is the sum), else 1.
    public private(set) var averagedTrees = 1

    init(name: String, link: Link) {
        self.name = name
        self.link = link
    }

    /// - Parameter trees: 0 counts as 1.
    func averaging(trees: Int) -> Objective {
        var objective = self
        objective.averagedTrees = max(trees, 1)
        return objective
    }

    /// The prediction that the library itself makes of a margin: a probability, or the margin again.
    ///
    /// - Parameter trees: That the margin is of, where not all: a random forest shares it among so many.
    public func prediction(ofMargin margin: Double, ofFirst trees: Int = .max) -> Double {
        // Division by 1 changes nothing.
        let margin = margin / Double(max(min(trees, averagedTrees), 1))
        switch link {
        case .identity:
            return margin
        case .singleLogistic(let largestExponent):
            return Double(1 / (expf(min(-Float(margin), largestExponent)) + 1 + 1e-16))
        case .logistic(let slope):
            return 1 / (1 + exp(-slope * margin))
        }
    }

    /// A probability in any case: where the library gives the margin alone, it is read as log-odds.
    public func probability(ofMargin margin: Double, ofFirst trees: Int = .max) -> Double {
        let prediction = prediction(ofMargin: margin, ofFirst: trees)
        return link == .identity ? 1 / (1 + exp(-prediction)) : prediction
    }
}
