// The form of a forest that paths are followed on: a node holds the mean of the leaves below it, and its children stand
// side by side. A leaf leads to itself and never goes right, so that trees of different depth are walked in lockstep.
//
//   node i: condition c, child k, mean m          next = k + answers[c], which moves columns[c] by the change of m
//
// A leaf's step adds 0 to a column. Each tree of a group has a column of its own for that, lest additions to one and the
// same place should wait for each other.

/// One node: 16 bytes.
struct PathNode: Sendable, BitwiseCopyable {
    var mean: Double
    /// Index into the answers of `SplitConditions`; in a leaf, one of the zeros behind them.
    var condition: UInt32
    /// Index of the left child; in a leaf, its own.
    var child: UInt32
}

struct PathForest: ~Copyable, Sendable {
    /// Trees that are walked at a time.
    static let lockstepWidth = 8

    private let nodes: FixedArray<PathNode>
    private let roots: FixedArray<UInt32>
    private let depths: FixedArray<Int32>
    /// Of each condition, and behind them, for leaves, any.
    private let columns: FixedArray<UInt32>

    init(_ forest: ReferenceForest, _ conditions: SplitConditions.Table) {
        var nodes: [PathNode] = []
        var roots: [UInt32] = []
        var order: [Int32] = []
        for tree in 0..<forest.treesUsed {
            let base = nodes.count
            let leafCondition = conditions.columns.count + tree % Self.lockstepWidth
            roots.append(UInt32(base))
            order.removeAll(keepingCapacity: true)
            order.append(forest.roots[tree])
            var next = 0
            while next < order.count {
                let index = Int(order[next])
                let node = forest.nodes[index]
                let isLeaf = node.isLeaf
                nodes.append(
                    PathNode(
                        mean: forest.means[index],
                        condition: isLeaf ? UInt32(leafCondition) : conditions.numbers[index],
                        child: UInt32(base + (isLeaf ? next : order.count))))
                if !isLeaf {
                    order.append(node.left)
                    order.append(node.right)
                }
                next += 1
            }
        }
        self.nodes = FixedArray(nodes)
        self.roots = FixedArray(roots)
        depths = FixedArray(Array(forest.depths.prefix(forest.treesUsed)))
        columns = FixedArray(
            conditions.columns + (0..<Self.lockstepWidth).map { UInt32($0 % max(forest.featureCount, 1)) })
    }

    /// Adds to each column the changes of the mean along the paths of the first `trees` trees.
    ///
    /// - Parameter answers: Of the conditions, and `lockstepWidth` zeros behind them.
    /// - Parameter sums: One a column, at least one.
    func add(ofFirst trees: Int, _ answers: UnsafePointer<UInt8>, to sums: UnsafeMutablePointer<Double>) {
        let nodes = nodes.base
        let columns = columns.base
        func step(_ index: inout Int) {
            let node = nodes[index]
            index = Int(node.child) &+ Int(answers[Int(node.condition)])
            sums[Int(columns[Int(node.condition)])] += nodes[index].mean - node.mean
        }
        var tree = 0
        while tree &+ Self.lockstepWidth <= trees {
            let roots = roots.base + tree
            var a = Int(roots[0])
            var b = Int(roots[1])
            var c = Int(roots[2])
            var d = Int(roots[3])
            var e = Int(roots[4])
            var f = Int(roots[5])
            var g = Int(roots[6])
            var h = Int(roots[7])
            var level = deepest(tree)
            while level > 0 {
                step(&a)
                step(&b)
                step(&c)
                step(&d)
                step(&e)
                step(&f)
                step(&g)
                step(&h)
                level &-= 1
            }
            tree &+= Self.lockstepWidth
        }
        while tree < trees {
            var index = Int(roots.base[tree])
            for _ in 0..<Int(depths.base[tree]) { step(&index) }
            tree &+= 1
        }
    }

    @inline(__always)
    private func deepest(_ first: Int) -> Int32 {
        var deepest: Int32 = 0
        for tree in first..<first &+ Self.lockstepWidth { deepest = max(deepest, depths.base[tree]) }
        return deepest
    }
}
