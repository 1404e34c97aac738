// What only the order of the scores decides: AUC ROC, average precision, recall and money at rates of false positives.
// Rows of equal score are one threshold: nothing that depends on the order within them is ever counted.
//
// Sources: Hanley and McNeil, Radiology 143(1), 1982 (AUC as the chance that a fraud ranks above a legitimate payment, a
// tie counting half); average precision as the sum over thresholds of the gained recall times the precision there.

/// What is reached at the lowest threshold whose false-positive rate is within a limit.
struct OperatingPoint: Equatable {
    /// The share of legitimate payments that may be flagged.
    let limit: Double
    /// Payments with this score or a higher one are flagged; nil where not even the highest score may be.
    var threshold: Double?
    var falsePositiveRate = 0.0
    var flagged = 0.0
    var frauds = 0.0
    var fraudValue = 0.0
    var legitimateValue = 0.0
}

struct RankMetrics {
    private(set) var frauds = 0.0
    private(set) var legitimate = 0.0
    private(set) var fraudValue = 0.0
    private(set) var legitimateValue = 0.0
    /// NaN where there is no fraud or nothing legitimate.
    private(set) var areaUnderROC = Double.nan
    /// NaN where there is no fraud.
    private(set) var averagePrecision = Double.nan
    /// For each limit, in their order.
    private(set) var points: [OperatingPoint]

    /// The part of a limit by which a rate may pass it for rounding.
    private static let tolerance = 1e-9

    /// - Parameters:
    ///   - weights: How often each cluster counts.
    ///   - limits: False-positive rates, ascending.
    /// - Complexity: O(rows + thresholds × limits).
    init(_ sample: RankedSample, weights: [Double], limits: [Double]) {
        points = limits.map { OperatingPoint(limit: $0) }
        total(sample, weights)
        var pairs = 0.0
        var precisions = 0.0
        var here = OperatingPoint(limit: 1)
        var falsePositives = 0.0
        var open = 0
        var row = 0
        while row < sample.count {
            let score = sample.scores[row]
            let before = here
            let falseBefore = falsePositives
            while row < sample.count, sample.scores[row] == score {
                let weight = weights[Int(sample.clusters[row])]
                let amount = sample.hasAmounts ? weight * sample.amounts[row] : 0
                if sample.isFraud[row] {
                    here.frauds += weight
                    here.fraudValue += amount
                } else {
                    falsePositives += weight
                    here.legitimateValue += amount
                }
                row += 1
            }
            here.flagged = here.frauds + falsePositives
            guard here.flagged > before.flagged else { continue }
            here.threshold = score
            here.falsePositiveRate = legitimate > 0 ? falsePositives / legitimate : 0
            let gained = here.frauds - before.frauds
            pairs += (falsePositives - falseBefore) * (before.frauds + gained / 2)
            precisions += gained * here.frauds / here.flagged
            while open < points.count, falsePositives > points[open].limit * legitimate * (1 + Self.tolerance) {
                points[open].take(before)
                open += 1
            }
        }
        while open < points.count {
            points[open].take(here)
            open += 1
        }
        if frauds > 0 { averagePrecision = precisions / frauds }
        if frauds > 0, legitimate > 0 { areaUnderROC = pairs / (frauds * legitimate) }
    }

    private mutating func total(_ sample: RankedSample, _ weights: [Double]) {
        for row in 0..<sample.count {
            let weight = weights[Int(sample.clusters[row])]
            let amount = sample.hasAmounts ? weight * sample.amounts[row] : 0
            if sample.isFraud[row] {
                frauds += weight
                fraudValue += amount
            } else {
                legitimate += weight
                legitimateValue += amount
            }
        }
    }
}

extension OperatingPoint {
    /// Everything but the limit.
    fileprivate mutating func take(_ other: OperatingPoint) {
        let limit = limit
        self = OperatingPoint(
            limit: limit, threshold: other.threshold, falsePositiveRate: other.falsePositiveRate,
            flagged: other.flagged, frauds: other.frauds, fraudValue: other.fraudValue,
            legitimateValue: other.legitimateValue)
    }
}
