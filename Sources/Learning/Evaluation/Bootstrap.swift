// Intervals by resampling whole clusters: payments of one day, or of one card, are alike, and drawing single payments would
// make intervals that are too narrow. Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 8 and 13.

/// Draws by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): equal seeds give equal draws on any machine.
struct Draws {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A number below `bound`.
    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Int(z.multipliedFullWidth(by: UInt64(bound)).high)
    }
}

/// The middle 95 % of what resampling gave.
public struct MetricInterval: Sendable, Equatable {
    public let low: Double
    public let high: Double
}

enum Bootstrap {
    /// Below this share of resamplings that have a value, a metric gets no interval.
    static let neededShare = 0.5
    static let tail = 0.025

    /// An interval for each value, nil where there is none: fewer than two clusters, or too often undefined.
    static func intervals(
        clusters: Int, rounds: Int, seed: UInt64, valueCount: Int, values: ([Double]) -> [Double]
    ) -> [MetricInterval?] {
        guard clusters >= 2, rounds > 0 else { return [MetricInterval?](repeating: nil, count: valueCount) }
        var draws = Draws(seed: seed)
        var found = [[Double]](repeating: [], count: valueCount)
        for _ in 0..<rounds {
            var weights = [Double](repeating: 0, count: clusters)
            for _ in 0..<clusters { weights[draws.next(below: clusters)] += 1 }
            for (place, value) in values(weights).enumerated() where value.isFinite { found[place].append(value) }
        }
        return found.map { values in
            guard Double(values.count) >= neededShare * Double(rounds), !values.isEmpty else { return nil }
            let sorted = values.sorted()
            return MetricInterval(low: quantile(sorted, tail), high: quantile(sorted, 1 - tail))
        }
    }

    /// Linear between neighbours (type 7 of Hyndman and Fan, The American Statistician 50(4), 1996).
    static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        guard below + 1 < sorted.count else { return sorted[sorted.count - 1] }
        return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}
