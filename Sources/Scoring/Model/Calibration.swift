// From a margin to what a user can rely on: a probability that holds over all payments, and a score on a fixed scale
// of false positives. Both outlive a retraining: the next model brings its own tables.

import Glibc

/// A line through points, ascending in `x`; flat beyond its ends.
public struct PiecewiseLinear: Sendable, Equatable {
    public static let maximumPoints = 4_096
    public let x: [Double]
    public let y: [Double]

    /// nil where there is no point, `x` does not rise strictly, or a number is not finite.
    public init?(points: [(x: Double, y: Double)]) {
        guard !points.isEmpty, points.count <= Self.maximumPoints else { return nil }
        for (i, point) in points.enumerated() {
            guard point.x.isFinite, point.y.isFinite, i == 0 || point.x > points[i - 1].x else { return nil }
        }
        x = points.map(\.x)
        y = points.map(\.y)
    }

    /// The value at `position`. O(log points).
    public func value(at position: Double) -> Double {
        if position <= x[0] { return y[0] }
        let last = x.count - 1
        if position >= x[last] { return y[last] }
        var low = 0
        var high = last
        while high - low > 1 {
            let middle = (low + high) / 2
            if x[middle] <= position { low = middle } else { high = middle }
        }
        let share = (position - x[low]) / (x[high] - x[low])
        return y[low] + share * (y[high] - y[low])
    }
}

public struct Calibration: Sendable, Equatable {
    /// The share of legitimate payments that training kept, above 0 and at most 1.
    public let legitimateKept: Double
    /// From the probability with down-sampling undone to the observed one; never falling.
    public let isotonic: PiecewiseLinear?

    public init(legitimateKept: Double, isotonic: PiecewiseLinear?) {
        self.legitimateKept = legitimateKept
        self.isotonic = isotonic
    }

    /// Undoes the down-sampling of legitimate payments, p = q / (q + (1 − q) / w), and then the rest.
    ///
    /// Source: A. Dal Pozzolo et al., "Calibrating Probability with Undersampling for Unbalanced Classification",
    /// IEEE SSCI 2015, equation 4.
    public func probability(ofModel q: Double) -> Double {
        let undone = q / (q + (1 - q) / legitimateKept)
        return min(1, max(0, isotonic?.value(at: undone) ?? undone))
    }
}

/// What is made of a margin: a probability and a score.
public struct MarginReadout: Sendable, Equatable {
    public let calibration: Calibration
    public let scale: ScoreScale

    public init(calibration: Calibration, scale: ScoreScale) {
        self.calibration = calibration
        self.scale = scale
    }
}

/// The first trees of a model, which answer when the time is short for all of them. Their margins lie elsewhere, so they
/// have a readout of their own.
public struct TruncatedEnsemble: Sendable, Equatable {
    /// Ensembles in one bundle.
    public static let maximumCount = 8
    static let treeCounts = 1...1_000_000

    public let trees: Int
    public let readout: MarginReadout

    public init(trees: Int, readout: MarginReadout) {
        self.trees = trees
        self.readout = readout
    }
}

/// The score: `min(999, floor(−333 · log10 FPR))`, where FPR is the share of legitimate payments that score at least as
/// high; 333 is one good payment in ten, 666 one in a hundred, 999 one in a thousand.
public struct ScoreScale: Sendable, Equatable {
    /// From a margin to log10 of the false-positive rate.
    private let logarithmOfRate: PiecewiseLinear

    /// - Parameter anchors: Margins, rising, each with the share of legitimate payments at or above it, falling from at
    ///   most 1 and above 0. nil where they are not so.
    public init?(anchors: [(margin: Double, falsePositiveRate: Double)]) {
        for (i, anchor) in anchors.enumerated() {
            guard anchor.falsePositiveRate > 0, anchor.falsePositiveRate <= 1,
                i == 0 || anchor.falsePositiveRate <= anchors[i - 1].falsePositiveRate
            else { return nil }
        }
        guard let line = PiecewiseLinear(points: anchors.map { ($0.margin, log10($0.falsePositiveRate)) }) else {
            return nil
        }
        logarithmOfRate = line
    }

    public func score(ofMargin margin: Double) -> Int {
        Self.score(ofLogarithm: logarithmOfRate.value(at: margin))
    }

    static func score(ofLogarithm logarithm: Double) -> Int {
        // A rate that is a power of ten must not lose its point to the last bit of a logarithm.
        let exact = -333 * logarithm
        return max(0, min(999, Int((exact + 1e-9).rounded(.down))))
    }
}
