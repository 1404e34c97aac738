// The histogram against the sorted values themselves.

import Testing

@testable import LoadGenerator

@Suite struct LatencyHistogramTests {
    /// Durations from about 100 ns to ten minutes, each magnitude as frequent as any other.
    private func durations(_ count: Int, seed: UInt64) -> [UInt64] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            let bits = 7 + random.next() % 33
            return (1 << bits) + random.next() % (1 << bits)
        }
    }

    @Test(arguments: [1, 2, 3, 99, 1_000, 20_000])
    func `percentiles are never below the exact ones and at most a thousandth above`(count: Int) {
        let values = durations(count, seed: UInt64(count))
        var histogram = LatencyHistogram()
        for value in values { histogram.record(value) }
        let sorted = values.sorted()
        for percent in [0, 0.1, 1, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100] {
            let rank = max(1, Int((percent / 100 * Double(count) * (1 - 1e-12)).rounded(.up)))
            let exact = sorted[rank - 1]
            let found = histogram.percentile(percent)
            #expect(found >= exact && Double(found) <= Double(exact) * 1.001, "p\(percent) of \(count)")
        }
        #expect(histogram.count == UInt64(count))
        #expect(histogram.largest == sorted.last)
        #expect(histogram.smallest == sorted.first)
        let mean = Double(values.reduce(UInt128(0)) { $0 + UInt128($1) }) / Double(count)
        #expect(histogram.mean == mean)
    }

    @Test func `nearest ranks are exact where the buckets are`() {
        var histogram = LatencyHistogram()
        for value in 1...1_000 { histogram.record(UInt64(value)) }
        #expect(histogram.percentile(50) == 500)
        #expect(histogram.percentile(90) == 900)
        #expect(histogram.percentile(99) == 990)
        #expect(histogram.percentile(99.9) == 999)
        #expect(histogram.percentile(100) == 1_000)
    }

    @Test func `buckets follow each other without gap or overlap`() {
        for bucket in 0..<LatencyHistogram.bucketCount {
            let highest = LatencyHistogram.highestValue(in: bucket)
            #expect(LatencyHistogram.bucket(of: highest) == bucket)
            if bucket + 1 < LatencyHistogram.bucketCount {
                #expect(LatencyHistogram.bucket(of: highest + 1) == bucket + 1)
            }
        }
    }

    @Test func `what is longer than eighteen minutes is counted in the last bucket and its maximum kept`() {
        let limit: UInt64 = 1 << 40
        #expect(LatencyHistogram.highestValue(in: LatencyHistogram.bucketCount - 1) == limit - 1)
        #expect(LatencyHistogram.bucket(of: limit) == LatencyHistogram.bucketCount - 1)
        var histogram = LatencyHistogram()
        for value in [limit - 1, limit, .max] { histogram.record(value) }
        #expect(histogram.count == 3)
        #expect(histogram.largest == .max)
        #expect(histogram.percentile(50) == limit - 1)
    }

    @Test func `merging equals recording everything in one`() {
        let values = durations(5_000, seed: 7)
        var whole = LatencyHistogram()
        var parts = [LatencyHistogram(), LatencyHistogram(), LatencyHistogram()]
        for (index, value) in values.enumerated() {
            whole.record(value)
            parts[index % 2].record(value)  // the third stays empty
        }
        var merged = LatencyHistogram()
        for part in parts { merged.merge(part) }
        #expect(merged == whole)
    }

    @Test func `an empty histogram has zeros`() {
        let histogram = LatencyHistogram()
        #expect(histogram.percentile(99) == 0)
        #expect(histogram.mean == 0)
        #expect(histogram.smallest == 0)
        #expect(histogram.largest == 0)
    }
}
