// Trees of any shape, cut into treelets of three levels: 32 bytes with seven condition numbers and eight exits. Inside a
// treelet the numbers stand in order, left to right, so that the answers of a path add up to its exit without a branch:
//
//   treelet:  [ n n n root n n n - | exit 0 … exit 7 ]      at = 4 × answer[n3], + 2 × answer[n(1 + at)], + answer[n(at)]
//   exit:     the number of a leaf, or with the highest bit set of the treelet that follows
//
// A block of trees is walked in rounds: every tree enters its first treelet, the trees that are not at a leaf then are
// listed and enter their second, and so on, eight at a time, so that nothing waits for one tree's memory. The leaves
// are added at last, in the order of the trees.

struct TreeletForest<Leaf: Scalar>: ~Copyable, Sendable {
    private let blocks: FixedArray<TreeletBlock>
    private let treelets: FixedArray<UInt16>
    private let leaves: FixedArray<Leaf>
    /// Trees of the largest block, and those that fill up its last step.
    let scratchTrees: Int

    var bytes: Int { blocks.bytes + treelets.bytes + leaves.bytes }

    init(_ packed: TreeletPacker<Leaf>) {
        blocks = FixedArray(packed.blocks)
        treelets = FixedArray(packed.treelets)
        leaves = FixedArray(packed.leaves)
        scratchTrees = (packed.blocks.map { Int($0.trees) }.max() ?? 0) + 2 * TreeletPacker<Leaf>.width
    }

    /// The sum of `start` and the leaves of the first `trees` trees.
    ///
    /// - Parameter exits: `scratchTrees` long, like `list`.
    @inline(__always)
    func sum(
        ofFirst trees: Int, from start: Leaf, _ conditions: UnsafePointer<UInt8>, exits: UnsafeMutablePointer<UInt16>,
        list: UnsafeMutablePointer<UInt16>
    ) -> Leaf {
        var sum = start
        var left = trees
        var block = blocks.base
        while left > 0 {
            let count = min(left, Int(block.pointee.trees))
            Self.walk(
                count, padding: Int(block.pointee.trees), treelets.base + block.pointee.treelets, conditions, exits, list)
            let leaves = leaves.base + block.pointee.leaves
            for tree in 0..<count { sum += leaves[Int(exits[tree])] }
            left &-= count
            block += 1
        }
        return sum
    }

    /// Finds the leaf of each of the first trees of a block. `padding` names a tree that is a leaf.
    @inline(__always)
    private static func walk(
        _ trees: Int, padding: Int, _ treelets: UnsafePointer<UInt16>, _ conditions: UnsafePointer<UInt8>,
        _ exits: UnsafeMutablePointer<UInt16>, _ list: UnsafeMutablePointer<UInt16>
    ) {
        @inline(__always)
        func first(_ at: Int) -> Int { at &+ Int(conditions[Int(treelets[at &+ 3])]) &* 4 }
        @inline(__always)
        func second(_ at: Int) -> Int { at &+ Int(conditions[Int(treelets[at &+ 1])]) &* 2 }
        @inline(__always)
        func third(_ at: Int) -> Int { at &+ Int(conditions[Int(treelets[at])]) }
        var listed = 0
        @inline(__always)
        func leave(_ at: Int, _ tree: Int) {
            let exit = treelets[at &+ 8]
            exits[tree] = exit
            list[listed] = UInt16(truncatingIfNeeded: tree)
            listed &+= Int(exit &>> 15)
        }
        @inline(__always)
        func enter(_ tree: UInt16) -> Int { Int(exits[Int(tree)] & 0x7FFF) &* 16 }

        var tree = 0
        while tree < trees {
            let at = tree &* 16
            var a = first(at), b = first(at &+ 16), c = first(at &+ 32), d = first(at &+ 48)
            var e = first(at &+ 64), f = first(at &+ 80), g = first(at &+ 96), h = first(at &+ 112)
            a = second(a)
            b = second(b)
            c = second(c)
            d = second(d)
            e = second(e)
            f = second(f)
            g = second(g)
            h = second(h)
            a = third(a)
            b = third(b)
            c = third(c)
            d = third(d)
            e = third(e)
            f = third(f)
            g = third(g)
            h = third(h)
            leave(a, tree)
            leave(b, tree &+ 1)
            leave(c, tree &+ 2)
            leave(d, tree &+ 3)
            leave(e, tree &+ 4)
            leave(f, tree &+ 5)
            leave(g, tree &+ 6)
            leave(h, tree &+ 7)
            tree &+= 8
        }
        while listed > 0 {
            let count = listed
            exits[padding] = UInt16(truncatingIfNeeded: padding)
            for place in count..<(count &+ 7) { list[place] = UInt16(truncatingIfNeeded: padding) }
            listed = 0
            var place = 0
            while place < count {
                let s = list[place], t = list[place &+ 1], u = list[place &+ 2], v = list[place &+ 3]
                let w = list[place &+ 4], x = list[place &+ 5], y = list[place &+ 6], z = list[place &+ 7]
                var a = first(enter(s)), b = first(enter(t)), c = first(enter(u)), d = first(enter(v))
                var e = first(enter(w)), f = first(enter(x)), g = first(enter(y)), h = first(enter(z))
                a = second(a)
                b = second(b)
                c = second(c)
                d = second(d)
                e = second(e)
                f = second(f)
                g = second(g)
                h = second(h)
                a = third(a)
                b = third(b)
                c = third(c)
                d = third(d)
                e = third(e)
                f = third(f)
                g = third(g)
                h = third(h)
                leave(a, Int(s))
                leave(b, Int(t))
                leave(c, Int(u))
                leave(d, Int(v))
                leave(e, Int(w))
                leave(f, Int(x))
                leave(g, Int(y))
                leave(h, Int(z))
                place &+= 8
            }
        }
    }
}
