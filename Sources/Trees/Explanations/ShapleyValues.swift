// Exact Shapley values of a row's margin, where columns outside a coalition follow both ways of their splits in
// proportion to cover (path-dependent TreeSHAP: what the libraries call pred_contribs).
//
// For a leaf of value v, let o_j be 1 when the row takes all of the leaf's path that column j decides, else 0, and z_j
// the share of cover that this part of the path keeps. The leaf gives column f
//
//   v (o_f - z_f) ∫ Π_{j≠f} (o_j t + z_j (1 - t)) dt    over t from 0 to 1,
//
// since the integral of t^k (1 - t)^(n-1-k) is Shapley's weight of a coalition of k of the n - 1 others. The integrand is a
// polynomial of degree n - 1, so Gauss-Legendre quadrature with n / 2 points is exact, and everything happens at a few
// fixed t, which are the lanes of a vector.
//
// At one t, let q_j = o_j t + z_j (1 - t), P the product of the q_j on the way down to a node, times the weight of t, and A
// the sum of the leaves below a node, each times the q_j below it. At a split, let s be the right child's share of cover,
// and e be 1 or 0 (the row goes right or not) less s. Where the column is new on the path, the right child's q is s + e t,
// and the left child's 1 - q, since both add up to 1; so
//
//   down:  P_right = P q,  P_left = P - P_right        up:  A = A_left + (A_right - A_left) q
//   column f of the split gets  Σ_t P e (A_right - A_left).                                                         (1)
//
// Where f was split before, with o and z so far, the children's factors are q_right / q_f and 1 less that. What (1) gave f
// for all leaves below, (o - z) / q_f times their products, has to become (o_child - z_child) / q_child:
//
//   o = 0: both are -1 / (1 - t), so nothing more is due; the children's factors are s and 1 - s, as with e = 0.
//   o = 1: q_f = t + z (1 - t), the right child's o is 1 or 0 and its z is z s; with e as above,
//            q_right / q_f = s + e t / q_f,
//            (o_right - z_right) / q_f - (1 - z) q_right / q_f² = z e / q_f², and for the left child the opposite.
//
// So a repeated split is like a new one with a `rise` of t / q_f in place of t, and with (1) times a `slope` of z / q_f²,
// the rise's derivative. Both depend on the model alone, and as t > 0 both are finite, whatever the covers.
//
// Sources: Lundberg et al., Nature Machine Intelligence 2, 2020, doi:10.1038/s42256-019-0138-9 (the values); Owen, 1972,
// doi:10.1287/mnsc.18.5.64 (the integral over t).

extension TreeModel {
    /// False for forests past the limits of `ShapleyForest`: more than 128 distinct columns on one path, or too much
    /// memory. `pathAttribution` is always there.
    public var canComputeShapleyValues: Bool { shapley.isAvailable }

    /// Splits the margin of a row into the exact Shapley value of each column, and a bias, last: the mean margin by cover
    /// and the rounding of the margin's own sum.
    ///
    /// They are XGBoost's `pred_contribs` and LightGBM's `pred_contrib`, in Double. Cover is what the file has: sums of
    /// hessians or counts; children without usable cover count alike. A column without an influence on the row's margin
    /// gets what the definition gives it, which is 0 for one that no split uses. Contributions and bias, added in order,
    /// give the margin to within 1e-12 × the sum of their magnitudes. (CatBoost differs on trees with leaves that no
    /// training row reached and that have a value all the same.)
    ///
    /// - Parameter row: As for `margin(of:scratch:)`.
    /// - Parameter contributions: Gets `featureCount + 1` elements; allocated only when it has another length.
    /// - Returns: The margin, as `margin(of:scratch:)` has it.
    /// - Precondition: `canComputeShapleyValues`; `scratch` is of this model.
    /// - Complexity: O(nodes × points), half as many points as the tree's longest path has distinct columns, at least
    ///   four. Allocates nothing.
    @discardableResult
    public func shapleyValues(
        of row: Span<Double>, into contributions: inout [Double], scratch: Scratch
    ) -> Double {
        precondition(shapley.isAvailable, "ask canComputeShapleyValues")
        precondition(scratch.shapley.sizes == shapley.sizes, "scratch of another model")
        let margin = margin(of: row, scratch: scratch)
        scratch.take(row, dialect: reference.dialect)
        shapley.conditions.answer(scratch.values, reference.dialect, into: scratch.shapley.answers)
        shapley.sum(in: scratch.shapley)
        explain(margin, into: &contributions) { columns in
            for index in 0..<shapley.columns.count {
                columns[Int(shapley.columns.base[index])] = scratch.shapley.sums[index].sum()
            }
        }
        return margin
    }
}

extension ShapleyForest {
    /// Fills `scratch.sums` from its answers.
    fileprivate func sum(in scratch: ShapleyScratch) {
        scratch.sums.update(repeating: .zero, count: columns.count)
        for index in 0..<trees.count {
            let tree = trees.base[index]
            follow(tree, scratch.answers, along: scratch.along)
            switch tree.rule.width {
            case 4: add(tree, in: scratch, as: FourPoints.self)
            case 6: add(tree, in: scratch, as: SixPoints.self)
            default: add(tree, in: scratch, as: EightPoints.self)
            }
        }
    }

    /// Tells for each of a tree's links whether the row went along.
    @inline(__always)
    private func follow(
        _ tree: ShapleyTree, _ answers: UnsafePointer<UInt8>, along: UnsafeMutablePointer<Double>
    ) {
        let links = links.base + tree.firstLink
        along[0] = 1
        for index in 1..<tree.linkCount {
            let link = links[index]
            along[index] = along[Int(link.link)] * Double(answers[Int(link.condition)] ^ link.flip)
        }
    }

    /// Adds one tree to the sums, pass by pass.
    @inline(__always)
    private func add<Points: QuadraturePoints>(_ tree: ShapleyTree, in scratch: ShapleyScratch, as: Points.Type) {
        let passes = tree.rule.passes
        let slots = scratch.slots.bindMemory(to: Points.self, capacity: 2 &* tree.upperCount &+ 1)
        let curves = curves.base + tree.firstCurve
        let curveCount = passes &* tree.linkCount
        (weights.base + tree.firstWeight).withMemoryRebound(to: Points.self, capacity: passes) { weights in
            curves.withMemoryRebound(to: ShapleyCurve<Points>.self, capacity: curveCount) { curves in
                for pass in 0..<passes {
                    add(
                        tree, weights[pass], curves + pass &* tree.linkCount, answers: scratch.answers,
                        along: scratch.along, excesses: scratch.excesses, slots: slots, sums: scratch.sums)
                }
            }
        }
    }

    @inline(__always)
    private func add<Points: QuadraturePoints>(
        _ tree: ShapleyTree, _ weights: Points, _ curves: UnsafePointer<ShapleyCurve<Points>>,
        answers: UnsafePointer<UInt8>, along: UnsafePointer<Double>, excesses: UnsafeMutablePointer<Double>,
        slots: UnsafeMutablePointer<Points>, sums: UnsafeMutablePointer<SIMD2<Double>>
    ) {
        let splits = splits.base + tree.firstSplit
        slots[0] = weights
        for index in 0..<tree.upperCount {
            let split = splits[index]
            let link = Int(split.link)
            let excess = (Double(answers[Int(split.condition)]) - split.share) * along[link]
            excesses[index] = excess
            let product = slots[Int(split.slot)]
            let right = product * (Points(repeating: split.share) + curves[link].rise * excess)
            slots[2 &* index &+ 1] = product - right
            slots[2 &* index &+ 2] = right
        }
        let pairs = pairs.base + tree.firstPair
        for bottom in 0..<tree.bottomCount {
            let split = splits[tree.upperCount &+ bottom]
            let link = Int(split.link)
            let pair = pairs[bottom]
            let excess = (Double(answers[Int(split.condition)]) - split.share) * along[link]
            let moved = excess * pair.difference
            let slot = slots + Int(split.slot)
            sums[Int(split.column)] += (slot.pointee * curves[link].slope).folded * moved
            slot.pointee = Points(repeating: pair.left + split.share * pair.difference) + curves[link].rise * moved
        }
        let leaves = leaves.base + tree.firstLeaf
        for index in 0..<tree.leafCount { slots[Int(leaves[index].slot)] = Points(repeating: leaves[index].value) }
        var index = tree.upperCount
        while index > 0 {
            index &-= 1
            let split = splits[index]
            let link = Int(split.link)
            let excess = excesses[index]
            let left = slots[2 &* index &+ 1]
            let difference = slots[2 &* index &+ 2] - left
            let slot = slots + Int(split.slot)
            sums[Int(split.column)] += (slot.pointee * curves[link].slope * difference).folded * excess
            slot.pointee = left + (Points(repeating: split.share) + curves[link].rise * excess) * difference
        }
    }
}
