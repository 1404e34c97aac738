// Balanced trees of up to eight levels as perfect heaps of condition numbers, two bytes a node and no pointers: the
// children of node i are 2i and 2i + 1, so a step is `i = 2i + answer[number[i]]`. Eight trees go down together, since
// one alone would wait for memory at each step. A leaf above the deepest level stands in all places below it.
//
//   group of 8 trees of depth d:  nodes [ tree: - n1 n2 … n(2^d - 1) ] × 8     leaves [ tree: l0 … l(2^d - 1) ] × 8

final class HeapForest<Leaf: Scalar>: Sendable {
    private let groups: FixedArray<HeapGroup>
    private let nodes: FixedArray<UInt16>
    private let leaves: FixedArray<Leaf>

    var bytes: Int { groups.bytes + nodes.bytes + leaves.bytes }

    init(_ packed: HeapPacker<Leaf>) {
        groups = FixedArray(packed.groups)
        nodes = FixedArray(packed.nodes)
        leaves = FixedArray(packed.leaves)
    }

    /// The sum of `start` and the leaves of the first `trees` trees.
    @inline(__always)
    func sum(ofFirst trees: Int, from start: Leaf, _ conditions: UnsafePointer<UInt8>) -> Leaf {
        var sum = start
        var left = trees
        var group = groups.base
        while left > 0 {
            let first = Int(group.pointee.first)
            // The sizes are constants where the steps are inlined, and the levels are counted down in a loop that is
            // not unrolled: straight through, the optimiser would turn the steps into long sums of shifts.
            let depth = Int(group.pointee.depth)
            let nodes = nodes.base + first
            let leaves = leaves.base + first
            switch depth {
            case 1: Self.add(left, nodes, leaves, conditions, size: 2, depth: depth, to: &sum)
            case 2: Self.add(left, nodes, leaves, conditions, size: 4, depth: depth, to: &sum)
            case 3: Self.add(left, nodes, leaves, conditions, size: 8, depth: depth, to: &sum)
            case 4: Self.add(left, nodes, leaves, conditions, size: 16, depth: depth, to: &sum)
            case 5: Self.add(left, nodes, leaves, conditions, size: 32, depth: depth, to: &sum)
            case 6: Self.add(left, nodes, leaves, conditions, size: 64, depth: depth, to: &sum)
            case 7: Self.add(left, nodes, leaves, conditions, size: 128, depth: depth, to: &sum)
            default: Self.add(left, nodes, leaves, conditions, size: 256, depth: depth, to: &sum)
            }
            left &-= HeapPacker<Leaf>.width
            group += 1
        }
        return sum
    }

    /// Adds the leaves of the group's first `trees` trees.
    @inline(__always)
    private static func add(
        _ trees: Int, _ nodes: UnsafePointer<UInt16>, _ leaves: UnsafePointer<Leaf>,
        _ conditions: UnsafePointer<UInt8>, size: Int, depth: Int, to sum: inout Leaf
    ) {
        @inline(__always)
        func step(_ tree: Int, _ index: inout Int) {
            index = 2 &* index &+ Int(conditions[Int(nodes[tree &* size &+ index])])
        }
        var a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1
        var level = depth
        repeat {
            step(0, &a)
            step(1, &b)
            step(2, &c)
            step(3, &d)
            step(4, &e)
            step(5, &f)
            step(6, &g)
            step(7, &h)
            level &-= 1
        } while level > 0
        // Below the last level the indices count from `size`.
        if trees >= HeapPacker<Leaf>.width {
            sum += leaves[a &- size]
            sum += leaves[b]
            sum += leaves[size &+ c]
            sum += leaves[2 &* size &+ d]
            sum += leaves[3 &* size &+ e]
            sum += leaves[4 &* size &+ f]
            sum += leaves[5 &* size &+ g]
            sum += leaves[6 &* size &+ h]
        } else {
            sum += leaves[a &- size]
            if trees > 1 { sum += leaves[b] }
            if trees > 2 { sum += leaves[size &+ c] }
            if trees > 3 { sum += leaves[2 &* size &+ d] }
            if trees > 4 { sum += leaves[3 &* size &+ e] }
            if trees > 5 { sum += leaves[4 &* size &+ f] }
            if trees > 6 { sum += leaves[5 &* size &+ g] }
        }
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
    static var width: Int { 8 }
    static var depthLimit: Int { 8 }

    private(set) var groups: [HeapGroup] = []
    private(set) var nodes: [UInt16] = []
    private(set) var leaves: [Leaf] = []

    init() {}

    /// nil when a tree is too deep, or there are too many of them to count.
    init?(_ forest: ReferenceForest, _ numbers: [UInt16]) {
        for first in stride(from: 0, to: forest.treesUsed, by: Self.width) {
            let trees = first..<min(first + Self.width, forest.treesUsed)
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
