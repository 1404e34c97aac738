// Shapley values from their definition, on the documents that tests write. Two ways, neither of which is the engine's:
// all coalitions one by one, for a few columns; and leaf by leaf, counting coalitions by size, for many.
import Trees

/// A forest as `TreeText` has it, played as a game of its columns by one row.
struct ShapleyOracle {
    private struct Node {
        var left: Int
        var right: Int
        var column: Int
        var value: Double
        /// The left child's share of the cover.
        var share: Double
        /// Where the row goes.
        var goesLeft: Bool
    }

    /// What a path's splits of one column come to: whether the row takes them all, and the share of cover that does.
    private struct Part {
        var column: Int
        var isTaken = true
        var share = 1.0
    }

    private let features: Int
    private let trees: [[Node]]

    init(_ trees: [TreeText], features: Int, row: [Double]) {
        self.features = features
        self.trees = trees.map { tree in
            tree.left.indices.map { node in
                let value = Double(Float(tree.value[node]) ?? .nan)
                var part = Node(left: -1, right: -1, column: 0, value: value, share: 0, goesLeft: false)
                guard tree.left[node] >= 0 else { return part }
                part.left = tree.left[node]
                part.right = tree.right[node]
                part.column = tree.column[node]
                part.share = tree.leftShare(node)
                part.goesLeft = tree.goesLeft(node, row)
                return part
            }
        }
    }

    // MARK: Coalition by coalition

    /// Σ over the coalitions S without a column of |S|! (n - 1 - |S|)! / n! × what the column adds to S.
    func byCoalitions() -> [Double?] {
        let values = (0..<1 << features).map { coalition in
            trees.reduce(0) { $0 + value(in: $1, at: 0, of: coalition) }
        }
        let weights = (0..<features).map { 1 / (Double(features) * binomial(features - 1, $0)) }
        return (0..<features).map { column in
            var sum = 0.0
            for coalition in 0..<values.count where coalition >> column & 1 == 0 {
                sum += weights[coalition.nonzeroBitCount] * (values[coalition | 1 << column] - values[coalition])
            }
            return sum
        }
    }

    /// The mean of a tree when the columns of `coalition` (a bit each) are known and the others follow cover.
    private func value(in tree: [Node], at index: Int, of coalition: Int) -> Double {
        let node = tree[index]
        guard node.left >= 0 else { return node.value }
        if coalition >> node.column & 1 == 1 {
            return value(in: tree, at: node.goesLeft ? node.left : node.right, of: coalition)
        }
        return node.share * value(in: tree, at: node.left, of: coalition)
            + (1 - node.share) * value(in: tree, at: node.right, of: coalition)
    }

    // MARK: Leaf by leaf

    /// With p_k the sum, over the coalitions of k of a path's n columns other than f, of the product of o_j for members
    /// and z_j for the others, a leaf of value v gives f: v (o_f - z_f) Σ p_k k! (n - 1 - k)! / n!.
    ///
    /// - Parameter columns: The ones to compute; nil stands for the others.
    func byLeaves(columns: [Int]? = nil) -> [Double?] {
        var result = [Double?](repeating: nil, count: features)
        for column in columns ?? Array(0..<features) { result[column] = 0 }
        for tree in trees { addLeaves(of: tree, below: 0, path: [], to: &result) }
        return result
    }

    private func addLeaves(of tree: [Node], below index: Int, path: [Part], to result: inout [Double?]) {
        let node = tree[index]
        guard node.left >= 0 else {
            for part in path where result[part.column] != nil {
                let excess = (part.isTaken ? 1 : 0) - part.share
                result[part.column]! += node.value * excess * chance(path.filter { $0.column != part.column })
            }
            return
        }
        for (child, isTaken, share) in [
            (node.left, node.goesLeft, node.share), (node.right, !node.goesLeft, 1 - node.share),
        ] {
            var path = path
            let known = path.firstIndex { $0.column == node.column }
            let position = known ?? path.count
            if known == nil { path.append(Part(column: node.column)) }
            path[position].isTaken = path[position].isTaken && isTaken
            path[position].share *= share
            addLeaves(of: tree, below: child, path: path, to: &result)
        }
    }

    /// Σ p_k k! (n - 1 - k)! / n!, of the n - 1 others.
    private func chance(_ others: [Part]) -> Double {
        var sizes = [1.0]
        for part in others {
            sizes.append(0)
            var k = sizes.count - 1
            while k >= 0 {
                sizes[k] = sizes[k] * part.share + (k > 0 && part.isTaken ? sizes[k - 1] : 0)
                k -= 1
            }
        }
        let n = others.count + 1
        return sizes.enumerated().reduce(0) { $0 + $1.element / (Double(n) * binomial(n - 1, $1.offset)) }
    }
}

private func binomial(_ n: Int, _ k: Int) -> Double {
    (0..<k).reduce(1) { $0 * Double(n - $1) / Double($1 + 1) }
}

extension TreeText {
    func goesLeft(_ node: Int, _ row: [Double]) -> Bool {
        let value = Float(row[column[node]])
        if value.isNaN { return defaultLeft[node] == 1 }
        if splitType[node] == 1 {
            let codes = categories.first { $0.node == node }?.codes ?? []
            return value < 0 || value >= 16_777_216 || !codes.contains(Int(value))
        }
        return value < (Float(self.value[node]) ?? .infinity)
    }

    /// The left child's share of both children's cover; without usable covers a half.
    func leftShare(_ node: Int) -> Double {
        let leftCover = Double(Float(cover[left[node]]))
        let rightCover = Double(Float(cover[right[node]]))
        guard leftCover >= 0, rightCover >= 0, leftCover + rightCover > 0 else { return 0.5 }
        return leftCover / (leftCover + rightCover)
    }

    /// A chain of splits, each `x < 0.5` with a leaf to its left.
    static func chain(columns: [Int], using rng: inout SplitMix64) -> TreeText {
        var tree = TreeText.leaf("\(Float.random(in: -1...1, using: &rng))")
        for column in columns {
            let at = tree.left.count - 1
            tree.left[at] = at + 1
            tree.right[at] = at + 2
            tree.column[at] = column
            tree.value[at] = "0.5"
            tree.defaultLeft[at] = Int.random(in: 0...1, using: &rng)
            for _ in 0..<2 {
                tree.left.append(-1)
                tree.right.append(-1)
                tree.column.append(0)
                tree.value.append("\(Float.random(in: -1...1, using: &rng))")
                tree.defaultLeft.append(0)
                tree.cover.append(Double.random(in: 0.5...9, using: &rng))
                tree.splitType.append(0)
            }
        }
        return tree
    }
}
