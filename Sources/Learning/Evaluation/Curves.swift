// What is drawn: few points that look like all of them.

import Scoring

/// One threshold.
public struct CurvePoint: Sendable, Equatable {
    public let threshold: Double
    public let recall: Double
    public let precision: Double
    /// Shares of the value of all frauds, and of all legitimate payments, that score at least `threshold`.
    public let fraudValueShare: Double
    public let legitimateValueShare: Double
}

/// Scores from `from` up to the next bar, the last one included.
public struct HistogramBar: Sendable, Equatable {
    public let from: Double
    public let to: Double
    public internal(set) var frauds = 0
    public internal(set) var legitimate = 0
}

public struct EvaluationCurves: Sendable {
    static let pointCount = 400
    static let barCount = 60

    /// By recall, for precision over recall; empty where there is no fraud.
    public let precisionRecall: [CurvePoint]
    /// Evenly over the scores, for value over threshold; empty where there are no amounts or no fraud.
    public let valueByThreshold: [CurvePoint]
    public let histogram: [HistogramBar]
    public let reliability: [CalibrationBin]

    init(_ sample: RankedSample, _ rank: RankMetrics) {
        let finite = sample.scores.filter(\.isFinite)
        let low = finite.last ?? 0
        let high = finite.first ?? 0
        histogram = Self.histogram(sample, low: low, high: high)
        reliability = sample.hasProbabilities ? CalibrationBins.reliability(sample) : []
        guard rank.frauds > 0 else {
            (precisionRecall, valueByThreshold) = ([], [])
            return
        }
        var byRecall: [CurvePoint] = []
        var byThreshold: [CurvePoint] = []
        let thresholdStep = (high - low) / Double(Self.pointCount)
        var sums = (frauds: 0.0, all: 0.0, fraudValue: 0.0, legitimateValue: 0.0)
        var row = 0
        while row < sample.count {
            let score = sample.scores[row]
            while row < sample.count, sample.scores[row] == score {
                let amount = sample.hasAmounts ? sample.amounts[row] : 0
                sums.all += 1
                if sample.isFraud[row] {
                    sums.frauds += 1
                    sums.fraudValue += amount
                } else {
                    sums.legitimateValue += amount
                }
                row += 1
            }
            let point = CurvePoint(
                threshold: score, recall: sums.frauds / rank.frauds, precision: sums.frauds / sums.all,
                fraudValueShare: rank.fraudValue > 0 ? sums.fraudValue / rank.fraudValue : 0,
                legitimateValueShare: rank.legitimateValue > 0 ? sums.legitimateValue / rank.legitimateValue : 0)
            let isLast = row == sample.count
            let gained = point.recall - (byRecall.last?.recall ?? 0)
            if byRecall.isEmpty || gained >= 1 / Double(Self.pointCount) || isLast && gained > 0 {
                byRecall.append(point)
            }
            let isFar = byThreshold.last.map { $0.threshold - score >= thresholdStep } ?? true
            if score.isFinite, isFar || isLast { byThreshold.append(point) }
        }
        precisionRecall = byRecall
        valueByThreshold = sample.hasAmounts && rank.fraudValue > 0 ? byThreshold : []
    }

    private static func histogram(_ sample: RankedSample, low: Double, high: Double) -> [HistogramBar] {
        let count = high > low ? barCount : 1
        let width = high > low ? (high - low) / Double(count) : 1
        var bars = (0..<count).map { HistogramBar(from: low + Double($0) * width, to: low + Double($0 + 1) * width) }
        for row in 0..<sample.count {
            let place = max(0, min(Double(count - 1), ((sample.scores[row] - low) / width).rounded(.down)))
            if sample.isFraud[row] { bars[Int(place)].frauds += 1 } else { bars[Int(place)].legitimate += 1 }
        }
        return bars
    }
}

/// The date of a day since 1970, `2026-11-23`.
func dateText(day: Int64) -> String {
    String(Timestamp.text(nanoseconds: day * EvaluationTable.dayNanoseconds).prefix(10))
}
