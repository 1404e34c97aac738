// Counts of durations in buckets that are as wide as a thousandth of what they hold, as HdrHistogram lays them out:
//
//   0 ..< 2048 ns                 2048 buckets of 1 ns
//   2^n ..< 2^(n+1), n = 11...39  1024 buckets of 2^(n-10) ns each
//
// So a percentile is off by less than 1/1024 (0.098 %) and never below the exact one, memory is fixed at 31,744
// counts, and recording is a shift and an add. Sum, smallest and largest are exact. Durations from 2^40 ns (18 minutes)
// on are counted in the last bucket.

/// A histogram of durations in nanoseconds, up to 18 minutes, at three significant digits.
public struct LatencyHistogram: Sendable, Equatable {
    private static let exactBuckets = 2_048
    private static let bucketsPerDoubling = 1_024
    private static let largestExponent = 40
    static let bucketCount = exactBuckets + (largestExponent - 11) * bucketsPerDoubling

    private var counts = [UInt64](repeating: 0, count: bucketCount)
    private var sum: UInt128 = 0
    public private(set) var count: UInt64 = 0
    public private(set) var largest: UInt64 = 0
    private var smallestOrNone = UInt64.max

    public init() {}

    public var smallest: UInt64 { count == 0 ? 0 : smallestOrNone }

    /// The exact mean; 0 when nothing was recorded.
    public var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

    public mutating func record(_ nanoseconds: UInt64) {
        counts[Self.bucket(of: nanoseconds)] += 1
        count += 1
        sum += UInt128(nanoseconds)
        largest = max(largest, nanoseconds)
        smallestOrNone = min(smallestOrNone, nanoseconds)
    }

    public mutating func merge(_ other: LatencyHistogram) {
        for bucket in counts.indices { counts[bucket] += other.counts[bucket] }
        count += other.count
        sum += other.sum
        largest = max(largest, other.largest)
        smallestOrNone = min(smallestOrNone, other.smallestOrNone)
    }

    /// The smallest duration that at least `percent` of all do not exceed (nearest rank), rounded up to the end of its
    /// bucket, never above the largest recorded; 0 when nothing was recorded.
    public func percentile(_ percent: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let share = min(max(percent, 0), 100) / 100
        // The product may come out a hair above a whole rank; that must not push the rank up by one.
        let rank = max(1, UInt64((share * Double(count) * (1 - 1e-12)).rounded(.up)))
        if rank >= count { return largest }
        var seen: UInt64 = 0
        for bucket in counts.indices {
            seen += counts[bucket]
            if seen >= rank { return min(Self.highestValue(in: bucket), largest) }
        }
        return largest
    }

    static func bucket(of nanoseconds: UInt64) -> Int {
        if nanoseconds < UInt64(exactBuckets) { return Int(nanoseconds) }
        let value = min(nanoseconds, (1 << UInt64(largestExponent)) - 1)
        let shift = 63 - value.leadingZeroBitCount - 10
        return exactBuckets + (shift - 1) * bucketsPerDoubling + Int(value >> UInt64(shift)) - bucketsPerDoubling
    }

    static func highestValue(in bucket: Int) -> UInt64 {
        if bucket < exactBuckets { return UInt64(bucket) }
        let above = bucket - exactBuckets
        let shift = UInt64(above / bucketsPerDoubling + 1)
        return (UInt64(bucketsPerDoubling + above % bucketsPerDoubling + 1) << shift) - 1
    }
}
