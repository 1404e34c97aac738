// Balanced trees of up to eight levels as perfect heaps of condition numbers, two bytes a node and no pointers: the
// children of node i are 2i and 2i + 1, so a step is `i = 2i + answer[number[i]]`. Sixteen trees go down together, since
// one alone would wait for memory at each step. A leaf above the deepest level stands in all places below it.
//
//   group of 16 trees of depth d:  nodes [ tree: - n1 n2 … n(2^d - 1) ] × 16     leaves [ tree: l0 … l(2^d - 1) ] × 16

struct HeapForest<Leaf: Scalar>: ~Copyable, Sendable {
    private let treeCount: Int
    private let groups: FixedArray<HeapGroup>
    private let nodes: FixedArray<UInt16>
    private let leaves: FixedArray<Leaf>

    var bytes: Int { groups.bytes + nodes.bytes + leaves.bytes }

    init(_ packed: HeapPacker<Leaf>) {
        treeCount = packed.treeCount
        groups = FixedArray(packed.groups)
        nodes = FixedArray(packed.nodes)
        leaves = FixedArray(packed.leaves)
    }

    /// The sum of `start` and the leaves of the first `trees` trees.
    @inline(__always)
    func sum(ofFirst trees: Int, from start: Leaf, _ conditions: UnsafePointer<UInt8>) -> Leaf {
        var sum = start
        for group in 0..<(trees / HeapPacker<Leaf>.width) {
            switch groups.base[group].depth {
            case 1: add(group, depth: 1, HeapPacker<Leaf>.width, conditions, to: &sum)
            case 2: add(group, depth: 2, HeapPacker<Leaf>.width, conditions, to: &sum)
            case 3: add(group, depth: 3, HeapPacker<Leaf>.width, conditions, to: &sum)
            case 4: add(group, depth: 4, HeapPacker<Leaf>.width, conditions, to: &sum)
            case 5: add(group, depth: 5, HeapPacker<Leaf>.width, conditions, to: &sum)
            case 6: add(group, depth: 6, HeapPacker<Leaf>.width, conditions, to: &sum)
            case 7: add(group, depth: 7, HeapPacker<Leaf>.width, conditions, to: &sum)
            default: add(group, depth: 8, HeapPacker<Leaf>.width, conditions, to: &sum)
            }
        }
        let rest = trees % HeapPacker<Leaf>.width
        if rest > 0 {
            let group = trees / HeapPacker<Leaf>.width
            addOneByOne(group, rest, conditions, to: &sum)
        }
        return sum
    }

    private func addOneByOne(_ group: Int, _ trees: Int, _ conditions: UnsafePointer<UInt8>, to sum: inout Leaf) {
        let depth = Int(groups.base[group].depth)
        for tree in 0..<trees {
            let nodes = nodes.base + (Int(groups.base[group].first) + tree << depth)
            var index = 1
            for _ in 0..<depth { index = 2 &* index &+ Int(conditions[Int(nodes[index])]) }
            sum += leaves.base[Int(groups.base[group].first) + (tree - 1) << depth + index]
        }
    }

    @inline(__always)
    private func add(
        _ group: Int, depth: Int, _ trees: Int, _ conditions: UnsafePointer<UInt8>, to sum: inout Leaf
    ) {
        let first = Int(groups.base[group].first)
        let nodes = nodes.base + first
        // Indices after the last level count from 2^depth.
        let leaves = leaves.base + (first &- (1 &<< depth))
        let size = 1 &<< depth
        @inline(__always)
        func step(_ tree: Int, _ index: inout Int) {
            index = 2 &* index &+ Int(conditions[Int(nodes[tree &* size &+ index])])
        }
        var a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1
        var i = 1, j = 1, k = 1, l = 1, m = 1, n = 1, o = 1, p = 1
        for _ in 0..<depth {
            step(0, &a)
            step(1, &b)
            step(2, &c)
            step(3, &d)
            step(4, &e)
            step(5, &f)
            step(6, &g)
            step(7, &h)
            step(8, &i)
            step(9, &j)
            step(10, &k)
            step(11, &l)
            step(12, &m)
            step(13, &n)
            step(14, &o)
            step(15, &p)
        }
        sum += leaves[a]
        sum += leaves[size &+ b]
        sum += leaves[2 &* size &+ c]
        sum += leaves[3 &* size &+ d]
        sum += leaves[4 &* size &+ e]
        sum += leaves[5 &* size &+ f]
        sum += leaves[6 &* size &+ g]
        sum += leaves[7 &* size &+ h]
        sum += leaves[8 &* size &+ i]
        sum += leaves[9 &* size &+ j]
        sum += leaves[10 &* size &+ k]
        sum += leaves[11 &* size &+ l]
        sum += leaves[12 &* size &+ m]
        sum += leaves[13 &* size &+ n]
        sum += leaves[14 &* size &+ o]
        sum += leaves[15 &* size &+ p]
    }
}

/// Trees that go down together.
struct HeapGroup: BitwiseCopyable, Sendable {
    var depth: Int32
    /// Where its nodes begin, and its leaves.
    var first: Int32
}

/// Lays the trees out as heaps.
struct HeapPacker<Leaf: Scalar> {
    static var width: Int { 16 }
    static var depthLimit: Int { 8 }

    private(set) var treeCount = 0
    private(set) var groups: [HeapGroup] = []
    private(set) var nodes: [UInt16] = []
    private(set) var leaves: [Leaf] = []

    init() {}

    /// nil when a tree is too deep, or there are too many of them to count.
    init?(_ forest: ReferenceForest, _ numbers: [UInt16]) {
        treeCount = forest.treesUsed
        for first in stride(from: 0, to: treeCount, by: Self.width) {
            let trees = first..<min(first + Self.width, treeCount)
            let depth = max(1, Int(forest.depths[trees].max() ?? 0))
            guard depth <= Self.depthLimit, nodes.count + Self.width << depth <= Int(Int32.max) else { return nil }
            groups.append(HeapGroup(depth: Int32(depth), first: Int32(nodes.count)))
            for tree in trees { append(Int(forest.roots[tree]), depth: depth, forest, numbers) }
            let missing = (Self.width - trees.count) << depth
            nodes += repeatElement(0, count: missing)
            leaves += repeatElement(0, count: missing)
        }
    }

    private mutating func append(_ root: Int, depth: Int, _ forest: ReferenceForest, _ numbers: [UInt16]) {
        var level = [root]
        nodes.append(0)
        for _ in 0..<depth {
            var next: [Int] = []
            for index in level {
                let node = forest.nodes[index]
                nodes.append(numbers[index])
                next += node.isLeaf ? [index, index] : [Int(node.left), Int(node.right)]
            }
            level = next
        }
        leaves += level.map { Leaf(forest.nodes[$0].value) }
    }
}
