// The form for forests that a table of conditions does not suit: too many distinct conditions, or so few trees that the
// table costs more than it saves. Nodes of 8 bytes (thresholds in Float) or 16, each tree breadth first, so that the two
// children of a node stand side by side and one offset names both. Missing values need no flag, because the row holds
// a column once for every rule that its splits have, and a leaf is a node that leads to itself, so trees of different
// depth go in lockstep.
//
//   node i: threshold t, slot s, offset o          next = i + o + (row[s] is left of t ? 0 : 1)
//   leaf:   t = +inf, s = the cell behind the slots (0), o = 0; its value is leaves[i]
//   categorical split: t is the number of its category set; only the one-tree walk meets it
//
// A slot holds what its rule makes of a missing value: -inf, which is left of every threshold, NaN, which is left of
// none, or 0. Limits of this form, past which the plain nodes are walked: 65,535 slots, 65,535 nodes from a node to its
// children, and no threshold of NaN, nor of -inf where missing values go left and equal ones right.

/// One node.
struct CompactNode<Value: Scalar>: Sendable, BitwiseCopyable {
    var threshold: Value
    var slot: UInt16
    var offset: UInt16
}

final class CompactForest<Value: Scalar, Leaf: Scalar>: Sendable {
    /// Trees that are walked at a time: enough chains to hide a chain's latency.
    static var lockstepWidth: Int { 8 }
    /// Deeper trees are walked one by one: in lockstep all would wait for the deepest.
    static var lockstepDepth: Int { 12 }

    private let isLockstep: Bool
    private let dialect: Dialect
    private let nodes: FixedArray<CompactNode<Value>>
    private let leaves: FixedArray<Leaf>
    private let roots: FixedArray<Int32>
    /// Deepest tree of each group of `lockstepWidth`.
    private let groupDepths: FixedArray<Int32>
    /// A `CompactKind` a node; empty when all are numeric.
    private let kinds: FixedArray<UInt8>
    private let slots: FixedArray<CompactSlot>
    private let setStarts: FixedArray<UInt32>
    private let setWords: FixedArray<UInt32>

    var bytes: Int {
        nodes.bytes + leaves.bytes + roots.bytes + groupDepths.bytes + kinds.bytes + slots.bytes + setStarts.bytes
            + setWords.bytes
    }

    /// Of the expanded row.
    var scratchBytes: Int { (slots.count + 1) * MemoryLayout<Value>.stride }

    init(_ packed: CompactPacker<Value, Leaf>, of forest: ReferenceForest, isLockstep: Bool) {
        let isNumeric = packed.kinds.allSatisfy { $0 == CompactKind.numeric }
        let trees = packed.roots.count
        let depths = forest.depths.prefix(trees)
        self.isLockstep = isLockstep
        dialect = forest.dialect
        nodes = FixedArray(packed.nodes)
        leaves = FixedArray(packed.leaves)
        roots = FixedArray(packed.roots)
        slots = FixedArray(packed.slots)
        kinds = FixedArray(isNumeric ? [] : packed.kinds)
        setStarts = FixedArray(isNumeric ? [] : forest.categories.starts)
        setWords = FixedArray(isNumeric ? [] : forest.categories.words)
        let groups = isLockstep ? trees / Self.lockstepWidth : 0
        groupDepths = FixedArray(
            (0..<groups).map { depths[$0 * Self.lockstepWidth..<($0 + 1) * Self.lockstepWidth].max() ?? 0 })
    }

    /// The sum of `start` and the leaves of the first `trees` trees.
    ///
    /// - Parameter row: As it comes.
    /// - Parameter memory: `scratchBytes` long.
    @inline(__always)
    func sum(
        ofFirst trees: Int, from start: Leaf, _ row: UnsafePointer<Double>, memory: UnsafeMutableRawPointer
    ) -> Leaf {
        let cells = memory.assumingMemoryBound(to: Value.self)
        for index in 0..<slots.count {
            let slot = slots.base[index]
            cells[index] = slot.rule.compared(Value.read(row[Int(slot.column)]))
        }
        cells[slots.count] = 0
        let expanded = UnsafePointer(cells)
        if !isLockstep { return walk(trees, start, expanded) }
        return dialect == .xgboost
            ? lockstep(trees, start, expanded, equalIsLeft: false) : lockstep(trees, start, expanded, equalIsLeft: true)
    }

    /// Whole groups in lockstep, the rest one by one; leaves are added in tree order.
    @inline(__always)
    private func lockstep(_ trees: Int, _ start: Leaf, _ row: UnsafePointer<Value>, equalIsLeft: Bool) -> Leaf {
        let nodes = nodes.base
        let leaves = leaves.base
        let roots = roots.base
        @inline(__always)
        func step(_ index: inout Int) { index = Self.child(of: index, nodes, row, equalIsLeft: equalIsLeft) }
        var sum = start
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
            for _ in 0..<Int(groupDepths.base[group]) {
                step(&a)
                step(&b)
                step(&c)
                step(&d)
                step(&e)
                step(&f)
                step(&g)
                step(&h)
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
            while nodes[index].offset != 0 { step(&index) }
            sum += leaves[index]
            tree &+= 1
        }
        return sum
    }

    @inline(__always)
    private static func child(
        of index: Int, _ nodes: UnsafePointer<CompactNode<Value>>, _ row: UnsafePointer<Value>, equalIsLeft: Bool
    ) -> Int {
        let node = nodes[index]
        let value = row[Int(node.slot)]
        let isLeft = equalIsLeft ? value <= node.threshold : value < node.threshold
        return index &+ Int(node.offset) &+ (isLeft ? 0 : 1)
    }

    @inline(__always)
    private func walk(_ trees: Int, _ start: Leaf, _ row: UnsafePointer<Value>) -> Leaf {
        let equalIsLeft = dialect != .xgboost
        var sum = start
        for tree in 0..<trees {
            var index = Int(roots.base[tree])
            while nodes.base[index].offset != 0 {
                if kinds.count != 0 && kinds.base[index] != CompactKind.numeric {
                    let isRight = categoryGoesRight(nodes.base[index], kind: kinds.base[index], row)
                    index = index &+ Int(nodes.base[index].offset) &+ (isRight ? 1 : 0)
                } else {
                    index = Self.child(of: index, nodes.base, row, equalIsLeft: equalIsLeft)
                }
            }
            sum += leaves.base[index]
        }
        return sum
    }

    @inline(__always)
    private func categoryGoesRight(_ node: CompactNode<Value>, kind: UInt8, _ row: UnsafePointer<Value>) -> Bool {
        let value = row[Int(node.slot)]
        if value.isNaN { return kind == CompactKind.missingRight }
        guard let code = dialect.category(Double(value)) else { return !dialect.listedGoRight }
        let set = Int(node.threshold)
        let word = Int(setStarts.base[set]) &+ code / 32
        let isListed = word < Int(setStarts.base[set &+ 1]) && setWords.base[word] &>> UInt32(code % 32) & 1 == 1
        return isListed == dialect.listedGoRight
    }
}
