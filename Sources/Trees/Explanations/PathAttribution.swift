// Which columns moved a margin, told from the one path that the row takes: at each split the column is given the
// change of the mean margin from the node to the child taken. The steps of a tree add up to its leaf less the mean of
// its root, so the sum is exact. Cheap, but inconsistent between models of the same function (columns near the root
// are favoured); exact Shapley values are another thing.
//
// Source: A. Saabas, treeinterpreter, 2014; XGBoost calls it approx_contribs.

extension TreeModel {
    /// Splits the margin of a row into one contribution a column, and a bias, last: the base margin, the roots' means
    /// and the rounding of the margin's own sum. Node means are weighted by the covers in the file.
    ///
    /// Contributions and bias, added in order, give the margin to within 1e-12 × the sum of their magnitudes.
    ///
    /// - Parameter row: As for `margin(of:scratch:)`.
    /// - Parameter contributions: Gets `featureCount + 1` elements; allocated only when it has another length.
    /// - Returns: The margin, as `margin(of:scratch:)` has it.
    /// - Precondition: `scratch` is of this model.
    /// - Complexity: O(trees × depth). Allocates nothing.
    @discardableResult
    public func pathAttribution(
        of row: Span<Double>, into contributions: inout [Double], scratch: Scratch
    ) -> Double {
        pathAttribution(ofFirst: reference.treesUsed, of: row, into: &contributions, scratch: scratch)
    }

    /// The same for the margin of the first `trees` trees.
    @discardableResult
    public func pathAttribution(
        ofFirst trees: Int, of row: Span<Double>, into contributions: inout [Double], scratch: Scratch
    ) -> Double {
        precondition(scratch.shapley.sizes == shapley.sizes, "scratch of another model")
        let trees = min(max(trees, 0), reference.treesUsed)
        let margin = margin(ofFirst: trees, of: row, scratch: scratch)
        scratch.take(row, dialect: reference.dialect)
        shapley.conditions.answer(scratch.values, reference.dialect, into: scratch.shapley.answers)
        explain(margin, into: &contributions) { columns in
            shapley.paths.add(ofFirst: trees, scratch.shapley.answers, to: columns)
        }
        return margin
    }

    /// Turns what leaves moved by into what the margin moved by, and gives the bias the rest.
    ///
    /// - Parameter contributions: Gets `featureCount + 1` elements; allocated only when it has another length.
    /// - Parameter addLeaves: Adds, column by column, to as many zeros.
    @inline(__always)
    func explain(
        _ margin: Double, into contributions: inout [Double], addLeaves: (UnsafeMutablePointer<Double>) -> Void
    ) {
        let columns = reference.featureCount
        if contributions.count != columns + 1 { contributions = [Double](repeating: 0, count: columns + 1) }
        let weight = reference.summation.scale
        contributions.withUnsafeMutableBufferPointer { contributions in
            contributions.update(repeating: 0)
            // There is a bias at least.
            guard let first = contributions.baseAddress else { return }
            addLeaves(first)
            var moved = 0.0
            for column in 0..<columns {
                first[column] *= weight
                moved += first[column]
            }
            first[columns] = margin - moved
        }
    }
}
