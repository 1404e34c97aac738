// Shapley values against their definition, their axioms, and the libraries' own answers.
import Testing

#if DEBUG
    @testable import Trees
#else
    import Trees
#endif

@Suite struct ShapleyTests {
    /// Asserts that contributions are `expected` and add up with their bias, both within `tolerance` × their size.
    private func check(
        _ model: TreeModel, _ row: [Double], _ scratch: TreeModel.Scratch, equals expected: [Double?],
        tolerance: Double = 1e-12, _ location: SourceLocation = #_sourceLocation
    ) {
        var contributions: [Double] = []
        let margin = model.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
        #expect(margin == model.margin(of: row.span, scratch: scratch), sourceLocation: location)
        let columns = model.summary.featureCount
        guard contributions.count == columns + 1 else {
            Issue.record("\(contributions.count) contributions", sourceLocation: location)
            return
        }
        let size = contributions.reduce(0) { $0 + abs($1) }
        #expect(abs(contributions.reduce(0, +) - margin) <= 1e-12 * size, sourceLocation: location)
        for column in 0..<columns {
            guard let expected = expected[column], !(abs(contributions[column] - expected) <= tolerance * size) else {
                continue
            }
            Issue.record(
                "column \(column) of \(row): \(contributions[column]), not \(expected)", sourceLocation: location)
        }
    }

    private func forest(
        _ count: Int, splits: Int, features: Int, categorical: Bool, using rng: inout SplitMix64
    ) -> [TreeText] {
        (0..<count).map { _ in
            let splits = Int.random(in: 0...splits, using: &rng)
            return TreeText.random(splits: splits, features: features, categorical: categorical, using: &rng)
        }
    }

    // MARK: The definition

    @Test(
        arguments: [
            (1, 1, 3, false), (2, 5, 2, false), (3, 12, 5, false), (4, 25, 6, true), (5, 40, 1, false),
            (6, 40, 4, true),
        ] as [(UInt64, Int, Int, Bool)])
    func `values are those of all coalitions`(seed: UInt64, splits: Int, features: Int, categorical: Bool) throws {
        var rng = SplitMix64(seed: seed)
        let trees = forest(6, splits: splits, features: features, categorical: categorical, using: &rng)
        let model = try ModelText(trees: trees, features: features).model()
        let scratch = model.makeScratch()
        for _ in 0..<40 {
            let row = randomRow(features: features, using: &rng)
            check(model, row, scratch, equals: ShapleyOracle(trees, features: features, row: row).byCoalitions())
        }
    }

    @Test(arguments: [7, 8] as [UInt64])
    func `the two oracles agree`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        let trees = forest(3, splits: 25, features: 7, categorical: true, using: &rng)
        for _ in 0..<10 {
            let row = randomRow(features: 7, using: &rng)
            let oracle = ShapleyOracle(trees, features: 7, row: row)
            for (one, other) in zip(oracle.byCoalitions(), oracle.byLeaves()) {
                #expect(abs((one ?? .nan) - (other ?? .nan)) < 1e-12)
            }
        }
    }

    @Test(arguments: [(1, 9), (2, 30), (3, 60)] as [(UInt64, Int)])
    func `trees of many columns take several groups of points`(seed: UInt64, features: Int) throws {
        var rng = SplitMix64(seed: seed)
        let trees = forest(3, splits: 150, features: features, categorical: false, using: &rng)
        let model = try ModelText(trees: trees, features: features).model()
        let scratch = model.makeScratch()
        for _ in 0..<3 {
            let row = randomRow(features: features, using: &rng)
            check(model, row, scratch, equals: ShapleyOracle(trees, features: features, row: row).byLeaves())
        }
    }

    @Test(arguments: [7, 8, 9, 16, 17, 32, 33, 128])
    func `each count of distinct columns on a path is exact, up to the limit`(columns: Int) throws {
        var rng = SplitMix64(seed: UInt64(columns))
        // Some columns are split again at the end of the path.
        let tree = TreeText.chain(columns: Array(0..<columns) + [0, columns / 2, 0], using: &rng)
        let model = try ModelText(trees: [tree], features: columns).model()
        #expect(model.canComputeShapleyValues)
        let scratch = model.makeScratch()
        let checked = [0, columns / 2, columns - 1]
        for share in [0.5, 1] {
            let row = (0..<columns).map { _ in Double.random(in: 0...1, using: &rng) < share ? 1.0 : 0.0 }
            let oracle = ShapleyOracle([tree], features: columns, row: row)
            check(model, row, scratch, equals: oracle.byLeaves(columns: checked))
        }
    }

    @Test func `one column past the limit, and there are no values, but the path attribution`() throws {
        var rng = SplitMix64(seed: 1)
        let tree = TreeText.chain(columns: Array(0...128), using: &rng)
        let model = try ModelText(trees: [.leaf("1"), tree], features: 129).model()
        #expect(!model.canComputeShapleyValues)
        var contributions: [Double] = []
        let row = [Double](repeating: 1, count: 129)
        let margin = model.pathAttribution(of: row.span, into: &contributions, scratch: model.makeScratch())
        #expect(margin == model.margin(row))
    }

    #if DEBUG
        @Test func `one pair of points past the limit of curves, and there are no values`() throws {
            var rng = SplitMix64(seed: 3)
            let tree = TreeText.chain(columns: [0, 1, 0, 1, 1], using: &rng)
            let forest = try ModelText(trees: [tree], features: 2).model().reference
            // Three splits of a column that the path has split before, and the others' link, of four pairs each.
            for (limit, isAvailable) in [(16, true), (15, false)] {
                let shapley = ShapleyForest(forest, curvePairLimit: limit)
                let found = shapley.isAvailable
                #expect(found == isAvailable)
            }
        }
    #endif

    @Test func `a chain of twenty thousand splits of few columns is as good as any`() throws {
        var rng = SplitMix64(seed: 2)
        let tree = TreeText.chain(columns: (0..<20_000).map { $0 % 3 }, using: &rng)
        let model = try ModelText(trees: [tree], features: 3).model()
        #expect(model.summary.maxDepth == 20_000)
        var contributions: [Double] = []
        let scratch = model.makeScratch()
        for row in [[1.0, 1, 1], [1, 0, 1], [0, 0, 0]] {
            let margin = model.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
            #expect(abs(contributions.reduce(0, +) - margin) < 1e-9)
            #expect(contributions.allSatisfy { $0.isFinite })
        }
    }

    @Test(arguments: [0, 1, 2])
    func `leaves without cover give finite values, and children without any count alike`(kind: Int) throws {
        var rng = SplitMix64(seed: UInt64(kind))
        var trees = forest(5, splits: 20, features: 4, categorical: true, using: &rng)
        for tree in trees.indices {
            for node in trees[tree].cover.indices {
                switch kind {
                case 0: if Bool.random(using: &rng) { trees[tree].cover[node] = 0 }
                case 1: trees[tree].cover[node] = 0
                default: if Bool.random(using: &rng) { trees[tree].cover[node] = -1 }
                }
            }
        }
        let model = try ModelText(trees: trees, features: 4).model()
        let scratch = model.makeScratch()
        for _ in 0..<40 {
            let row = randomRow(features: 4, using: &rng)
            check(model, row, scratch, equals: ShapleyOracle(trees, features: 4, row: row).byCoalitions())
        }
    }

    // MARK: Axioms and edges

    @Test func `values of two forests together are the sums of theirs`() throws {
        var rng = SplitMix64(seed: 9)
        let one = forest(5, splits: 15, features: 5, categorical: true, using: &rng)
        let other = forest(8, splits: 30, features: 5, categorical: false, using: &rng)
        let models = try [one, other, one + other].map { try ModelText(trees: $0, features: 5).model() }
        var parts = [[Double]](repeating: [], count: 3)
        for _ in 0..<50 {
            let row = randomRow(features: 5, using: &rng)
            for (index, model) in models.enumerated() {
                model.shapleyValues(of: row.span, into: &parts[index], scratch: model.makeScratch())
            }
            for column in 0..<5 { #expect(abs(parts[0][column] + parts[1][column] - parts[2][column]) < 1e-13) }
        }
    }

    @Test func `a column that changes nothing gets nothing`() throws {
        // Column 1 parts rows that get the same; column 2 is never split.
        let model = try ModelText(
            trees: [.stump(0, "0.5", "-1", "2"), .stump(1, "0.5", "3", "3"), .leaf("0.25")], features: 3
        ).model()
        var contributions: [Double] = []
        let row = [1.0, 1, 1]
        model.shapleyValues(of: row.span, into: &contributions, scratch: model.makeScratch())
        // The first stump's covers are 3 and 1, so that its mean is -0.25.
        #expect(abs(contributions[0] - 2.25) < 1e-14)
        #expect(contributions[1...2] == [0, 0])
        #expect(abs(contributions[3] - 3) < 1e-14)
    }

    @Test func `a model without splits has a bias alone`() throws {
        for trees in [[], [TreeText.leaf("0.5")]] {
            let model = try ModelText(trees: trees, features: 2).model()
            var contributions: [Double] = [1]
            let row = [1.0, 2]
            let margin = model.shapleyValues(of: row.span, into: &contributions, scratch: model.makeScratch())
            #expect(contributions == [0, 0, margin])
        }
    }

    @Test func `trees past the best iteration count for nothing`() throws {
        var rng = SplitMix64(seed: 10)
        let trees = forest(6, splits: 10, features: 3, categorical: false, using: &rng)
        let cut = try ModelText(trees: trees, features: 3, attributes: #"{"best_iteration":"3"}"#).model()
        #expect(cut.summary.treesUsed == 4)
        let scratch = cut.makeScratch()
        for _ in 0..<20 {
            let row = randomRow(features: 3, using: &rng)
            check(cut, row, scratch, equals: ShapleyOracle(Array(trees[..<4]), features: 3, row: row).byCoalitions())
        }
    }

    @Test func `one scratch serves many rows, in any order`() throws {
        var rng = SplitMix64(seed: 11)
        let model = try ModelText(
            trees: forest(10, splits: 20, features: 4, categorical: true, using: &rng), features: 4
        ).model()
        let rows = (0..<20).map { _ in randomRow(features: 4, using: &rng) }
        let scratch = model.makeScratch()
        var used: [Double] = []
        var fresh: [Double] = []
        for row in rows + rows.reversed() {
            model.shapleyValues(of: row.span, into: &used, scratch: scratch)
            model.shapleyValues(of: row.span, into: &fresh, scratch: model.makeScratch())
            #expect(used.map(\.bitPattern) == fresh.map(\.bitPattern))
        }
    }
}

@Suite(.enabled(if: SharedData.trees != nil, "the shared data folder is not beside the checkout"))
struct ShapleyFixtureTests {
    /// XGBoost computes in Float, LightGBM in Double.
    @Test(
        arguments: [
            ("xgb_100_d6", ".json.gz", 2e-6), ("xgb_cat_200_d6", ".json.gz", 2e-6), ("lgb_300_l31", ".txt.gz", 1e-13),
        ])
    func `values and bias are the library's`(name: String, suffix: String, tolerance: Double) throws {
        let model = try TreeModel(bytes: try SharedData.unzipped(name + suffix))
        let rows = try SharedData.values("\(name).rows.f32", as: Float.self)
        let margins = try SharedData.values("\(name).expected.f64", as: Double.self)
        let exact = try SharedData.values("\(name).contribs.f64", as: Double.self)
        let columns = model.summary.featureCount
        let scratch = model.makeScratch()
        var contributions: [Double] = []
        let explained = Array(0..<50) + Array(1_800..<1_850)
        for position in stride(from: 0, to: explained.count, by: 5) {
            let index = explained[position]
            let row = rows[index * columns..<(index + 1) * columns].map { Double($0) }
            let margin = model.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
            #expect(margin.bitPattern == margins[2 * index].bitPattern)
            let size = contributions.reduce(0) { $0 + abs($1) }
            #expect(abs(contributions.reduce(0, +) - margin) <= 1e-12 * size)
            for column in 0...columns {
                #expect(abs(contributions[column] - exact[position * (columns + 1) + column]) <= tolerance * size)
            }
        }
    }
}
