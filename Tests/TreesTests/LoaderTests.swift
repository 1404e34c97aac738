// What the loader makes of the forms that the library's versions write.
import Glibc
import Testing
import Trees

@Suite struct LoaderTests {
    @Test(
        arguments: [
            (#""5E-1""#, 0.5), (#""[5E-1]""#, 0.5), (#""[1.10325E-2]""#, 1.10325e-2), ("0.25", 0.25), (#""0.3""#, 0.3),
            (#""0""#, 0), (#""1""#, 1),
        ] as [(String, Float)])
    func `base_score is a probability, as scalar or array, and becomes a margin`(text: String, score: Float) throws {
        let model = try ModelText(trees: [.leaf("0.125")], baseScore: text).model()
        let clamped = min(max(score, 1e-6), 1 - 1e-6)
        let base = -logf(1 / clamped - 1)
        #expect(model.summary.baseScore == Double(score))
        #expect(model.summary.baseMargin == Double(base))
        #expect(model.margin([0, 0]) == Double(base + 0.125))
    }

    @Test func `a stump compares in Float, and a missing value takes its default`() throws {
        for (missingLeft, missing) in [(true, -0.25), (false, 0.75)] {
            let stump = TreeText.stump(1, "0.1", "-0.25", "0.75", missingLeft: missingLeft)
            let model = try ModelText(trees: [stump]).model()
            #expect(model.margin([9, 0.09]) == -0.25)
            // The nearest Double of 0.1 is the threshold, once it is a Float.
            #expect(model.margin([9, 0.1]) == 0.75)
            #expect(model.margin([9, 0.0999999999]) == 0.75)
            #expect(model.margin([9, .infinity]) == 0.75)
            #expect(model.margin([9, -.infinity]) == -0.25)
            #expect(model.margin([9, .nan]) == missing)
        }
    }

    @Test func `a threshold of minus infinity lets only missing values left`() throws {
        let model = try ModelText(trees: [.stump(0, "-Infinity", "1", "2")]).model()
        #expect(model.margin([.nan, 0]) == 1)
        #expect(model.margin([-.infinity, 0]) == 2)
    }

    @Test func `listed categories go right, all else goes left`() throws {
        var tree = TreeText.stump(0, "1e-45", "-1", "1", missingLeft: false)
        tree.splitType = [1, 0, 0]
        tree.categories = [(0, [0, 3, 40])]
        let model = try ModelText(trees: [tree]).model()
        #expect(model.summary.categoricalSplits == 1)
        for code in [0, 3, 40, 3.9, -0.0, .nan] { #expect(model.margin([code, 0]) == 1) }
        for code in [1, 2, 39, 41, 63, 64, 1e6, 16_777_216, 1e30, -1, -0.5, .infinity, -.infinity] {
            #expect(model.margin([code, 0]) == -1)
        }
    }

    @Test func `the first versions' flags are true and false`() throws {
        let text = ModelText().text.replacing("\"default_left\":[1, 0, 0]", with: "\"default_left\":[true,false,false]")
        #expect(text.contains("true"))
        let model = try TreeModel(bytes: Array(text.utf8))
        #expect(model.margin([.nan, 0]) == -0.125)
    }

    @Test func `columns that old versions do not write are not asked for`() throws {
        var text = ModelText().text
        for column in ["categories", "categories_nodes", "categories_segments", "categories_sizes"] {
            text = text.replacing("\"\(column)\":[],", with: "")
        }
        text = text.replacing("\"split_type\":[0, 0, 0],", with: "").replacing("\"split_type\":[0],", with: "")
        #expect(!text.contains("split_type"))
        #expect(try TreeModel(bytes: Array(text.utf8)).margin([0, 0]) == -0.125)
    }

    @Test func `trees are added in the order of their ids`() throws {
        // In Float, 1e8 + 1 - 1e8 is 0, and 1e8 - 1e8 + 1 is 1.
        var trees = [TreeText.leaf("1"), .leaf("1e8"), .leaf("-1e8")]
        #expect(try ModelText(trees: trees).model().margin([0, 0]) == 0)
        trees[0].id = 2
        trees[1].id = 0
        trees[2].id = 1
        #expect(try ModelText(trees: trees).model().margin([0, 0]) == 1)
    }

    @Test func `keys come in any order, and unknown ones are passed over`() throws {
        let text = #"""
            {"version":[1,7,6],"extra":{"a":[1,{"b":null}],"c":true},"learner":{
             "objective":{"name":"reg:logistic"},"learner_model_param":{"num_feature":1,"base_score":"5E-1"},
             "gradient_booster":{"name":"gbtree","model":{"trees":[{"id":0,"left_children":[-1],
              "right_children":[-1],"split_indices":[0],"split_conditions":[2.5e-1],"default_left":[0],
              "sum_hessian":[1.0]}]}}}}
            """#
        let model = try TreeModel(bytes: Array(text.utf8))
        #expect(model.margin([0]) == 0.25)
        #expect(model.summary.libraryVersion == "1.7.6")
        #expect(model.summary.objective.name == "reg:logistic")
    }

    @Test func `nodes that pruning deleted are passed over`() throws {
        var tree = TreeText.stump(0, "1.5", "-1", "1")
        tree.left += [-1, -1]
        tree.right += [-1, -1]
        tree.column += [0x7FFF_FFFF, 0x7FFF_FFFF]
        tree.value += ["NaN", "0"]
        tree.defaultLeft += [1, 1]
        tree.cover += [0, 0]
        tree.splitType += [0, 0]
        tree.deleted = 2
        let model = try ModelText(trees: [tree]).model()
        #expect(model.margin([2, 0]) == 1)
        #expect(model.summary.nodes == 3)
    }

    @Test func `early stopping's best iteration limits the trees, unless all are asked for`() throws {
        let leaves = (0..<6).map { TreeText.leaf("\(1 << $0)") }
        var text = ModelText(trees: leaves, attributes: #"{"best_iteration":"1","best_score":"0.5"}"#)
        text.iterationIndices = [0, 2, 4, 6]
        text.parallel = 2
        let limited = try text.model()
        #expect(limited.margin([0, 0]) == 15)
        #expect(limited.summary.treesUsed == 4)
        #expect(limited.summary.trees == 6)
        #expect(limited.summary.bestIteration == 1)
        #expect(try text.model(limitToBestIteration: false).margin([0, 0]) == 63)
        let older = text.text.replacing("\"iteration_indptr\":[0, 2, 4, 6],", with: "")
        #expect(try TreeModel(bytes: Array(older.utf8)).margin([0, 0]) == 15)
    }

    @Test func `feature names are unescaped`() throws {
        let names = #"["caf\u00e9 \ud83d\ude00\n","b"]"#
        #expect(try ModelText(featureNames: names).model().summary.featureNames == ["café 😀\n", "b"])
    }

    @Test func `probability is the library's Float arithmetic`() throws {
        let model = try ModelText().model()
        #expect(model.probability(ofMargin: 0) == 0.5)
        #expect(model.probability(ofMargin: -1e9) == Double(1 / (expf(88.7) + 1)))
        #expect(model.probability(ofMargin: 1e9) == 1)
        #expect(model.probability(ofMargin: -2.25) == Double(1 / (expf(2.25) + 1)))
    }
}
