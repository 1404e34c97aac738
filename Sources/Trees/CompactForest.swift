// The form that is walked: 8-byte nodes, each tree breadth first, so that the two children of a node stand side by side
// and one offset names both. Missing values need no flag, because the row holds each column twice (see
// `TreeModel.Scratch`), and a leaf is a node that leads to itself, so trees of different depth go in lockstep.
//
//   node i: threshold t, slot s, offset o          next = i + o + (row[s] < t ? 0 : 1)
//   leaf:   t = +inf, s = the cell behind the columns (0), o = 0; its value is leaves[i]
//   categorical split: t holds the number of its category set as bits; only the one-tree walk meets it
//
// Limits of this form, past which `engine` is `.reference`: 32,767 columns, 65,535 nodes from a node to its children,
// and no threshold of -inf whose missing values go left (they are -inf themselves here).

/// One node.
struct CompactNode: Sendable, BitwiseCopyable {
    var threshold: Float
    var slot: UInt16
    var offset: UInt16
}

struct CompactForest: ~Copyable, Sendable {
    /// Trees that are walked at a time: enough chains to hide a chain's latency.
    static let lockstepWidth = 8
    /// Deeper trees are walked one by one: in lockstep all would wait for the deepest.
    static let lockstepDepth = 12

    let engine: ModelSummary.Engine
    let baseMargin: Float
    private let nodes: FixedArray<CompactNode>
    private let leaves: FixedArray<Float>
    private let roots: FixedArray<Int32>
    /// Deepest tree of each group of `lockstepWidth`.
    private let groupDepths: FixedArray<Int32>
    /// 1 at each node that splits by category.
    private let isCategorical: FixedArray<UInt8>
    private let setStarts: FixedArray<UInt32>
    private let setWords: FixedArray<UInt32>

    var bytes: Int {
        nodes.bytes + leaves.bytes + roots.bytes + groupDepths.bytes + isCategorical.bytes + setStarts.bytes
            + setWords.bytes
    }

    init(packing forest: ReferenceForest) {
        baseMargin = forest.baseMargin
        var packer = Packer(forest)
        let packed = forest.featureCount <= Packer.columnLimit && packer.pack()
        let numeric = !packer.isCategorical.contains(1)
        let shallow = (forest.depths.prefix(forest.treesUsed).max() ?? 0) <= Self.lockstepDepth
        engine = !packed ? .reference : numeric && shallow ? .lockstep : .walk
        if !packed { packer = Packer(forest) }
        nodes = FixedArray(packer.nodes)
        leaves = FixedArray(packer.leaves)
        roots = FixedArray(packer.roots)
        isCategorical = FixedArray(numeric ? [] : packer.isCategorical)
        setStarts = FixedArray(packed ? forest.categories.starts : [])
        setWords = FixedArray(packed ? forest.categories.words : [])
        let groups = engine == .lockstep ? forest.treesUsed / Self.lockstepWidth : 0
        groupDepths = FixedArray(
            (0..<groups).map { group in
                forest.depths[group * Self.lockstepWidth..<(group + 1) * Self.lockstepWidth].max() ?? 0
            })
    }

    /// - Parameter row: The expanded row of a `Scratch`.
    func margin(ofFirst trees: Int, row: UnsafePointer<Float>) -> Float {
        engine == .lockstep ? lockstep(trees, row) : walk(trees, row)
    }

    /// Whole groups in lockstep, the rest one by one; leaves are added in tree order.
    private func lockstep(_ trees: Int, _ row: UnsafePointer<Float>) -> Float {
        let nodes = nodes.base
        let leaves = leaves.base
        let roots = roots.base
        var sum = baseMargin
        var tree = 0
        for group in 0..<(trees / Self.lockstepWidth) {
            var a = Int(roots[tree])
            var b = Int(roots[tree &+ 1])
            var c = Int(roots[tree &+ 2])
            var d = Int(roots[tree &+ 3])
            var e = Int(roots[tree &+ 4])
            var f = Int(roots[tree &+ 5])
            var g = Int(roots[tree &+ 6])
            var h = Int(roots[tree &+ 7])
            var level = groupDepths.base[group]
            while level > 0 {
                a = Self.child(of: a, nodes, row)
                b = Self.child(of: b, nodes, row)
                c = Self.child(of: c, nodes, row)
                d = Self.child(of: d, nodes, row)
                e = Self.child(of: e, nodes, row)
                f = Self.child(of: f, nodes, row)
                g = Self.child(of: g, nodes, row)
                h = Self.child(of: h, nodes, row)
                level &-= 1
            }
            sum += leaves[a]
            sum += leaves[b]
            sum += leaves[c]
            sum += leaves[d]
            sum += leaves[e]
            sum += leaves[f]
            sum += leaves[g]
            sum += leaves[h]
            tree &+= Self.lockstepWidth
        }
        while tree < trees {
            var index = Int(roots[tree])
            while nodes[index].offset != 0 { index = Self.child(of: index, nodes, row) }
            sum += leaves[index]
            tree &+= 1
        }
        return sum
    }

    @inline(__always)
    private static func child(of index: Int, _ nodes: UnsafePointer<CompactNode>, _ row: UnsafePointer<Float>) -> Int {
        let node = nodes[index]
        return index &+ Int(node.offset) &+ (row[Int(node.slot)] < node.threshold ? 0 : 1)
    }

    private func walk(_ trees: Int, _ row: UnsafePointer<Float>) -> Float {
        var sum = baseMargin
        for tree in 0..<trees {
            var index = Int(roots.base[tree])
            while nodes.base[index].offset != 0 {
                if isCategorical.count != 0 && isCategorical.base[index] != 0 {
                    let node = nodes.base[index]
                    index = index &+ Int(node.offset) &+ (categoryGoesRight(node, row) ? 1 : 0)
                } else {
                    index = Self.child(of: index, nodes.base, row)
                }
            }
            sum += leaves.base[index]
        }
        return sum
    }

    @inline(__always)
    private func categoryGoesRight(_ node: CompactNode, _ row: UnsafePointer<Float>) -> Bool {
        let value = row[Int(node.slot | 1)]
        if value.isNaN { return node.slot & 1 == 1 }
        guard value >= 0, value < Float(CategorySets.codeLimit) else { return false }
        let code = UInt32(value)
        let set = Int(node.threshold.bitPattern)
        let word = Int(setStarts.base[set]) &+ Int(code >> 5)
        return word < Int(setStarts.base[set &+ 1]) && setWords.base[word] >> (code & 31) & 1 == 1
    }
}

/// Lays the trees out anew, breadth first.
private struct Packer {
    static let columnLimit = 32_767

    let forest: ReferenceForest
    var nodes: [CompactNode] = []
    var leaves: [Float] = []
    var roots: [Int32] = []
    var isCategorical: [UInt8] = []

    init(_ forest: ReferenceForest) { self.forest = forest }

    /// False when a node does not fit this form.
    mutating func pack() -> Bool {
        var order: [Int32] = []
        for tree in 0..<forest.treesUsed {
            let base = nodes.count
            roots.append(Int32(base))
            order.removeAll(keepingCapacity: true)
            order.append(forest.roots[tree])
            var next = 0
            while next < order.count {
                let node = forest.nodes[Int(order[next])]
                guard append(node, offset: node.isLeaf ? 0 : order.count - next) else { return false }
                if !node.isLeaf {
                    order.append(node.left)
                    order.append(node.right)
                }
                next += 1
            }
        }
        return true
    }

    private mutating func append(_ node: ReferenceNode, offset: Int) -> Bool {
        guard offset <= Int(UInt16.max) else { return false }
        if node.isLeaf {
            let cell = UInt16(forest.featureCount * 2)
            nodes.append(CompactNode(threshold: .infinity, slot: cell, offset: 0))
            leaves.append(node.value)
            isCategorical.append(0)
            return true
        }
        let categorical = node.categorySet >= 0
        if !categorical && node.value == -.infinity && node.missingGoesLeft { return false }
        nodes.append(
            CompactNode(
                threshold: categorical ? Float(bitPattern: UInt32(node.categorySet)) : node.value,
                slot: UInt16(Int(node.column) * 2 + (node.missingGoesLeft ? 0 : 1)),
                offset: UInt16(offset)))
        leaves.append(0)
        isCategorical.append(categorical ? 1 : 0)
        return true
    }
}
