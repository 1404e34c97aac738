// A loaded model: immutable, shared by all threads, and exact. A row goes in as doubles, is narrowed to the library's
// own type, every tree adds one leaf in file order, and the sum has the bits of the library's raw margin.
//
//   document bytes ─▶ a loader for each format ─▶ ReferenceForest (the oracle) ─▶ CompiledForest (walked)

/// A boosted forest, as its trainer wrote it.
public final class TreeModel: Sendable {
    public let summary: ModelSummary
    /// The same model in its plain form, the oracle of every faster one.
    public let reference: ReferenceForest
    let compiled: CompiledForest
    let shapley: ShapleyForest
    private let need: ScratchNeed

    /// Reads a model document in any of the formats that `loadModel` tells apart; what is not scored is refused by name.
    ///
    /// - Parameter limitToBestIteration: With early stopping the file keeps every tree. True, as in scikit-learn's
    ///   `predict_proba`: only the rounds up to `learner.attributes.best_iteration` count, when the file has it. False,
    ///   as in `Booster.predict`: all of them.
    public convenience init(
        bytes: [UInt8], limitToBestIteration: Bool = true, limits: ModelLimits = .standard
    ) throws(ModelError) {
        self.init(try loadModel(bytes, limitToBestIteration: limitToBestIteration, limits: limits))
    }

    /// - Parameter engine: The one form to try, where a test asks for it.
    init(_ loaded: LoadedModel, only engine: ModelSummary.Engine? = nil) {
        reference = loaded.forest
        compiled = CompiledForest.of(loaded.forest, only: engine)
        shapley = ShapleyForest(loaded.forest)
        let facts = compiled.facts
        var summary = loaded.summary
        summary.engine = facts.engine
        summary.compiledBytes = facts.bytes
        self.summary = summary
        need = facts.need
    }

    /// Memory for one caller at a time; make one a thread and keep it.
    public func makeScratch() -> Scratch {
        Scratch(featureCount: reference.featureCount, need: need, shapley: ShapleyScratch(for: shapley))
    }

    /// The raw margin, bit for bit the library's, widened.
    ///
    /// - Parameter row: One value a column, in the model's order; NaN means missing. Narrowed first, as the library
    ///   does. A categorical column holds the category's code.
    /// - Precondition: `row.count == summary.featureCount`; `scratch` is of this model.
    /// - Complexity: O(trees × depth). Allocates nothing.
    public func margin(of row: Span<Double>, scratch: Scratch) -> Double {
        margin(ofFirst: reference.treesUsed, of: row, scratch: scratch)
    }

    /// The margin of a shorter ensemble, its first `trees` trees, in the same arithmetic.
    ///
    /// - Parameter trees: 0 gives the base margin; more than the model uses are no more than all.
    public func margin(ofFirst trees: Int, of row: Span<Double>, scratch: Scratch) -> Double {
        precondition(row.count == reference.featureCount, "row of \(row.count), not \(reference.featureCount)")
        var margin = 0.0
        row.withUnsafeBufferPointer { row in
            withUnsafeMutablePointer(to: &margin) { walk(trees, of: row, count: 1, to: $0, scratch) }
        }
        return margin
    }

    /// The margins of many rows, each the same bits as alone, without the cost of a call each.
    ///
    /// - Parameter rows: Row by row, `summary.featureCount` values each.
    /// - Parameter margins: Gets one element a row; allocated only when it has another length.
    /// - Precondition: `rows.count` is a multiple of `summary.featureCount`; `scratch` is of this model.
    /// - Complexity: O(rows × trees × depth).
    public func margins(of rows: Span<Double>, into margins: inout [Double], scratch: Scratch) {
        let columns = max(reference.featureCount, 1)
        precondition(rows.count.isMultiple(of: columns), "\(rows.count) values, in rows of \(columns)")
        let count = rows.count / columns
        if margins.count != count { margins = [Double](repeating: 0, count: count) }
        rows.withUnsafeBufferPointer { rows in
            margins.withUnsafeMutableBufferPointer { margins in
                guard let margins = margins.baseAddress else { return }
                walk(reference.treesUsed, of: rows, count: count, to: margins, scratch)
            }
        }
    }

    private func walk(
        _ trees: Int, of rows: UnsafeBufferPointer<Double>, count: Int, to margins: UnsafeMutablePointer<Double>,
        _ scratch: Scratch
    ) {
        precondition(scratch.need.covers(need), "scratch of another model")
        let trees = min(max(trees, 0), reference.treesUsed)
        let columns = reference.featureCount
        if let values = rows.baseAddress {
            let batch = RowBatch(values: values, columns: columns, count: count, trees: trees, margins: margins)
            if compiled.walk(batch, scratch.memory) { return }
        }
        for row in 0..<count {
            margins[row] = reference.sum(ofFirst: trees) { reference.dialect.normalize(rows[row * columns + $0]) }
        }
    }

    /// The prediction that the library itself makes of a margin of its own, in its own arithmetic: a probability for a
    /// classifier, the margin again for rankings, regressions and raw log-odds.
    ///
    /// - Parameter trees: Of which the margin is, where not of all.
    public func prediction(ofMargin margin: Double, ofFirst trees: Int = .max) -> Double {
        summary.objective.prediction(ofMargin: margin, ofFirst: trees)
    }

    /// The library's probability; where it predicts the margin alone, that read as log-odds.
    public func probability(ofMargin margin: Double, ofFirst trees: Int = .max) -> Double {
        summary.objective.probability(ofMargin: margin, ofFirst: trees)
    }
}

extension TreeModel {
    /// What a walk writes to, and the row as explanations read it.
    public final class Scratch {
        /// A row, normalised.
        let values: UnsafeMutablePointer<Double>
        let featureCount: Int
        let need: ScratchNeed
        let memory: ScratchMemory
        let shapley: ShapleyScratch

        init(featureCount: Int, need: ScratchNeed, shapley: ShapleyScratch) {
            self.featureCount = featureCount
            self.need = need
            self.shapley = shapley
            values = .allocate(capacity: featureCount)
            values.initialize(repeating: 0, count: featureCount)
            memory = ScratchMemory(need)
        }

        deinit { values.deallocate() }

        @inline(__always)
        func take(_ row: Span<Double>, dialect: Dialect) {
            precondition(row.count == featureCount, "row of \(row.count), scratch for \(featureCount) columns")
            for column in row.indices { values[column] = dialect.normalize(row[column]) }
        }
    }
}
