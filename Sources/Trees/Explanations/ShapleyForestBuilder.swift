// Lays a forest out for Shapley values. Each tree is walked twice: breadth first to number its splits, and depth first
// to find which columns each path has split before. Both take time in proportion to the nodes, however deep.

struct ShapleyForestBuilder {
    private let forest: ReferenceForest
    private(set) var trees: [ShapleyTree] = []
    private(set) var splits: [ShapleySplit] = []
    private(set) var pairs: [ShapleyLeafPair] = []
    private(set) var leaves: [ShapleyLeaf] = []
    private(set) var links: [ShapleyLink] = []
    private(set) var curves: [SIMD2<Double>] = []
    private(set) var weights: [SIMD2<Double>] = []
    private(set) var columns: [UInt32] = []

    /// Of each node that is a split, its condition.
    private let conditions: [UInt32]
    private let curvePairLimit: Int
    /// Of each node that is a split: its number within the tree.
    private var numbers: [Int32]
    /// The points of the rules met so far, two by two, beside `weights`.
    private var points: [SIMD2<Double>] = []
    private var firstPoints: [ShapleyRule: Int] = [:]
    /// What the path that is walked has split of each column.
    private var earlier: [Earlier]
    /// Of the tree in hand: the share of cover that stays on the path through all earlier splits, for each link.
    private var linkShares: [Double] = []

    /// The earlier splits of a column on a path.
    private struct Earlier {
        /// The last one, within the tree; -1 when there is none.
        var split: Int32 = -1
        var isRight = false
        /// Product of the shares of the children taken.
        var share = 1.0
    }

    init(_ forest: ReferenceForest, conditions: [UInt32], curvePairLimit: Int) {
        self.forest = forest
        self.conditions = conditions
        self.curvePairLimit = curvePairLimit
        numbers = [Int32](repeating: -1, count: forest.nodes.count)
        earlier = [Earlier](repeating: Earlier(), count: forest.featureCount)
    }

    /// False, and nothing is left, when the forest is past a limit of `ShapleyForest`.
    mutating func build() -> Bool {
        for tree in 0..<forest.treesUsed {
            guard add(root: Int(forest.roots[tree])) else {
                self = ShapleyForestBuilder(forest, conditions: conditions, curvePairLimit: curvePairLimit)
                return false
            }
        }
        numberColumns()
        return true
    }

    private mutating func add(root: Int) -> Bool {
        // A tree of one leaf moves nothing.
        guard !forest.nodes[root].isLeaf else { return true }
        let firstSplit = splits.count
        let firstPair = pairs.count
        let firstLeaf = leaves.count
        let firstLink = links.count
        number(root: root)
        let distinct = link(root: root, firstSplit: firstSplit)
        guard distinct <= ShapleyForest.distinctColumnLimit else { return false }
        let rule = ShapleyRule(distinctColumns: distinct)
        guard linkShares.count * rule.points <= curvePairLimit - curves.count else { return false }
        let bottomCount = pairs.count - firstPair
        trees.append(
            ShapleyTree(
                firstSplit: firstSplit, firstPair: firstPair, firstLeaf: firstLeaf, firstLink: firstLink,
                firstCurve: curves.count, firstWeight: firstPoint(of: rule),
                upperCount: splits.count - firstSplit - bottomCount, bottomCount: bottomCount,
                leafCount: leaves.count - firstLeaf, linkCount: linkShares.count, rule: rule))
        addCurves(rule)
        return true
    }

    // MARK: Breadth first

    /// Adds the tree's splits in their order, and its leaves.
    private mutating func number(root: Int) {
        let nodes = forest.nodes
        var upper: [(node: Int, slot: Int)] = []
        var bottom: [(node: Int, slot: Int)] = []
        func isBottom(_ node: ReferenceNode) -> Bool { nodes[Int(node.left)].isLeaf && nodes[Int(node.right)].isLeaf }
        if isBottom(nodes[root]) { bottom.append((root, 0)) } else { upper.append((root, 0)) }
        var next = 0
        while next < upper.count {
            let node = nodes[upper[next].node]
            for (side, child) in [Int(node.left), Int(node.right)].enumerated() {
                let slot = 2 * next + 1 + side
                if nodes[child].isLeaf {
                    leaves.append(ShapleyLeaf(value: nodes[child].value, slot: UInt32(slot)))
                } else if isBottom(nodes[child]) {
                    bottom.append((child, slot))
                } else {
                    upper.append((child, slot))
                }
            }
            next += 1
        }
        for (number, (node, slot)) in (upper + bottom).enumerated() {
            numbers[node] = Int32(number)
            splits.append(
                ShapleySplit(
                    share: share(of: nodes[node]), condition: conditions[node], slot: UInt32(slot),
                    column: UInt32(nodes[node].column), link: 0))
        }
        for (node, _) in bottom {
            let left = nodes[Int(nodes[node].left)].value
            let right = nodes[Int(nodes[node].right)].value
            pairs.append(ShapleyLeafPair(left: left, difference: right - left))
        }
    }

    /// The right child's share of the cover. Without usable covers the children count alike, as in `ForestBuilder`.
    private func share(of node: ReferenceNode) -> Double {
        let left = Double(forest.nodes[Int(node.left)].cover)
        let right = Double(forest.nodes[Int(node.right)].cover)
        let cover = left + right
        guard cover > 0, cover.isFinite, left >= 0, right >= 0 else { return 0.5 }
        return right / cover
    }

    // MARK: Depth first

    /// A split on the path that is walked.
    private struct Step {
        var node: Int
        /// What its column was before it.
        var before: Earlier
        /// Children that were gone into.
        var children = 0
    }

    /// Links the tree's repeated splits, and gives the most distinct columns that a path has.
    private mutating func link(root: Int, firstSplit: Int) -> Int {
        links.append(ShapleyLink(condition: 0, flip: 0, link: 0))
        linkShares.removeAll(keepingCapacity: true)
        linkShares.append(1)
        var path = [step(into: root, firstSplit: firstSplit)]
        var distinct = 1
        var most = 1
        while let step = path.last {
            let node = forest.nodes[step.node]
            let column = Int(node.column)
            guard step.children < 2 else {
                earlier[column] = step.before
                if step.before.split < 0 { distinct -= 1 }
                path.removeLast()
                continue
            }
            let isRight = step.children == 1
            path[path.count - 1].children += 1
            let number = numbers[step.node]
            let share = splits[firstSplit + Int(number)].share
            earlier[column] = Earlier(
                split: number, isRight: isRight, share: step.before.share * (isRight ? share : 1 - share))
            let child = Int(isRight ? node.right : node.left)
            guard !forest.nodes[child].isLeaf else { continue }
            path.append(self.step(into: child, firstSplit: firstSplit))
            if path[path.count - 1].before.split < 0 { distinct += 1 }
            most = max(most, distinct)
        }
        return most
    }

    private mutating func step(into node: Int, firstSplit: Int) -> Step {
        let before = earlier[Int(forest.nodes[node].column)]
        if before.split >= 0 {
            let last = splits[firstSplit + Int(before.split)]
            splits[firstSplit + Int(numbers[node])].link = UInt32(linkShares.count)
            links.append(ShapleyLink(condition: last.condition, flip: before.isRight ? 0 : 1, link: last.link))
            linkShares.append(before.share)
        }
        return Step(node: node, before: before)
    }

    // MARK: Points

    /// Adds what the tree's links are at each point.
    private mutating func addCurves(_ rule: ShapleyRule) {
        let first = firstPoint(of: rule)
        let pairs = rule.width / 2
        for pass in 0..<rule.passes {
            let points = points[first + pass * pairs..<first + (pass + 1) * pairs]
            for share in linkShares {
                let factors = points.map { $0 + share * (1 - $0) }
                for (t, factor) in zip(points, factors) { curves.append(t / factor) }
                for factor in factors { curves.append(share / (factor * factor)) }
            }
        }
    }

    /// Where a rule begins in `points` and `weights`.
    private mutating func firstPoint(of rule: ShapleyRule) -> Int {
        if let first = firstPoints[rule] { return first }
        let first = points.count
        let legendre = GaussLegendre(count: rule.points)
        for pair in stride(from: 0, to: rule.points, by: 2) {
            points.append(SIMD2(legendre.points[pair], legendre.points[pair + 1]))
            weights.append(SIMD2(legendre.weights[pair], legendre.weights[pair + 1]))
        }
        firstPoints[rule] = first
        return first
    }

    // MARK: Columns

    /// Gives the columns in use their numbers.
    private mutating func numberColumns() {
        var isUsed = [Bool](repeating: false, count: forest.featureCount)
        for split in splits { isUsed[Int(split.column)] = true }
        var numbers = [UInt32](repeating: 0, count: forest.featureCount)
        for column in isUsed.indices where isUsed[column] {
            numbers[column] = UInt32(columns.count)
            columns.append(UInt32(column))
        }
        for index in splits.indices { splits[index].column = numbers[Int(splits[index].column)] }
    }
}
