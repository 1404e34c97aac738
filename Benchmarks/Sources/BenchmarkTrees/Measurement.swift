// The loops that time. Every engine sees the same rows in the same order; rounds alternate between engines, and the
// medians of the rounds are reported, because a shared machine is slow for seconds at a time.

import Glibc
import Peers

/// How much is measured.
struct Effort {
    var rounds = 7
    /// Calls of a round for each engine, at most: all rows.
    var warmCalls = 20_000
    /// Where a slow engine stops within a round; the next round goes on with other rows.
    var warmSeconds = 2.1
    var coldCalls = 400
    var coldSeconds = 0.5
    var batchRows = 1_000
    var batchSeconds = 0.3
    var explainSeconds = 0.4

    static let quick = Effort(rounds: 3, warmSeconds: 0.5, coldCalls: 200, coldSeconds: 0.2, batchSeconds: 0.1)
}

/// What one engine took, in microseconds for one row.
struct Timing {
    var warmMedian = 0.0
    var warm99 = 0.0
    var coldMedian = 0.0
    var batch = 0.0
    var warmCalls = 0
}

/// What explaining one row took, and how far from the library's own values it was at most.
struct Explanation {
    var microseconds: Double
    var distance: Double?
}

/// Times engines on the rows of one fixture.
final class Measurement {
    let fixture: Fixture
    let effort: Effort
    private let microsecondsPerTick: Double
    /// Ticks that two readings of the clock lie apart with nothing between them; taken off every call.
    private let clockTicks: UInt64
    private let order: [Int]
    /// Four times a second-level cache of 512 KiB: reading it pushes a model out of that, but not out of a larger third.
    private let evicting = [UInt8](repeating: 0, count: 2 << 20)
    /// Calls whose margin differed from the same engine's in the first pass: always 0.
    private(set) var unstableCalls = 0

    init(fixture: Fixture, effort: Effort, ticksPerSecond: Double) {
        self.fixture = fixture
        self.effort = effort
        microsecondsPerTick = 1e6 / ticksPerSecond
        clockTicks = Self.middle((0..<20_001).map { _ in -(Int64(peers_ticks()) - Int64(peers_ticks())) })
        var generator = SplitMix64(state: 2026)
        order = Array(0..<fixture.rowCount).shuffled(using: &generator)
    }

    var clockNanoseconds: Double { Double(clockTicks) * microsecondsPerTick * 1e3 }

    private static func middle(_ values: [Int64]) -> UInt64 { UInt64(max(0, values.sorted()[values.count / 2])) }

    /// The margins of all rows, one call each; the reference of the timed calls.
    func allMargins(_ engine: some Engine) -> [Double] {
        fixture.rows.withUnsafeBufferPointer { rows in
            (0..<fixture.rowCount).map { row in
                engine.take(rows.baseAddress! + row * Fixture.columns, count: 1)
                return engine.margin()
            }
        }
    }

    /// One round of one engine.
    ///
    /// - Parameter position: Where in the order of rows this round begins; moved on by the calls made.
    func round(_ engine: some Engine, margins: [Double], position: inout Int) -> Timing {
        var timing = Timing()
        let warm = calls(
            engine, margins: margins, position: &position, limit: effort.warmCalls, seconds: effort.warmSeconds,
            unmeasured: 200, cold: false)
        timing.warmMedian = percentile(warm, 0.50)
        timing.warm99 = percentile(warm, 0.99)
        timing.warmCalls = warm.count
        let cold = calls(
            engine, margins: margins, position: &position, limit: effort.coldCalls, seconds: effort.coldSeconds,
            unmeasured: 0, cold: true)
        timing.coldMedian = percentile(cold, 0.50)
        timing.batch = batch(engine, margins: margins, firstRow: position)
        return timing
    }

    private func calls(
        _ engine: some Engine, margins: [Double], position: inout Int, limit: Int, seconds: Double, unmeasured: Int,
        cold: Bool
    ) -> [UInt64] {
        var ticks = [UInt64]()
        ticks.reserveCapacity(limit)
        let end = monotonicSeconds() + seconds
        fixture.rows.withUnsafeBufferPointer { rows in
            for call in -unmeasured..<limit {
                let row = order[position % order.count]
                position += 1
                if cold { evicting.withUnsafeBufferPointer { peers_evict($0.baseAddress!, $0.count) } }
                engine.take(rows.baseAddress! + row * Fixture.columns, count: 1)
                let start = peers_ticks()
                let margin = engine.margin()
                let elapsed = peers_ticks() &- start
                if margin.bitPattern != margins[row].bitPattern { unstableCalls += 1 }
                guard call >= 0 else { continue }
                ticks.append(elapsed > clockTicks ? elapsed - clockTicks : 0)
                if call & 15 == 15, monotonicSeconds() > end { break }
            }
        }
        return ticks.sorted()
    }

    /// Microseconds a row of batches of `effort.batchRows` rows that lie side by side: the median of the batches.
    private func batch(_ engine: some Engine, margins: [Double], firstRow: Int) -> Double {
        let count = effort.batchRows
        var results = [Double](repeating: 0, count: count)
        var ticks = [UInt64]()
        let end = monotonicSeconds() + effort.batchSeconds
        var block = firstRow
        repeat {
            let first = block % (fixture.rowCount / count) * count
            block += 1
            fixture.rows.withUnsafeBufferPointer {
                engine.take($0.baseAddress! + first * Fixture.columns, count: count)
            }
            let start = peers_ticks()
            engine.margins(into: &results)
            ticks.append(peers_ticks() &- start)
        } while monotonicSeconds() < end
        return percentile(ticks.sorted(), 0.5) / Double(count)
    }

    /// Microseconds of explaining one row, the median of a round over the explained rows, and the largest distance from
    /// the library's own values; nil when the engine can't.
    func explanation(of engine: some Engine, by explain: (inout [Double]) -> Bool) -> Explanation? {
        let width = Fixture.columns + 1
        var contributions = [Double](repeating: 0, count: width)
        var ticks = [UInt64]()
        var distance = 0.0
        let end = monotonicSeconds() + effort.explainSeconds
        // The two kinds of rows alternate, so that a slow engine that sees a few has seen both.
        let half = fixture.explainedRows.count / 2
        let sequence = (0..<fixture.explainedRows.count).map { $0 % 2 == 0 ? $0 / 2 : half + $0 / 2 }
        for line in [sequence[0]] + sequence {
            fixture.rows.withUnsafeBufferPointer {
                engine.take($0.baseAddress! + fixture.explainedRows[line] * Fixture.columns, count: 1)
            }
            let start = peers_ticks()
            guard explain(&contributions) else { return nil }
            ticks.append(peers_ticks() &- start)
            for column in 0..<width {
                distance = max(distance, abs(contributions[column] - fixture.contributions[line * width + column]))
            }
            if monotonicSeconds() > end { break }
        }
        return Explanation(microseconds: percentile(ticks.dropFirst().sorted(), 0.5), distance: distance)
    }

    /// The value below which a share of the sorted ticks lies, in microseconds.
    private func percentile(_ sorted: [UInt64], _ share: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) * microsecondsPerTick
    }
}

func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}

func middle(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    return values.sorted()[values.count / 2]
}

/// Source: Steele, Lea and Flood, OOPSLA 2014, doi:10.1145/2660193.2660195.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
