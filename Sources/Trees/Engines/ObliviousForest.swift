// Trees of which every level asks one question, as CatBoost grows them: the answers are the bits of the leaf's number,
// and no step waits for another.

final class ObliviousForest<Leaf: Scalar>: Sendable {
    private let trees: FixedArray<ObliviousTree>
    private let numbers: FixedArray<UInt16>
    private let leaves: FixedArray<Leaf>

    var bytes: Int { trees.bytes + numbers.bytes + leaves.bytes }

    init(_ packed: ObliviousPacker<Leaf>) {
        trees = FixedArray(packed.trees)
        numbers = FixedArray(packed.numbers)
        leaves = FixedArray(packed.leaves)
    }

    /// The sum of `start` and the leaves of the first `count` trees.
    @inline(__always)
    func sum(ofFirst count: Int, from start: Leaf, _ conditions: UnsafePointer<UInt8>) -> Leaf {
        var sum = start
        for index in 0..<count {
            let tree = trees.base[index]
            let numbers = numbers.base + Int(tree.first)
            let leaves = leaves.base + tree.leaves
            var leaf = 0
            for level in 0..<Int(tree.depth) { leaf = 2 &* leaf &+ Int(conditions[Int(numbers[level])]) }
            sum += leaves[leaf]
        }
        return sum
    }
}

struct ObliviousTree: BitwiseCopyable, Sendable {
    var depth: Int32
    /// Of its condition numbers, from the root on.
    var first: Int32
    var leaves: Int
}

/// Recognises such trees by their shape.
struct ObliviousPacker<Leaf: Scalar> {
    static var depthLimit: Int { 16 }

    private(set) var trees: [ObliviousTree] = []
    private(set) var numbers: [UInt16] = []
    private(set) var leaves: [Leaf] = []

    init() {}

    /// nil when a level of a tree asks more than one question, or has a leaf above the last.
    init?(_ forest: ReferenceForest, _ numberOfNode: [UInt16]) {
        for tree in 0..<forest.treesUsed {
            let depth = Int(forest.depths[tree])
            guard depth <= Self.depthLimit else { return nil }
            trees.append(ObliviousTree(depth: Int32(depth), first: Int32(numbers.count), leaves: leaves.count))
            var level = [Int(forest.roots[tree])]
            for _ in 0..<depth {
                let number = numberOfNode[level[0]]
                guard level.allSatisfy({ !forest.nodes[$0].isLeaf && numberOfNode[$0] == number }) else { return nil }
                numbers.append(number)
                level = level.flatMap { [Int(forest.nodes[$0].left), Int(forest.nodes[$0].right)] }
            }
            leaves += level.map { Leaf(forest.nodes[$0].value) }
        }
    }
}
