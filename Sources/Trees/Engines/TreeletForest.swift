// Trees of any shape, cut into treelets of three levels: 32 bytes with seven condition numbers and eight exits. Inside a
// treelet the numbers stand in order, left to right, so that the answers of a path add up to its exit without a branch:
//
//   treelet:  [ n n n root n n n - | exit 0 … exit 7 ]      at = 4 × answer[n3], + 2 × answer[n(1 + at)], + answer[n(at)]
//   exit:     the number of a leaf, or with the highest bit set of the treelet that follows
//
// A block of trees is walked in rounds: every tree enters its first treelet, the trees that are not at a leaf then are
// listed and enter their second, and so on, four at a time, so that nothing waits for one tree's memory. The leaves
// are added at last, in the order of the trees. Lists are made in loops of their own: a store whose place depends on
// the walk would hold up the loads behind it.

final class TreeletForest<Leaf: Scalar>: Sendable {
    /// So few trees go on alone.
    private static var tail: Int { 8 }

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
            let walk = TreeletWalk(
                trees: min(left, Int(block.pointee.trees)), padding: Int(block.pointee.trees),
                treelets: treelets.base + block.pointee.treelets, conditions: conditions, exits: exits, list: list)
            walk.enterRoots()
            var listed = walk.listRoots()
            while listed > Self.tail { listed = walk.enterListed(listed) }
            walk.finish(listed)
            let leaves = leaves.base + block.pointee.leaves
            for tree in 0..<walk.trees { sum += leaves[Int(exits[tree])] }
            left &-= walk.trees
            block += 1
        }
        return sum
    }
}

/// One block on its way.
private struct TreeletWalk {
    let trees: Int
    /// Names a tree that is a leaf.
    let padding: Int
    let treelets: UnsafePointer<UInt16>
    let conditions: UnsafePointer<UInt8>
    /// Of each tree.
    let exits: UnsafeMutablePointer<UInt16>
    /// Trees that are not at a leaf.
    let list: UnsafeMutablePointer<UInt16>

    @inline(__always)
    private func first(_ at: Int) -> Int { at &+ Int(conditions[Int(treelets[at &+ 3])]) &* 4 }

    @inline(__always)
    private func second(_ at: Int) -> Int { at &+ Int(conditions[Int(treelets[at &+ 1])]) &* 2 }

    @inline(__always)
    private func third(_ at: Int) -> Int { at &+ Int(conditions[Int(treelets[at])]) }

    /// Takes four trees through the treelets at `a` to `d`.
    @inline(__always)
    private func pass(_ a: inout Int, _ b: inout Int, _ c: inout Int, _ d: inout Int) {
        a = first(a)
        b = first(b)
        c = first(c)
        d = first(d)
        a = second(a)
        b = second(b)
        c = second(c)
        d = second(d)
        a = third(a)
        b = third(b)
        c = third(c)
        d = third(d)
    }

    @inline(__always)
    func enterRoots() {
        var tree = 0
        while tree < trees {
            var a = tree &* 16
            var b = a &+ 16
            var c = a &+ 32
            var d = a &+ 48
            pass(&a, &b, &c, &d)
            exits[tree] = treelets[a &+ 8]
            exits[tree &+ 1] = treelets[b &+ 8]
            exits[tree &+ 2] = treelets[c &+ 8]
            exits[tree &+ 3] = treelets[d &+ 8]
            tree &+= 4
        }
    }

    @inline(__always)
    func listRoots() -> Int {
        var listed = 0
        for tree in 0..<trees {
            list[listed] = UInt16(truncatingIfNeeded: tree)
            listed &+= Int(exits[tree] &>> 15)
        }
        return listed
    }

    @inline(__always)
    private func treelet(of tree: UInt16) -> Int { Int(exits[Int(tree)] & 0x7FFF) &* 16 }

    /// Takes the first `count` trees of the list through their next treelets, and lists those that go on.
    @inline(__always)
    func enterListed(_ count: Int) -> Int {
        let padding = UInt16(truncatingIfNeeded: padding)
        exits[self.padding] = padding
        list[count] = padding
        list[count &+ 1] = padding
        list[count &+ 2] = padding
        var place = 0
        while place < count {
            let one = list[place]
            let two = list[place &+ 1]
            let three = list[place &+ 2]
            let four = list[place &+ 3]
            var a = treelet(of: one)
            var b = treelet(of: two)
            var c = treelet(of: three)
            var d = treelet(of: four)
            pass(&a, &b, &c, &d)
            exits[Int(one)] = treelets[a &+ 8]
            exits[Int(two)] = treelets[b &+ 8]
            exits[Int(three)] = treelets[c &+ 8]
            exits[Int(four)] = treelets[d &+ 8]
            place &+= 4
        }
        var listed = 0
        for place in 0..<count {
            let tree = list[place]
            list[listed] = tree
            listed &+= Int(exits[Int(tree)] &>> 15)
        }
        return listed
    }

    @inline(__always)
    func finish(_ count: Int) {
        for place in 0..<count {
            let tree = list[place]
            repeat {
                exits[Int(tree)] = treelets[third(second(first(treelet(of: tree)))) &+ 8]
            } while exits[Int(tree)] &>> 15 != 0
        }
    }
}
