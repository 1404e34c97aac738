// Whether probabilities mean what they say: of the payments that are given 2 %, two in a hundred should be fraud.
//
// Brier score: the mean of (p − y)². Expected calibration error (ECE): rows in bins, the mean over rows of the distance
// between a bin's mean probability and its share of frauds; with bins of equal count (the "m", mass, of ECE-m) or of equal
// width. Sources: Brier, Monthly Weather Review 78(1), 1950; Naeini, Cooper and Hauskrecht, AAAI 2015.

import Glibc

/// 1 / (1 + e^-x).
func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// One bin of the reliability curve.
public struct CalibrationBin: Sendable, Equatable {
    public var payments = 0.0
    public var frauds = 0.0
    /// The sum of the probabilities.
    public var predicted = 0.0

    public var meanPredicted: Double { predicted / payments }
    public var observed: Double { frauds / payments }
}

struct Calibration {
    /// NaN where no row has a probability.
    let brier: Double
    let equalCountError: Double
    let equalWidthError: Double
    /// Predicted frauds per observed fraud; NaN without frauds.
    let predictedPerObserved: Double
}

/// The bins of a sample, found once.
struct CalibrationBins {
    private let binCount: Int
    /// For each row of the sample; -1 where it has no probability.
    private let equalCount: [Int16]
    private let equalWidth: [Int16]

    static let binLimits = 2...1_000

    /// Rows of equal probability are in one bin of equal counts, that of the middle of them, so the bins do not depend on
    /// the order of the rows; bins may then be uneven.
    ///
    /// - Complexity: O(n log n).
    init(_ sample: RankedSample, binCount: Int) {
        precondition(Self.binLimits.contains(binCount), "\(binCount) bins")
        self.binCount = binCount
        var equalCount = [Int16](repeating: -1, count: sample.count)
        equalWidth = sample.probabilities.map { p in
            p.isNaN ? -1 : Int16(min(binCount - 1, Int(p * Double(binCount))))
        }
        let order = sample.probabilities.indices.filter { !sample.probabilities[$0].isNaN }
            .sorted { sample.probabilities[$0] < sample.probabilities[$1] }
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, sample.probabilities[order[end]] == sample.probabilities[order[start]] { end += 1 }
            let bin = (start + end - 1) / 2 * binCount / order.count
            for position in start..<end { equalCount[order[position]] = Int16(bin) }
            start = end
        }
        self.equalCount = equalCount
    }

    func calibration(_ sample: RankedSample, weights: [Double]) -> Calibration {
        var byCount = [CalibrationBin](repeating: CalibrationBin(), count: binCount)
        var byWidth = byCount
        var total = CalibrationBin()
        var squares = 0.0
        for row in 0..<sample.probabilities.count where equalCount[row] >= 0 {
            let weight = weights[Int(sample.clusters[row])]
            let p = sample.probabilities[row]
            let y = sample.isFraud[row] ? 1.0 : 0
            squares += weight * (p - y) * (p - y)
            total.add(weight, p, y)
            byCount[Int(equalCount[row])].add(weight, p, y)
            byWidth[Int(equalWidth[row])].add(weight, p, y)
        }
        return Calibration(
            brier: total.payments > 0 ? squares / total.payments : .nan, equalCountError: Self.error(byCount),
            equalWidthError: Self.error(byWidth),
            predictedPerObserved: total.frauds > 0 ? total.predicted / total.frauds : .nan)
    }

    private static func error(_ bins: [CalibrationBin]) -> Double {
        let payments = bins.reduce(0) { $0 + $1.payments }
        let gaps = bins.reduce(0) { $0 + abs($1.predicted - $1.frauds) }
        return payments > 0 ? gaps / payments : .nan
    }

    /// For drawing: bins of half a power of ten, from 1e-5 on, and above 0.1 finer ones, without the empty.
    static func reliability(_ sample: RankedSample) -> [CalibrationBin] {
        let edges = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9]
        var bins = [CalibrationBin](repeating: CalibrationBin(), count: edges.count + 1)
        for row in sample.probabilities.indices where !sample.probabilities[row].isNaN {
            let p = sample.probabilities[row]
            let place = edges.lastIndex { p >= $0 }.map { $0 + 1 } ?? 0
            bins[place].add(1, p, sample.isFraud[row] ? 1 : 0)
        }
        return bins.filter { $0.payments > 0 }
    }
}

extension CalibrationBin {
    fileprivate mutating func add(_ weight: Double, _ p: Double, _ y: Double) {
        payments += weight
        predicted += weight * p
        frauds += weight * y
    }
}
