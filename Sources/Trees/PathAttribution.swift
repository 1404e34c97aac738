// Which columns moved a margin, told from the one path that the row takes: at each split the column is given the
// change of the mean margin from the node to the child taken. The steps of a tree add up to its leaf less the mean of
// its root, so the sum is exact. Cheap, but inconsistent between models of the same function (columns near the root
// are favoured); exact Shapley values are another thing.
//
// Source: A. Saabas, treeinterpreter, 2014; XGBoost calls it approx_contribs.

extension TreeModel {
    /// Splits the margin of a row into one contribution a column, and a bias, last: the base margin, the roots' means
    /// and the rounding of the margin's own Float sum. Node means are weighted by the covers (`sum_hessian`) in the file.
    ///
    /// Contributions and bias, added in order, give the margin to within 1e-12 × the sum of their magnitudes.
    ///
    /// - Parameter contributions: Gets `featureCount + 1` elements; allocated only when it has another length.
    /// - Returns: The margin, as `margin(of:scratch:)` has it.
    /// - Complexity: O(trees × depth).
    @discardableResult
    public func pathAttribution(
        of row: Span<Double>, into contributions: inout [Double], scratch: Scratch
    ) -> Double {
        scratch.expand(row, featureCount: reference.featureCount)
        let count = reference.featureCount + 1
        if contributions.count == count {
            for index in contributions.indices { contributions[index] = 0 }
        } else {
            contributions = [Double](repeating: 0, count: count)
        }
        return contributions.withUnsafeMutableBufferPointer { contributions in
            reference.attribute(columns: scratch.columns, to: contributions)
        }
    }
}

extension ReferenceForest {
    /// - Parameter columns: The expanded row of a scratch.
    fileprivate func attribute(
        columns: UnsafePointer<Float>, to contributions: UnsafeMutableBufferPointer<Double>
    ) -> Double {
        nodes.withUnsafeBufferPointer { nodes in
            means.withUnsafeBufferPointer { means in
                var margin = baseMargin
                for tree in 0..<treesUsed {
                    var index = Int(roots[tree])
                    while !nodes[index].isLeaf {
                        let node = nodes[index]
                        let value = columns[Int(node.column) &* 2 &+ 1]
                        let child = Int(goesLeft(node, value) ? node.left : node.right)
                        contributions[Int(node.column)] += means[child] - means[index]
                        index = child
                    }
                    margin += nodes[index].value
                }
                var sum = 0.0
                for column in 0..<featureCount { sum += contributions[column] }
                contributions[featureCount] = Double(margin) - sum
                return Double(margin)
            }
        }
    }

    /// Splits by column over the trees used, and how many of all are by category.
    func splitCounts() -> (byColumn: [Int], categorical: Int) {
        var counts = [Int](repeating: 0, count: featureCount)
        var categorical = 0
        var pending = roots.prefix(treesUsed).map(Int.init)
        while let index = pending.popLast() {
            let node = nodes[index]
            guard !node.isLeaf else { continue }
            counts[Int(node.column)] += 1
            if node.categorySet >= 0 { categorical += 1 }
            pending.append(Int(node.left))
            pending.append(Int(node.right))
        }
        return (counts, categorical)
    }
}
