// Gathers a forest tree by tree from a loader of any format, and finishes it: trees in their order, means by cover.

/// What a loader hands over.
struct LoadedModel {
    var forest: ReferenceForest
    var summary: ModelSummary
}

struct ForestBuilder {
    private(set) var nodes: [ReferenceNode] = []
    /// Mean of the leaves below each node, weighted by cover; a leaf's is its value.
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
        order.reserveCapacity(tree.count)
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
        guard !node.isLeaf else { return node.value }
        let left = means[Int(node.left)]
        let right = means[Int(node.right)]
        let leftCover = Double(nodes[Int(node.left)].cover)
        let rightCover = Double(nodes[Int(node.right)].cover)
        let cover = leftCover + rightCover
        // A file without usable covers still has a middle.
        guard cover > 0, cover.isFinite, leftCover >= 0, rightCover >= 0 else { return (left + right) / 2 }
        return (left * leftCover + right * rightCover) / cover
    }

    /// Gives every leaf of a tree another value; false where one is not finite then.
    ///
    /// - Parameter position: Of the tree as it was appended, before `order(by:)`.
    mutating func replaceLeaves(ofTree position: Int, with value: (Double) -> Double) -> Bool {
        var order = [Int(trees[position].root)]
        var next = 0
        while next < order.count {
            let index = order[next]
            next += 1
            guard nodes[index].isLeaf else {
                order += [Int(nodes[index].left), Int(nodes[index].right)]
                continue
            }
            nodes[index].value = value(nodes[index].value)
            guard nodes[index].value.isFinite else { return false }
        }
        for index in order.reversed() { means[index] = mean(of: nodes[index]) }
        return true
    }

    /// Puts the trees in the order of `ids`, a permutation.
    mutating func order(by ids: [Int]) {
        var ordered = trees
        for (position, id) in ids.enumerated() { ordered[id] = trees[position] }
        trees = ordered
    }

    func forest(
        dialect: Dialect, summation: Summation, featureCount: Int, treesUsed: Int
    ) -> ReferenceForest {
        ReferenceForest(
            nodes: nodes, means: means, roots: trees.map(\.root), categories: categories, depths: trees.map(\.depth),
            summation: summation, dialect: dialect, featureCount: featureCount, treesUsed: treesUsed)
    }

    /// The facts that the trees themselves say.
    func describe(_ forest: ReferenceForest, in summary: inout ModelSummary) {
        summary.trees = trees.count
        summary.treesUsed = forest.treesUsed
        summary.nodes = trees.reduce(0) { $0 + Int($1.reached) }
        summary.leaves = trees.reduce(0) { $0 + Int($1.leaves) }
        summary.maxDepth = Int(trees.map(\.depth).max() ?? 0)
        summary.featureCount = forest.featureCount
        (summary.splitCounts, summary.categoricalSplits) = forest.splitCounts()
    }
}
