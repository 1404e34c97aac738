// A histogram in Prometheus' sense: how many observations were at most so long, with buckets that are close together
// around the budget. Each event loop has its own, so recording is an addition under a lock that nobody else holds but
// a scrape.

struct LatencyCounts: Sendable {
    /// Upper bounds in microseconds; above the last is infinity.
    static let boundsMicroseconds: [Int64] = [
        50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 40_000, 45_000, 50_000, 60_000, 80_000, 100_000,
        250_000, 1_000_000,
    ]

    private var buckets = [UInt64](repeating: 0, count: boundsMicroseconds.count + 1)
    private var sumMicroseconds: Int64 = 0

    mutating func record(microseconds: Int64) {
        var bucket = 0
        while bucket < Self.boundsMicroseconds.count, microseconds > Self.boundsMicroseconds[bucket] { bucket += 1 }
        buckets[bucket] += 1
        sumMicroseconds += microseconds
    }

    static func += (sum: inout LatencyCounts, part: LatencyCounts) {
        for i in sum.buckets.indices { sum.buckets[i] += part.buckets[i] }
        sum.sumMicroseconds += part.sumMicroseconds
    }

    func write(_ name: String, to text: inout String) {
        var cumulative: UInt64 = 0
        for bucket in buckets.indices {
            cumulative += buckets[bucket]
            let bound =
                bucket < Self.boundsMicroseconds.count ? "\(Double(Self.boundsMicroseconds[bucket]) / 1e6)" : "+Inf"
            text += "\(name)_bucket{le=\"\(bound)\"} \(cumulative)\n"
        }
        text += "\(name)_sum \(Double(sumMicroseconds) / 1e6)\n\(name)_count \(cumulative)\n"
    }
}
