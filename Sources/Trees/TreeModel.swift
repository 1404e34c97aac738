// A loaded model: immutable, shared by all threads, and exact. A row goes in as doubles, is narrowed to the library's
// own Float, every tree adds one leaf in file order, and the sum has the bits of the library's raw margin.
//
//   document bytes ─▶ DocumentSource ─▶ XGBoostLoader ─▶ ReferenceForest (the oracle) ─▶ CompactForest (walked)

/// A boosted forest, as its trainer wrote it.
public final class TreeModel: Sendable {
    public let summary: ModelSummary
    /// The same model in its plain form, the oracle of every faster one.
    public let reference: ReferenceForest
    let compact: CompactForest
    let objective: Objective

    /// Reads an XGBoost JSON document (1.0 to 3.x; `gbtree`; `binary:logistic`, `reg:logistic`); anything else is
    /// refused by name.
    ///
    /// - Parameter limitToBestIteration: With early stopping the file keeps every tree. True, as in scikit-learn's
    ///   `predict_proba`: only the rounds up to `learner.attributes.best_iteration` count, when the file has it. False,
    ///   as in `Booster.predict`: all of them.
    public init(
        bytes: [UInt8], limitToBestIteration: Bool = true, limits: ModelLimits = .standard
    ) throws(ModelError) {
        let loaded = try loadModel(bytes, limitToBestIteration: limitToBestIteration, limits: limits)
        reference = loaded.forest
        objective = loaded.objective
        compact = CompactForest(packing: loaded.forest)
        var summary = loaded.summary
        summary.engine = compact.engine
        summary.compiledBytes = compact.bytes
        self.summary = summary
    }

    /// Memory for one caller at a time; make one a thread and keep it.
    public func makeScratch() -> Scratch {
        Scratch(featureCount: reference.featureCount)
    }

    /// The raw margin, bit for bit the library's, widened.
    ///
    /// - Parameter row: One value a column, in the model's order; NaN means missing. Narrowed to Float first, as the
    ///   library does. A categorical column holds the category's code.
    /// - Precondition: `row.count == summary.featureCount`; `scratch` is of this model or of one as wide.
    /// - Complexity: O(trees × depth). Allocates nothing.
    public func margin(of row: Span<Double>, scratch: Scratch) -> Double {
        margin(ofFirst: reference.treesUsed, of: row, scratch: scratch)
    }

    /// The margin of a shorter ensemble, its first `trees` trees, in the same arithmetic.
    ///
    /// - Parameter trees: 0 gives the base margin; more than the model uses are no more than all.
    public func margin(ofFirst trees: Int, of row: Span<Double>, scratch: Scratch) -> Double {
        scratch.expand(row, featureCount: reference.featureCount)
        let trees = min(max(trees, 0), reference.treesUsed)
        if compact.engine == .reference {
            return Double(reference.margin(ofFirst: trees, scratch: scratch))
        }
        return Double(compact.margin(ofFirst: trees, row: UnsafePointer(scratch.columns)))
    }

    /// The probability that the library gives for a margin of its own, in its own Float arithmetic, widened.
    public func probability(ofMargin margin: Double) -> Double {
        Double(objective.probability(ofMargin: Float(margin)))
    }
}

extension TreeModel {
    /// The row as the engines read it, two Floats a column, and one cell behind them that leaves read.
    ///
    ///   columns: [ x0, missing as -inf | x0, missing as NaN | x1 … | 0 ]
    ///
    /// `x < t` sends the first left and the second right when missing, so a node needs no flag.
    public final class Scratch {
        let columns: UnsafeMutablePointer<Float>
        let featureCount: Int

        init(featureCount: Int) {
            self.featureCount = featureCount
            columns = .allocate(capacity: featureCount * 2 + 1)
            columns.initialize(repeating: 0, count: featureCount * 2 + 1)
        }

        deinit { columns.deallocate() }

        @inline(__always)
        func expand(_ row: Span<Double>, featureCount: Int) {
            precondition(row.count == featureCount, "row of \(row.count), model of \(featureCount) columns")
            precondition(self.featureCount == featureCount, "scratch of another model")
            for column in row.indices {
                let value = Float(row[column])
                columns[column &* 2] = value.isNaN ? -.infinity : value
                columns[column &* 2 &+ 1] = value
            }
        }
    }
}
