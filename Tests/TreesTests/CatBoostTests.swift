// CatBoost JSON: conditions, missing values, sums and covers as the library has them. Expected values of the hand-written
// documents are what CatBoost 1.2.10 gave for them.
import Foundation
import Testing
import Trees

@Suite struct CatBoostTests {
    static let rows: [[Double]] = [
        [0, 0, 0, 0], [0.5, 0, 2, 1], [0.5000000000000001, 9, 2.0000000001, 1.0000001], [0.6, 0, 3, 2],
        [.nan, .nan, .nan, .nan], [.infinity, .infinity, .infinity, .infinity],
        [-.infinity, -.infinity, -.infinity, -.infinity], [1e300, 0, -1e300, 1.00000001], [0.5, 0, 0.1, 0],
        [0.5, 0, 0.10000000149011612, 0], [0.5, 0, 0.10000000894069672, 0], [-3.4028234663852886e+38, 0, 0, .nan],
        [-1, 0, .nan, 5],
    ]

    static let symmetric: [(margin: Double, probability: Double)] = [
        (-1.589, 0.1695246364454327), (-1.583, 0.1703710283808547), (-1.463, 0.18800891181226714),
        (-1.5619999999999998, 0.17335984733268736), (-1.615997, 0.16575767293121352),
        (-1.5619999999999998, 0.17335984733268736), (-1.5919999999999999, 0.16910269698143013),
        (-1.829, 0.13835744472727332), (-1.589, 0.1695246364454327), (-1.589, 0.1695246364454327),
        (-1.583, 0.1703710283808547), (-1.5919999999999999, 0.16910269698143013),
        (-1.5739999999999998, 0.1716469075389188),
    ]

    static let nested: [(margin: Double, probability: Double)] = [
        (0.35, 0.5866175789173301), (-0.44999999999999996, 0.389360766050778), (0.25001, 0.5621789622250951),
        (0.55, 0.6341355910108007), (-0.44999999999999996, 0.389360766050778), (0.55, 0.6341355910108007),
        (0.35, 0.5866175789173301), (0.35, 0.5866175789173301), (0.35, 0.5866175789173301),
        (0.35, 0.5866175789173301), (-0.44999999999999996, 0.389360766050778), (0.35, 0.5866175789173301),
        (0.25001, 0.5621789622250951),
    ]

    @Test(arguments: [false, true])
    func `rows of the samples get the library's bits`(isNested: Bool) throws {
        let model = try CatBoostSample.model(isNested ? CatBoostSample.nestedText : CatBoostSample.text)
        for (row, expected) in zip(Self.rows, isNested ? Self.nested : Self.symmetric) {
            #expect(model.margin(row) == expected.margin, "\(row)")
            #expect(model.reference.margin(of: row.span) == expected.margin, "\(row)")
            #expect(model.prediction(ofMargin: expected.margin) == expected.probability, "\(row)")
        }
    }

    @Test func `members in another order make the same model`() throws {
        let parts = [
            #""scale_and_bias":[0.3,[-1.7]]"#, #""oblivious_trees":\#(CatBoostSample.symmetric)"#, #""ctr_data":null"#,
            #""model_info":\#(CatBoostSample.info)"#, #""features_info":\#(CatBoostSample.features)"#,
        ]
        let plain = try CatBoostSample.model()
        for order in [parts, parts.reversed(), Array(parts[2...] + parts[..<2])] {
            let model = try CatBoostSample.model("{" + order.joined(separator: ",") + "}")
            #expect(model.summary == plain.summary)
            for row in Self.rows { #expect(model.margin(row) == plain.margin(row)) }
        }
        let turned = CatBoostSample.nestedText.replacing(
            #"{"left":{"value":-0.7,"weight":1},"right":{"value":1e-05,"weight":2},"split":\#(CatBoostSample.split(3, "1", 4))}"#,
            with:
                #"{"split":\#(CatBoostSample.split(3, "1", 4)),"right":{"weight":2,"value":1e-05},"left":{"value":-0.7,"weight":1}}"#
        )
        #expect(turned != CatBoostSample.nestedText)
        let nested = try CatBoostSample.model(turned)
        for (row, expected) in zip(Self.rows, Self.nested) { #expect(nested.margin(row) == expected.margin) }
    }

    @Test func `scale and bias stand around the sum`() throws {
        let scaled = #""scale_and_bias":[0.3,[-1.7]]"#
        for (text, scale, bias) in [(#""scale_and_bias":[2,[]]"#, 2.0, 0.0), (#""other":0"#, 1, 0)] {
            let model = try CatBoostSample.model(CatBoostSample.text.replacing(scaled, with: text))
            #expect(model.margin([0, 0, 0, 0]) == (0.1 + 0.02 + 0.25) * scale + bias)
        }
        let model = try CatBoostSample.model()
        let scratch = model.makeScratch()
        #expect(model.margin(ofFirst: 0, of: [0, 0, 0, 0].span, scratch: scratch) == -1.7)
        #expect(model.margin(ofFirst: 1, of: [0, 0, 0, 0].span, scratch: scratch) == 0.1 * 0.3 - 1.7)
    }

    @Test func `leaf weights are the covers, and may be left out`() throws {
        let model = try CatBoostSample.model()
        var contributions: [Double] = []
        let scratch = model.makeScratch()
        model.pathAttribution(of: [0, 0, 0, 0].span, into: &contributions, scratch: scratch)
        let first = (0.1 + 2 * -0.7 + 3 * 1e-05 + 4 * 0.3 + 5 * 0.5 + 6 * -0.11 + 7 * 0.13 + 8 * 0.17) / 36
        let expected = (first + (0.01 + 2 * 0.02 + 3 * 0.03 + 4 * 0.04) / 10 + 0.25) * 0.3 - 1.7
        #expect(abs(contributions[4] - expected) < 1e-7)

        let bare = CatBoostSample.text.replacing(#/"leaf_weights":\[[0-9,]*\],/#, with: "")
        let other = try CatBoostSample.model(bare)
        for row in Self.rows { #expect(other.margin(row) == model.margin(row)) }
    }

    @Test func `the summary says what is in the file`() throws {
        let summary = try CatBoostSample.model().summary
        #expect(summary.format == "CatBoost JSON")
        #expect(summary.dialect == .catboost)
        #expect(summary.libraryVersion == "1.2.10")
        #expect(summary.booster == "SymmetricTree")
        #expect(summary.objective.name == "Logloss")
        #expect(summary.objective.link == .logistic(slope: 1))
        #expect(summary.featureCount == 4)
        #expect(summary.featureNames == ["amount", "1", "ratio", "count"])
        #expect(summary.trees == 3 && summary.nodes == 15 + 7 + 1 && summary.leaves == 13 && summary.maxDepth == 3)
        #expect(summary.splitCounts == [6, 0, 3, 1])
        #expect(summary.baseMargin == -1.7)
        let names = [
            "boosting_options.boost_from_average", "boosting_options.learning_rate", "depth", "loss_function",
            "tree_learner_options.grow_policy", "train_finish_time",
        ]
        #expect(summary.training.map(\.name) == names)
        let values = ["false", "0.5", "3", "Logloss", "SymmetricTree", "2026-01-02T03:04:05Z"]
        #expect(summary.training.map(\.value) == values)
        let nested = try CatBoostSample.model(CatBoostSample.nestedText).summary
        #expect(nested.trees == 2 && nested.nodes == 8 && nested.leaves == 5 && nested.maxDepth == 3)
        #expect(nested.splitCounts == [1, 0, 1, 1])
    }

    @Test func `columns are flat indices, wherever features stand`() throws {
        // The second feature is gone and the last one moved to column 6.
        let text = CatBoostSample.text
            .replacing(#""feature_index":3,"flat_feature_index":3"#, with: #""feature_index":3,"flat_feature_index":6"#)
            .replacing(
                #"{"borders":[],"feature_id":"","feature_index":1,"flat_feature_index":1,"has_nans":false,"nan_value_treatment":"AsIs"},"#,
                with: "")
        let model = try CatBoostSample.model(text)
        #expect(model.summary.featureCount == 7)
        #expect(model.summary.featureNames == ["amount", "1", "ratio", "3", "4", "5", "count"])
        for (row, expected) in zip(Self.rows, Self.symmetric) {
            #expect(model.margin([row[0], 5, row[2], 7, 8, 9, row[3]]) == expected.margin)
        }
        let unnamed = text.replacing(#/"feature_id":"[a-z]*"/#, with: #""feature_id":"""#)
        #expect(try CatBoostSample.model(unnamed).summary.featureNames == [])
    }

    @Test(arguments: [
        ("Logloss", true), ("CrossEntropy", true), ("Focal", true), ("RMSE", false), ("Quantile", false),
        ("YetiRank", false), ("PairLogit", false), ("QueryRMSE", false),
    ])
    func `a loss function decides what is predicted`(name: String, isProbability: Bool) throws {
        let loss = #""type":"Logloss""#
        let model = try CatBoostSample.model(CatBoostSample.text.replacing(loss, with: #""type":"\#(name)""#))
        #expect(model.summary.objective.name == name)
        #expect(model.prediction(ofMargin: -1.589) == (isProbability ? 0.1695246364454327 : -1.589))
        #expect(model.probability(ofMargin: -1.589) == 0.1695246364454327)
    }

    /// Added models have the loss as a text, which the library asks first.
    @Test func `the loss function of added models is a text`() throws {
        let both = CatBoostSample.text.replacing(
            #""model_guid""#, with: #""loss_function":"{\"type\":\"RMSE\",\"params\":{}}","model_guid""#)
        #expect(try CatBoostSample.model(both).summary.objective.name == "RMSE")
        let alone = CatBoostSample.text.replacing(
            CatBoostSample.info, with: #"{"loss_function":"{\"params\":{},\"type\":\"CrossEntropy\"}"}"#)
        #expect(try CatBoostSample.model(alone).summary.objective.name == "CrossEntropy")
    }

    /// A level tests one condition, and its bit of the leaf is the condition's place in the tree.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `symmetric trees of every depth choose the leaf by its bits`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let borders = (0..<12).map { Double($0) - 6 }
        let feature =
            #"{"borders":\#(borders),"feature_index":0,"flat_feature_index":0,"has_nans":false,"nan_value_treatment":"AsIs"}"#
        var trees: [(splits: [Int], leaves: [Double])] = []
        for depth in 0...8 {
            let splits = (0..<depth).map { _ in Int.random(in: 0..<12, using: &rng) }
            trees.append((splits, (0..<1 << depth).map { _ in Double.random(in: -1...1, using: &rng) }))
        }
        let texts = trees.map { tree in
            let splits = tree.splits.map { CatBoostSample.split(0, "\(borders[$0])", $0) }.joined(separator: ",")
            return #"{"leaf_values":\#(tree.leaves),"splits":[\#(splits)]}"#
        }
        let model = try CatBoostSample.model(
            """
            {"features_info":{"float_features":[\(feature)]},"model_info":\(CatBoostSample.info),\
            "oblivious_trees":[\(texts.joined(separator: ","))]}
            """)
        for _ in 0..<200 {
            let x = Double(Int.random(in: -20...20, using: &rng)) / 2
            var sum = 0.0
            for tree in trees {
                var leaf = 0
                for (bit, split) in tree.splits.enumerated() where x > borders[split] { leaf |= 1 << bit }
                sum += tree.leaves[leaf]
            }
            #expect(model.margin([x]) == sum)
        }
    }
}
