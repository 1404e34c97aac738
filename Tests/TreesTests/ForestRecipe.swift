// Seeded forests of every shape, made of nodes directly. See EngineTests.
#if DEBUG
    import Testing

    @testable import Trees

    /// How a forest is grown.
    struct ForestRecipe: Sendable, CustomTestStringConvertible {
        enum Shape: Sendable {
            /// Every leaf at this depth.
            case balanced(Int)
            /// Splits at random leaves.
            case leafWise(Int)
            /// One condition a level.
            case oblivious(Int)
            /// Splits at the newest leaf.
            case chain(Int)
        }

        var seed: UInt64
        var dialect: Dialect
        var shape: Shape
        var trees: Int
        var categorical = false
        /// Thresholds of -inf, which compact nodes do not take in one dialect, and of NaN, which no loader lets through.
        var isOdd = false
        /// Forms that must have taken it.
        var expected: Set<ModelSummary.Engine> = []

        var testDescription: String { "\(dialect) \(shape) × \(trees)\(categorical ? ", categories" : "")" }

        static let columns = 6

        static let all: [ForestRecipe] = {
            var recipes: [ForestRecipe] = []
            var seed: UInt64 = 100
            for dialect in [Dialect.xgboost, .lightgbm, .catboost] {
                for categorical in [false, true] {
                    func add(_ shape: Shape, _ trees: Int, _ expected: Set<ModelSummary.Engine>, odd: Bool = false) {
                        seed += 1
                        recipes.append(
                            ForestRecipe(
                                seed: seed, dialect: dialect, shape: shape, trees: trees, categorical: categorical,
                                isOdd: odd, expected: expected))
                    }
                    let compact: ModelSummary.Engine = categorical ? .walk : .lockstep
                    for depth in 0...8 { add(.balanced(depth), depth < 6 ? 17 : 5, [.heap, .treelets, compact]) }
                    add(.balanced(9), 2, [.treelets, compact])
                    for trees in [7, 8, 9, 15, 16] { add(.balanced(3), trees, [.heap, .treelets, compact]) }
                    add(.leafWise(6), 33, [.treelets, compact])
                    add(.leafWise(40), 40, [.treelets])
                    add(.leafWise(300), 5, [.treelets])
                    for depth in [2, 5, 8] { add(.balanced(depth), 9, [.heap, .treelets], odd: true) }
                    add(.leafWise(30), 30, [.treelets], odd: true)
                    add(.chain(8), 18, [.heap, .treelets, compact])
                    add(.chain(9), 18, [.treelets, compact])
                    add(.chain(60), 10, [.treelets, .walk])
                    for depth in [1, 6, 9] { add(.oblivious(depth), 19, [.oblivious, .treelets]) }
                }
            }
            return recipes
        }()

        // MARK: Growing

        func forest(using rng: inout SplitMix64) -> LoadedModel {
            var builder = ForestBuilder()
            for _ in 0..<trees {
                let nodes = grow(&builder, using: &rng)
                builder.append(nodes)
            }
            let isSingle = dialect == .xgboost
            var summation = Summation(isSingle: isSingle, start: isSingle ? Double(Float(0.3)) : 0)
            if dialect == .catboost { (summation.scale, summation.bias) = (0.5, -1.25) }
            return builder.loaded(dialect, summation, columns: Self.columns)
        }

        private func grow(_ builder: inout ForestBuilder, using rng: inout SplitMix64) -> [ReferenceNode] {
            let base = builder.nodes.count
            var nodes = [leaf(using: &rng)]
            func split(_ at: Int, as node: ReferenceNode, _ rng: inout SplitMix64) {
                let cover = nodes[at].cover
                nodes[at] = node
                nodes[at].cover = cover
                nodes[at].left = Int32(base + nodes.count)
                nodes[at].right = Int32(base + nodes.count + 1)
                nodes.append(leaf(using: &rng))
                nodes.append(leaf(using: &rng))
            }
            func leaves() -> [Int] { nodes.indices.filter { nodes[$0].isLeaf } }
            switch shape {
            case .balanced(let depth):
                for _ in 0..<depth {
                    for at in leaves() { split(at, as: condition(&builder, using: &rng), &rng) }
                }
            case .oblivious(let depth):
                for _ in 0..<depth {
                    let level = condition(&builder, using: &rng)
                    for at in leaves() { split(at, as: level, &rng) }
                }
            case .leafWise(let count):
                for _ in 0..<Int.random(in: 0...count, using: &rng) {
                    split(leaves().randomElement(using: &rng)!, as: condition(&builder, using: &rng), &rng)
                }
            case .chain(let count):
                for _ in 0..<count { split(nodes.count - 1, as: condition(&builder, using: &rng), &rng) }
            }
            return nodes
        }

        private func leaf(using rng: inout SplitMix64) -> ReferenceNode {
            let value = Double.random(in: -1...1, using: &rng)
            let isSingle = dialect == .xgboost
            return .leaf(isSingle ? Double(Float(value)) : value, cover: Float.random(in: 0...9, using: &rng))
        }

        private func condition(_ builder: inout ForestBuilder, using rng: inout SplitMix64) -> ReferenceNode {
            var node = ReferenceNode.leaf(threshold(using: &rng), cover: 1)
            node.column = Int32.random(in: 0..<Int32(Self.columns), using: &rng)
            node.missing = Bool.random(using: &rng) ? .left : .right
            if categorical && node.column < 2 {
                let words = (0..<Int.random(in: 0...3, using: &rng)).map { _ in
                    UInt32.random(in: 0...UInt32.max, using: &rng) & UInt32.random(in: 0...UInt32.max, using: &rng)
                }
                node.categorySet = builder.categories.append(words: words)
            } else if dialect == .lightgbm {
                node.missing = MissingRule(rawValue: UInt8.random(in: 0...4, using: &rng))!
            }
            return node
        }

        /// Some of few, so that rows meet them exactly, some of many.
        private func threshold(using rng: inout SplitMix64) -> Double {
            var odd = [0, -0.0, 1, 0.1, -2.5, .infinity, 1e-45, 3.4028235e38, -3.4028235e38, 7.25, 1e-36]
            if isOdd { odd += [.nan, -.infinity] }
            let value =
                Bool.random(using: &rng)
                ? odd.randomElement(using: &rng)! : Double(Int.random(in: 0..<120, using: &rng)) / 4
            return dialect.isSingle ? Double(Float(value)) : value
        }

        func row(using rng: inout SplitMix64) -> [Double] {
            (0..<Self.columns).map { _ in
                let value = threshold(using: &rng)
                switch Int.random(in: 0..<8, using: &rng) {
                case 0: return .nan
                case 1: return value.nextUp
                case 2: return Double(Float(value).nextDown)
                case 3: return Double.random(in: -2...100, using: &rng)
                case 4: return [1e300, -1e300, -1, -0.5, 31, 32, 95, 96, 16_777_216, 3e9].randomElement(using: &rng)!
                default: return value
                }
            }
        }
    }

    extension ForestBuilder {
        mutating func append(_ nodes: [ReferenceNode]) {
            guard case .sound = append(tree: nodes) else { preconditionFailure("a tree of the test's own") }
        }

        mutating func append(leaf value: Double) { append([.leaf(value, cover: 1)]) }

        /// `x[column]` is in the set, or not.
        mutating func append(stump column: Int, set: Int32) {
            let base = Int32(nodes.count)
            let split = ReferenceNode(
                value: 0, left: base + 1, right: base + 2, column: Int32(column), categorySet: set, cover: 2,
                missing: .right)
            append([split, .leaf(-Double(column), cover: 1), .leaf(Double(column), cover: 1)])
        }

        /// `x[0] < k` goes to leaf k, for the k of a range.
        mutating func append(chain levels: Range<Int>) {
            let base = Int32(nodes.count)
            var chain: [ReferenceNode] = []
            for (place, level) in levels.enumerated() {
                let below = base + 2 * Int32(place) + 1
                chain.append(
                    ReferenceNode(
                        value: Double(level), left: below, right: below + 1, column: 0, categorySet: -1, cover: 1,
                        missing: .left))
                chain.append(.leaf(Double(level), cover: 1))
            }
            append(chain + [.leaf(-1, cover: 1)])
        }

        func loaded(_ dialect: Dialect, _ summation: Summation, columns: Int) -> LoadedModel {
            let forest = forest(
                dialect: dialect, summation: summation, featureCount: columns, treesUsed: trees.count)
            var summary = ModelSummary(
                format: "nodes", dialect: dialect, objective: Objective(name: "none", link: .identity), booster: "")
            describe(forest, in: &summary)
            return LoadedModel(forest: forest, summary: summary)
        }
    }
#endif
