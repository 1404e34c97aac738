// What a model costs on the machine that serves it, measured on its golden rows at load: the deadline ladder leaves a rung
// when less time remains than the rung was seen to take. The clock is an argument.

import Trees

/// Times of one piece of work, done again and again.
public struct MeasuredCost: Sendable, Equatable {
    /// What it ordinarily takes; models are compared by it.
    public let medianNanoseconds: Int64
    /// The slowest, so that an ordinary hiccup is within it; budgets are held against it.
    public let slowestNanoseconds: Int64
    /// The sum of what the work gave: it is kept, so the work can't be left out.
    public let checksum: Double

    /// Times one margin of the first `trees` trees.
    ///
    /// - Precondition: There is a row, and `rounds > 0`.
    public init(
        of model: TreeModel, ofFirst trees: Int = .max, rows: [[Double]], rounds: Int = 16,
        nanoseconds clock: () -> UInt64
    ) {
        let scratch = model.makeScratch()
        self.init(rows, rounds: rounds, clock) { row in
            model.margin(ofFirst: trees, of: row.span, scratch: scratch)
        }
    }

    /// Times one exact explanation; nil where the model has none.
    public init?(
        ofExplaining model: TreeModel, rows: [[Double]], rounds: Int = 2, nanoseconds clock: () -> UInt64
    ) {
        guard model.canComputeShapleyValues else { return nil }
        let scratch = model.makeScratch()
        var contributions = [Double](repeating: 0, count: model.summary.featureCount + 1)
        self.init(rows, rounds: rounds, clock) { row in
            model.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
        }
    }

    private init(_ rows: [[Double]], rounds: Int, _ clock: () -> UInt64, _ work: ([Double]) -> Double) {
        var samples: [UInt64] = []
        var sum = 0.0
        for _ in 0..<rounds {
            for row in rows {
                let start = clock()
                sum += work(row)
                samples.append(clock() - start)
            }
        }
        samples.sort()
        medianNanoseconds = Int64(clamping: samples[samples.count / 2])
        slowestNanoseconds = Int64(clamping: samples[samples.count - 1])
        checksum = sum
    }
}

extension ScoringModel {
    /// A shorter ensemble is worth a rung of its own when it takes at most this share of the whole model's time. What a
    /// row costs before the first tree is a good part of it, so that a few trees cost more than their share of the trees.
    public static let truncatedCostShare = 0.5
    /// Golden rows that are timed; of explanations, which take dozens of times as long, fewer.
    static let timedRows = 64
    static let timedExplanations = 8

    /// What one margin of the first `trees` trees takes.
    public func measureCost(ofFirst trees: Int = .max, nanoseconds clock: () -> UInt64) -> MeasuredCost {
        MeasuredCost(
            of: self.trees, ofFirst: trees, rows: Array(goldenRows.prefix(Self.timedRows)), nanoseconds: clock)
    }

    /// What one exact explanation takes; nil where the model has none.
    public func measureExplanationCost(nanoseconds clock: () -> UInt64) -> MeasuredCost? {
        MeasuredCost(
            ofExplaining: trees, rows: Array(goldenRows.prefix(Self.timedExplanations)), nanoseconds: clock)
    }

    /// The longest of the bundle's shorter ensembles that is much cheaper than the whole model, as an index of
    /// `manifest.truncated`, and its cost; nil where there is none.
    public func chooseTruncated(
        model cost: MeasuredCost, nanoseconds clock: () -> UInt64
    ) -> (ensemble: Int, cost: MeasuredCost)? {
        for ensemble in manifest.truncated.indices.reversed() {
            let shorter = measureCost(ofFirst: manifest.truncated[ensemble].trees, nanoseconds: clock)
            let bound = Self.truncatedCostShare * Double(cost.medianNanoseconds)
            if Double(shorter.medianNanoseconds) <= bound { return (ensemble, shorter) }
        }
        return nil
    }
}
