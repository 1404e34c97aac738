// Cuts trees into treelets. Blocks are as large as an exit can name; in each the first treelets of the trees stand
// together, and after them the others, those that most rows meet first, by the covers of the training. So do leaves.

/// Trees that are walked together, and where their treelets and leaves begin.
struct TreeletBlock: BitwiseCopyable, Sendable {
    var trees: Int32
    var treelets: Int
    var leaves: Int
}

struct TreeletPacker<Leaf: Scalar> {
    /// Trees that take a step at a time.
    static var width: Int { 4 }
    /// Treelets, and leaves, of a block: what an exit can name.
    static var blockLimit: Int { 32_768 }

    private(set) var blocks: [TreeletBlock] = []
    private(set) var treelets: [UInt16] = []
    private(set) var leaves: [Leaf] = []

    /// The trees cut so far that belong to the next block.
    private var roots: [Int] = []
    /// Roots of treelets beyond the trees' own, and leaves, with the share of rows that meet them.
    private var inner: [(node: Int, share: Float)] = []
    private var ends: [(node: Int, share: Float)] = []
    /// Number of the treelet that a node begins, or of a leaf, within its block.
    private var numberOfNode: [UInt16] = []

    init() {}

    /// nil when a tree is too large for a block.
    init?(_ forest: ReferenceForest, _ numbers: [UInt16]) {
        numberOfNode = [UInt16](repeating: 0, count: forest.nodes.count)
        for tree in 0..<forest.treesUsed {
            let innerBefore = inner.count
            let endsBefore = ends.count
            let root = Int(forest.roots[tree])
            cut(root, forest)
            if treeletCount(roots.count + 1, inner.count) > Self.blockLimit || ends.count > Self.blockLimit {
                // The tree opens the next block.
                let cutInner = inner[innerBefore...], cutEnds = ends[endsBefore...]
                inner.removeSubrange(innerBefore...)
                ends.removeSubrange(endsBefore...)
                finishBlock(forest, numbers)
                inner = Array(cutInner)
                ends = Array(cutEnds)
                guard treeletCount(1, inner.count) <= Self.blockLimit, ends.count <= Self.blockLimit else { return nil }
            }
            roots.append(root)
        }
        finishBlock(forest, numbers)
        numberOfNode = []
    }

    /// At least one treelet behind the trees' own is a leaf, to fill up a step.
    private func treeletCount(_ trees: Int, _ inner: Int) -> Int {
        (trees + Self.width) / Self.width * Self.width + inner
    }

    /// Finds the treelets and leaves of a tree.
    private mutating func cut(_ root: Int, _ forest: ReferenceForest) {
        if forest.nodes[root].isLeaf { return ends.append((root, 1)) }
        var pending: [(node: Int, share: Float)] = [(root, 1)]
        while let (top, share) = pending.popLast() {
            if top != root { inner.append((top, share)) }
            var level = [(node: top, share: share)]
            for depth in 0..<3 {
                var next: [(node: Int, share: Float)] = []
                for (index, share) in level {
                    let node = forest.nodes[index]
                    let left = share * forest.leftShare(of: node)
                    for child in [(node: Int(node.left), share: left), (node: Int(node.right), share: share - left)] {
                        if forest.nodes[child.node].isLeaf {
                            ends.append(child)
                        } else if depth == 2 {
                            pending.append(child)
                        } else {
                            next.append(child)
                        }
                    }
                }
                level = next
            }
        }
    }

    private mutating func finishBlock(_ forest: ReferenceForest, _ numbers: [UInt16]) {
        guard !roots.isEmpty else { return }
        inner.sort { ($1.share, $0.node) < ($0.share, $1.node) }
        ends.sort { ($1.share, $0.node) < ($0.share, $1.node) }
        let firstInner = treeletCount(roots.count, 0)
        for (place, entry) in inner.enumerated() { numberOfNode[entry.node] = UInt16(firstInner + place) }
        for (place, entry) in ends.enumerated() { numberOfNode[entry.node] = UInt16(place) }
        blocks.append(
            TreeletBlock(trees: Int32(roots.count), treelets: treelets.count, leaves: leaves.count))
        for root in roots { append(treeletOf: root, forest, numbers) }
        treelets += repeatElement(0, count: 16 * (firstInner - roots.count))
        for (node, _) in inner { append(treeletOf: node, forest, numbers) }
        leaves += ends.map { Leaf(forest.nodes[$0.node].value) }
        roots.removeAll()
        inner.removeAll()
        ends.removeAll()
    }

    private mutating func append(treeletOf root: Int, _ forest: ReferenceForest, _ numbers: [UInt16]) {
        let base = treelets.count
        treelets += repeatElement(0, count: 16)
        // Of each level the nodes from left to right; a leaf stands for all below it.
        var level = [root]
        for depth in 0..<3 {
            var next: [Int] = []
            for (place, index) in level.enumerated() {
                let node = forest.nodes[index]
                treelets[base + (place << (3 - depth)) + (4 >> depth) - 1] = numbers[index]
                next += node.isLeaf ? [index, index] : [Int(node.left), Int(node.right)]
            }
            level = next
        }
        for (place, index) in level.enumerated() {
            treelets[base + 8 + place] = numberOfNode[index] | (forest.nodes[index].isLeaf ? 0 : 0x8000)
        }
    }
}

extension ReferenceForest {
    /// The share of the rows at a split that went left in training; half where the covers do not say.
    func leftShare(of node: ReferenceNode) -> Float {
        let left = nodes[Int(node.left)].cover
        let right = nodes[Int(node.right)].cover
        guard left >= 0, right >= 0, left + right > 0, (left + right).isFinite else { return 0.5 }
        return left / (left + right)
    }
}
