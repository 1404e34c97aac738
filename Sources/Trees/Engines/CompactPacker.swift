// Lays trees out for a compact forest.

/// How a node splits by category, if it does.
enum CompactKind {
    static let numeric: UInt8 = 0
    static let missingLeft: UInt8 = 1
    static let missingRight: UInt8 = 2
}

/// A column under one rule.
struct CompactSlot: Hashable, Sendable, BitwiseCopyable {
    var column: Int32
    var rule: MissingRule
}

extension MissingRule {
    /// A value such that `x < t` and `x <= t` tell the side also where it was missing.
    @inline(__always)
    func compared<Value: Scalar>(_ value: Value) -> Value {
        switch self {
        case .left: value.isNaN ? -.infinity : value
        case .right: value
        case .zero: value.isNaN ? 0 : value
        case .zeroLeft: value.isNaN || value == 0 ? -.infinity : value
        case .zeroRight: value == 0 ? .nan : value
        }
    }
}

/// Lays the trees out anew, breadth first.
struct CompactPacker<Value: Scalar, Leaf: Scalar> {
    private(set) var nodes: [CompactNode<Value>] = []
    private(set) var leaves: [Leaf] = []
    private(set) var roots: [Int32] = []
    private(set) var kinds: [UInt8] = []
    private(set) var slots: [CompactSlot] = []
    private var numberOfSlot: [CompactSlot: UInt16] = [:]

    init() {}

    /// nil when a node does not fit this form.
    init?(_ forest: ReferenceForest) {
        var order: [Int32] = []
        for tree in 0..<forest.treesUsed {
            roots.append(Int32(nodes.count))
            order.removeAll(keepingCapacity: true)
            order.append(forest.roots[tree])
            var next = 0
            while next < order.count {
                let node = forest.nodes[Int(order[next])]
                guard append(node, offset: node.isLeaf ? 0 : order.count - next, forest.dialect) else { return nil }
                if !node.isLeaf {
                    order.append(node.left)
                    order.append(node.right)
                }
                next += 1
            }
        }
        let cell = UInt16(slots.count)
        for index in nodes.indices where nodes[index].offset == 0 { nodes[index].slot = cell }
    }

    private mutating func append(_ node: ReferenceNode, offset: Int, _ dialect: Dialect) -> Bool {
        guard offset <= Int(UInt16.max) else { return false }
        leaves.append(node.isLeaf ? Leaf(node.value) : 0)
        guard !node.isLeaf else {
            nodes.append(CompactNode(threshold: .infinity, slot: 0, offset: 0))
            kinds.append(CompactKind.numeric)
            return true
        }
        var rule = node.missing
        var kind = CompactKind.numeric
        var threshold = Value(node.value)
        if node.categorySet >= 0 {
            guard rule == .left || rule == .right else { return false }
            kind = rule == .left ? CompactKind.missingLeft : CompactKind.missingRight
            // Keeps NaN.
            rule = .right
            threshold = Value(node.categorySet)
        } else {
            let missingIsBelow = rule == .left || rule == .zeroLeft
            let isOdd = threshold.isNaN || (threshold == -.infinity && missingIsBelow && dialect == .xgboost)
            guard !isOdd else { return false }
        }
        guard let slot = slot(CompactSlot(column: node.column, rule: rule)) else { return false }
        nodes.append(CompactNode(threshold: threshold, slot: slot, offset: UInt16(offset)))
        kinds.append(kind)
        return true
    }

    private mutating func slot(_ slot: CompactSlot) -> UInt16? {
        if let number = numberOfSlot[slot] { return number }
        guard slots.count < Int(UInt16.max) else { return nil }
        numberOfSlot[slot] = UInt16(slots.count)
        slots.append(slot)
        return UInt16(slots.count - 1)
    }
}
