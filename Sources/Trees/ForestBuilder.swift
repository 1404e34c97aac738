// Gathers a forest tree by tree from a loader of any format, and finishes it: trees in their order, means by cover.

/// What a loader hands over.
struct LoadedModel {
    var forest: ReferenceForest
    var objective: Objective
    var summary: ModelSummary
}

struct ForestBuilder {
    private(set) var nodes: [ReferenceNode] = []
    /// Mean margin over the training rows that came by each node, weighted by cover; a leaf's is its value.
    private(set) var means: [Double] = []
    private(set) var trees: [Tree] = []
    var categories = CategorySets()
    /// The split on the highest column, to be held against the number of columns, which stands behind the trees.
    private(set) var widest: (column: Int, tree: Int, node: Int)?

    struct Tree {
        var root: Int32
        var depth: Int32
        var reached: Int32
        var leaves: Int32
    }

    /// What the walk from a tree's root found; nodes are counted within the tree.
    enum Finding {
        case sound
        case reachedTwice(node: Int)
        /// A leaf whose value is not finite.
        case noValue(leaf: Int)
    }

    /// Adds the nodes of one tree, children already as indices into all nodes, and walks them from the root.
    mutating func append(tree: [ReferenceNode]) -> Finding {
        let base = nodes.count
        nodes += tree
        means += repeatElement(0, count: tree.count)
        var visited = [Bool](repeating: false, count: tree.count)
        var order: [(node: Int, depth: Int32)] = [(base, 0)]
        var next = 0
        var depth: Int32 = 0
        var leaves: Int32 = 0
        visited[0] = true
        while next < order.count {
            let (index, level) = order[next]
            next += 1
            let node = nodes[index]
            depth = max(depth, level)
            guard !node.isLeaf else {
                guard node.value.isFinite else { return .noValue(leaf: index - base) }
                leaves += 1
                continue
            }
            if node.column > widest?.column ?? -1 {
                widest = (Int(node.column), trees.count, index - base)
            }
            for child in [Int(node.left), Int(node.right)] {
                guard !visited[child - base] else { return .reachedTwice(node: child - base) }
                visited[child - base] = true
                order.append((child, level + 1))
            }
        }
        for (index, _) in order.reversed() { means[index] = mean(of: nodes[index]) }
        trees.append(Tree(root: Int32(base), depth: depth, reached: Int32(order.count), leaves: leaves))
        return .sound
    }

    private func mean(of node: ReferenceNode) -> Double {
        guard !node.isLeaf else { return Double(node.value) }
        let left = means[Int(node.left)]
        let right = means[Int(node.right)]
        let leftCover = Double(nodes[Int(node.left)].cover)
        let rightCover = Double(nodes[Int(node.right)].cover)
        let cover = leftCover + rightCover
        // A file without usable covers still has a middle.
        guard cover > 0, cover.isFinite, leftCover >= 0, rightCover >= 0 else { return (left + right) / 2 }
        return (left * leftCover + right * rightCover) / cover
    }

    /// Puts the trees in the order of `ids`, a permutation.
    mutating func order(by ids: [Int]) {
        var ordered = trees
        for (position, id) in ids.enumerated() { ordered[id] = trees[position] }
        trees = ordered
    }

    func forest(baseMargin: Float, featureCount: Int, treesUsed: Int) -> ReferenceForest {
        ReferenceForest(
            nodes: nodes, means: means, roots: trees.map(\.root), categories: categories, baseMargin: baseMargin,
            depths: trees.map(\.depth), featureCount: featureCount, treesUsed: treesUsed)
    }
}
