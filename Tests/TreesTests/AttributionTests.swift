// Path attribution: step by step on documents written here, and against what it shares with exact Shapley values.
import Testing
import Trees

extension TreeText {
    /// The mean of the leaves below a node, weighted by cover.
    private func mean(_ node: Int) -> Double {
        guard left[node] >= 0 else { return Double(Float(value[node]) ?? .nan) }
        let share = leftShare(node)
        return share * mean(left[node]) + (1 - share) * mean(right[node])
    }

    /// Adds the change of the mean at each step of the row's path to its column.
    fileprivate func addSteps(_ row: [Double], to sums: inout [Double]) {
        var node = 0
        while left[node] >= 0 {
            let child = goesLeft(node, row) ? left[node] : right[node]
            sums[column[node]] += mean(child) - mean(node)
            node = child
        }
    }
}

@Suite struct AttributionTests {
    @Test(arguments: [(1, 0), (2, 3), (3, 20), (4, 60)] as [(UInt64, Int)])
    func `each column gets the changes of the mean along the paths`(seed: UInt64, splits: Int) throws {
        var rng = SplitMix64(seed: seed)
        let features = 5
        let trees = (0..<19).map { _ in
            let count = Int.random(in: 0...splits, using: &rng)
            return TreeText.random(splits: count, features: features, categorical: true, using: &rng)
        }
        let model = try ModelText(trees: trees, features: features).model()
        let scratch = model.makeScratch()
        var contributions: [Double] = []
        for _ in 0..<6 {
            let row = randomRow(features: features, using: &rng)
            for count in [-1, 0, 1, 8, 9, 19, 40] {
                var expected = [Double](repeating: 0, count: features)
                for tree in trees.prefix(max(count, 0)) { tree.addSteps(row, to: &expected) }
                let margin = model.pathAttribution(
                    ofFirst: count, of: row.span, into: &contributions, scratch: scratch)
                #expect(margin == model.margin(ofFirst: count, of: row.span, scratch: scratch))
                #expect(contributions.count == features + 1)
                let size = contributions.reduce(0) { $0 + abs($1) }
                #expect(abs(contributions.reduce(0, +) - margin) <= 1e-12 * size)
                for column in 0..<features { #expect(abs(contributions[column] - expected[column]) <= 1e-12 * size) }
            }
            let margin = model.pathAttribution(of: row.span, into: &contributions, scratch: scratch)
            #expect(margin == model.margin(of: row.span, scratch: scratch))
        }
    }

    @Test func `a step is the change of the mean, weighted by cover where there is any`() throws {
        // Root mean: (3 × -0.25 + 1 × 0.75) / 4 = 0.
        let model = try ModelText(trees: [.stump(1, "1.5", "-0.25", "0.75")]).model()
        var contributions: [Double] = []
        let row = [0.0, 2.0]
        model.pathAttribution(of: row.span, into: &contributions, scratch: model.makeScratch())
        #expect(contributions == [0, 0.75, 0])
        // Without usable covers the middle counts: (-0.25 + 0.75) / 2.
        var tree = TreeText.stump(1, "1.5", "-0.25", "0.75")
        tree.cover = [0, 0, 0]
        let bare = try ModelText(trees: [tree]).model()
        bare.pathAttribution(of: row.span, into: &contributions, scratch: bare.makeScratch())
        #expect(contributions == [0, 0.5, 0.25])
    }

    @Test func `a model without columns has a bias alone`() throws {
        let model = try ModelText(trees: [.leaf("0.5"), .leaf("1")], features: 0).model()
        var contributions: [Double] = []
        let row: [Double] = []
        let margin = model.pathAttribution(of: row.span, into: &contributions, scratch: model.makeScratch())
        #expect(contributions == [margin])
        model.shapleyValues(of: row.span, into: &contributions, scratch: model.makeScratch())
        #expect(contributions == [margin])
    }
}

/// What LightGBM 4.7.0 and CatBoost 1.2.10 answer to the documents written by hand; the last value is the bias.
@Suite struct LibraryExplanationTests {
    private func check(_ model: TreeModel, scale: Double = 1, _ table: [(row: [Double], values: [Double])]) {
        let scratch = model.makeScratch()
        var contributions: [Double] = []
        var path: [Double] = []
        for (row, values) in table {
            let margin = model.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
            #expect(margin == model.margin(of: row.span, scratch: scratch))
            #expect(abs(contributions.reduce(0, +) - margin) < 1e-14)
            for (value, expected) in zip(contributions.dropLast(), values) {
                #expect(abs(value - scale * expected) < 1e-14, "\(row)")
            }
            // Both begin from the mean.
            #expect(model.pathAttribution(of: row.span, into: &path, scratch: scratch) == margin)
            #expect(abs(path.reduce(0, +) - margin) < 1e-14)
            #expect(abs(path[path.count - 1] - contributions[path.count - 1]) < 1e-14)
        }
    }

    private let lightGBM: [(row: [Double], values: [Double])] = [
        ([2, .nan, 0], [-0.12678178571428572, 0.22500321428571424, -0.0017857142857142854, -0.15644372401196732]),
        ([2, 0, 0], [-0.3017842857142857, -0.3000042857142857, -0.0017857142857142854, -0.15644372401196732]),
        ([.nan, 0, 0], [0.3017842857142857, -0.10000142857142856, -0.0053571428571428555, -0.15644372401196732]),
        ([1.5, 0, 5], [0.3080342857142857, -0.10000142857142856, 0.013392857142857116, -0.15644372401196732]),
        ([1, 0, 64.5], [0.3017842857142857, -0.10000142857142856, -0.0053571428571428555, -0.15644372401196732]),
    ]

    @Test func `LightGBM's values, weighted by counts`() throws {
        check(try LightGBMSample.model(), lightGBM)
    }

    @Test func `of a random forest, the values of the sum that its margin is`() throws {
        let text = LightGBMSample.text.replacing("feature_names=", with: "average_output\nfeature_names=")
        check(try LightGBMSample.model(text), lightGBM)
    }

    /// The library refuses to explain a scaled model, so it was asked about the same one without its scale of 0.3.
    @Test func `CatBoost's values of symmetric trees, whose last split is the root`() throws {
        check(
            try CatBoostSample.model(), scale: 0.3,
            [
                ([0.6, 0, 2.5, 2], [-0.023914734771401436, 0, 0.08754414292497625, 0.004980869624202954]),
                ([-1, 0, 0.05, 0], [0.2874836408529741, 0, -0.06894086503928169, -0.23993249803591468]),
                ([.nan, 0, .nan, 0], [-0.032204906525573194, 0, 0.02104071384479718, -0.10021552954144622]),
                ([0.6, 0, 0.5, 0], [-0.15352346496713162, 0, -0.3868681018117685, -0.2609981554433221]),
                ([0, 0, 3, 2], [0.04256785782119116, 0, -0.05250201448243118, 0.038544434439017776]),
            ])
    }

    @Test func `CatBoost's values of nested trees`() throws {
        check(
            try CatBoostSample.model(CatBoostSample.nestedText),
            [
                ([0.6, 0, 2.5, 2], [0.14928264285714285, 0, 0.030714785714285715, 0.04000057142857142]),
                ([-1, 0, 0.05, 0], [-0.13777688888888887, 0, 0.2588874444444444, -0.10111255555555555]),
                ([.nan, 0, .nan, 0], [-0.3790460952380951, 0, -0.11095176190476191, -0.2900041428571428]),
                ([0.6, 0, 0.5, 0], [0.2842845714285714, 0, 0.01571457142857144, -0.08000114285714284]),
                ([0, 0, 3, 2], [-0.19904352380952378, 0, -0.02595054761904762, 0.1450020714285714]),
            ])
    }
}
