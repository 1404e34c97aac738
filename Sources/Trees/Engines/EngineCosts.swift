// What a row would cost in each form, estimated from the forest's shape and from the covers of its training, so that
// the cheapest form is packed. Nanoseconds, measured on one core at 3.2 GHz; only their ratios matter.

/// Counts of what a walk would do for an average row.
struct ForestShape {
    var trees = 0
    /// Steps of perfect heaps, which go to the deepest leaf of each group; nil beyond their depth.
    var heapSteps: Int?
    var heapLeaves = 0
    /// The same of compact nodes in lockstep.
    var lockstepSteps: Int?
    /// Splits, and treelets, on the ways of the rows.
    var visits = 0.0
    var treelets = 0.0
    /// Columns under one rule.
    var slots: Set<CompactSlot> = []
    var isNumeric = true

    init(_ forest: ReferenceForest) {
        trees = forest.treesUsed
        let depths = forest.depths.prefix(trees)
        let deepest = depths.max() ?? 0
        if deepest <= HeapPacker<Float>.depthLimit {
            heapSteps = 0
            for first in stride(from: 0, to: trees, by: HeapPacker<Float>.width) {
                let depth = max(1, Int(depths[first..<min(first + HeapPacker<Float>.width, trees)].max() ?? 0))
                heapSteps! += HeapPacker<Float>.width * depth
                heapLeaves += HeapPacker<Float>.width << depth
            }
        }
        follow(forest)
        if isNumeric && deepest <= CompactForest<Float, Float>.lockstepDepth {
            let width = CompactForest<Float, Float>.lockstepWidth
            lockstepSteps = stride(from: 0, to: trees, by: width).reduce(0) { steps, first in
                steps + width * Int(depths[first..<min(first + width, trees)].max() ?? 0)
            }
        }
    }

    private mutating func follow(_ forest: ReferenceForest) {
        var pending: [(node: Int32, share: Float, level: Int32)] = []
        for tree in 0..<trees {
            pending.append((forest.roots[tree], 1, 0))
            while let (index, share, level) = pending.popLast() {
                let node = forest.nodes[Int(index)]
                guard !node.isLeaf else { continue }
                visits += Double(share)
                if level % 3 == 0 { treelets += Double(share) }
                if node.categorySet >= 0 { isNumeric = false }
                slots.insert(CompactSlot(column: node.column, rule: node.missing))
                let left = share * forest.leftShare(of: node)
                pending.append((node.left, left, level + 1))
                pending.append((node.right, share - left, level + 1))
            }
        }
    }

    /// Past this size of all heaps a step waits for the second cache.
    private static let nearBytes = 1_048_576.0

    var heapCost: Double? {
        guard let heapSteps else { return nil }
        let bytes = Double(heapLeaves * 8)
        return Double(heapSteps) * (0.42 + 0.4 * min(1, bytes / Self.nearBytes)) + Double(trees) * 0.3
    }

    var treeletCost: Double { treelets * 2.3 + Double(trees) * 1.5 }

    /// Of trees that ask one question a level.
    func obliviousCost(levels: Int) -> Double { Double(levels) * 0.3 + Double(trees) }

    var lockstepCost: Double? { lockstepSteps.map { Double($0) * 1.6 + Double(slots.count) } }

    /// A branch that depends on the row is often guessed wrong.
    var walkCost: Double { visits * 12 + Double(slots.count) }
}

extension Conditions {
    /// Of answering all of them: the search of each column, and the copies.
    var cost: Double {
        var cost = 10.0
        for column in columns {
            cost += column.thresholds.count <= Self.chunk ? 2 : 4 + Double(column.thresholds.count) / 512
            for run in column.runs { cost += 1.2 + 0.5 * Double(Self.wholeChunks(run.thresholds.count) / Self.chunk) }
        }
        for category in categories { cost += 8 + 0.5 * Double(category.stride / Self.chunk) }
        return cost
    }
}
