// A table of broken and foreign LightGBM models: each is refused with what it is, and with its place.
import Testing
import Trees

@Suite struct LightGBMRefusalTests {
    static let head: [Broken] = [
        Broken("version 2", "v4", "v2", at: "version", .unsupported("LightGBM text v2", supported: "v3, v4")),
        Broken("no version", "version=v4\n", "", at: "", .missing("version")),
        Broken(
            "two versions", "version=v4\n", "version=v4\nversion=v4\n", at: "", .duplicate("version")),
        Broken(
            "two average_outputs", "label_index=0", "average_output\naverage_output", at: "",
            .duplicate("average_output")),
        Broken("no classes", "num_class=1\n", "", at: "", .missing("num_class")),
        Broken(
            "two classes", "num_class=1", "num_class=2", at: "num_class",
            .unsupported("num_class 2", supported: "one output")),
        Broken(
            "two trees an iteration", "iteration=1", "iteration=2", at: "num_tree_per_iteration",
            .unsupported("num_tree_per_iteration 2", supported: "one output")),
        Broken("no feature count", "max_feature_idx=2\n", "", at: "", .missing("max_feature_idx")),
        Broken(
            "a feature count below zero", "max_feature_idx=2", "max_feature_idx=-1", at: "max_feature_idx",
            .outOfRange("-1", allowed: "0 to 65535")),
        Broken(
            "a feature count past the limit", "max_feature_idx=2", "max_feature_idx=65536", at: "max_feature_idx",
            .limit("features", maximum: 65_536)),
        Broken(
            "a name too few", "amount ratio code", "amount ratio", at: "feature_names", .length(2, expected: 3)),
        Broken("no names", "feature_names=amount ratio code\n", "", at: "", .missing("feature_names")),
        Broken(
            "an empty name", "amount ratio code", "amount  code", at: "feature_names[1]",
            .malformed("an empty word")),
        Broken("a kind too many", "none -1", "none none -1", at: "feature_infos", .length(4, expected: 3)),
        Broken("no kinds", "feature_infos=[0:9] none -1:3:5\n", "", at: "", .missing("feature_infos")),
        Broken("a tree too few", "=480 244", "=480 244 3", at: "tree_sizes", .length(2, expected: 3)),
        Broken(
            "a number that is none", "max_feature_idx=2", "max_feature_idx=2x", at: "max_feature_idx[0]",
            .malformed("a space or the line's end is expected")),
        Broken(
            "no number", "max_feature_idx=2", "max_feature_idx=", at: "max_feature_idx",
            .malformed("no number stands here")),
    ]

    static let trees: [Broken] = [
        Broken(
            "a leaf more than said", "num_leaves=4", "num_leaves=3", at: "Tree=0.leaf_value", .length(4, expected: 3)),
        Broken(
            "no leaves", "num_leaves=4", "num_leaves=0", at: "Tree=0.num_leaves",
            .outOfRange("0", allowed: "1 or more")),
        Broken("no count of leaves", "num_leaves=4\n", "", at: "Tree=0", .missing("num_leaves")),
        Broken("no count of sets", "num_cat=1\n", "", at: "Tree=0", .missing("num_cat")),
        Broken("no thresholds", "threshold=1.5 0 inf\n", "", at: "Tree=0", .missing("threshold")),
        Broken("two lines alike", "num_cat=1\n", "num_cat=1\nnum_cat=1\n", at: "Tree=0", .duplicate("num_cat")),
        Broken(
            "a short array", "right_child=2 -3 -4", "right_child=2 -3", at: "Tree=0.right_child",
            .length(2, expected: 3)),
        Broken(
            "a short array that is not used", "split_gain=3 2 1", "split_gain=3 2", at: "Tree=0.split_gain",
            .length(2, expected: 3)),
        Broken(
            "a long array", "leaf_count=5 3 2 4", "leaf_count=5 3 2 4 1", at: "Tree=0.leaf_count",
            .length(5, expected: 4)),
        Broken(
            "splits in a tree of one leaf", "split_feature=\n", "split_feature=1\n", at: "Tree=1.split_feature",
            .length(1, expected: 0)),
        Broken(
            "a child past the splits", "left_child=1 -1 -2", "left_child=3 -1 -2", at: "Tree=0.left_child[0]",
            .outOfRange("child 3", allowed: "-4 to 2")),
        Broken(
            "a child past the leaves", "right_child=2 -3 -4", "right_child=2 -3 -5", at: "Tree=0.right_child[2]",
            .outOfRange("child -5", allowed: "-4 to 2")),
        Broken(
            "a cycle", "left_child=1 -1 -2", "left_child=1 0 -2", at: "Tree=0", .reachedTwice(node: 0)),
        Broken(
            "a leaf of two parents", "left_child=1 -1 -2", "left_child=1 -1 -1", at: "Tree=0", .reachedTwice(node: 3)),
        Broken(
            "a split on its own", "left_child=1 -1 -2\nright_child=2 -3 -4",
            "left_child=1 -1 2\nright_child=-2 -3 -4", at: "Tree=0", .unreachable(nodes: 2, deleted: 0)),
        Broken(
            "a feature past the count", "split_feature=0 2 1", "split_feature=0 3 1", at: "Tree=0.split_feature[1]",
            .outOfRange("feature 3", allowed: "below 3")),
        Broken(
            "a negative feature", "split_feature=0 2 1", "split_feature=-1 2 1", at: "Tree=0.split_feature[0]",
            .outOfRange("feature -1", allowed: "0 or more")),
        Broken(
            "a missing type of no meaning", "decision_type=2 1 8", "decision_type=2 1 12",
            at: "Tree=0.decision_type[2]", .outOfRange("decision 12", allowed: "0 to 11")),
        Broken(
            "a threshold that is no number", "threshold=1.5 0 inf", "threshold=nan 0 inf", at: "Tree=0.threshold[0]",
            .notANumber("the threshold of a split")),
        Broken(
            "a leaf that is no number", "0.1 -0.7", "0.1 -inf", at: "Tree=0.leaf_value[1]",
            .notANumber("the value of a leaf")),
        Broken(
            "a number past all", "0.1 -0.7", "0.1 1e309", at: "Tree=0.leaf_value[1]",
            .notANumber("the value of a leaf")),
        Broken(
            "an integer past 32 bits", "leaf_count=5 3", "leaf_count=5 3000000000", at: "Tree=0.leaf_count[1]",
            .malformed("no number of the kind that is expected here")),
        Broken(
            "two spaces", "leaf_count=5 3", "leaf_count=5  3", at: "Tree=0.leaf_count[1]",
            .malformed("no number of the kind that is expected here")),
        Broken(
            "a comma", "leaf_count=5 3", "leaf_count=5,3", at: "Tree=0.leaf_count[0]",
            .malformed("a space or the line's end is expected")),
        Broken(
            "a set that is none", "threshold=1.5 0 inf", "threshold=1.5 1 inf", at: "Tree=0.threshold[1]",
            .outOfRange("category set 1.0", allowed: "0 to 0")),
        Broken(
            "half a set", "threshold=1.5 0 inf", "threshold=1.5 0.5 inf", at: "Tree=0.threshold[1]",
            .outOfRange("category set 0.5", allowed: "0 to 0")),
        Broken(
            "a split by category in a tree without", "num_cat=1", "num_cat=0", at: "Tree=0.threshold[1]",
            .outOfRange("category set 0.0", allowed: "none: num_cat is 0")),
        Broken(
            "more sets than splits", "num_cat=1", "num_cat=4", at: "Tree=0.num_cat",
            .outOfRange("4", allowed: "0 to 3")),
        Broken(
            "a set too few", "num_cat=1", "num_cat=2", at: "Tree=0.cat_boundaries", .length(2, expected: 3)),
        Broken(
            "sets past their words", "cat_boundaries=0 3", "cat_boundaries=0 4", at: "Tree=0.cat_boundaries[1]",
            .outOfRange("4", allowed: "3")),
        Broken(
            "sets that do not begin", "cat_boundaries=0 3", "cat_boundaries=1 3", at: "Tree=0.cat_boundaries[0]",
            .outOfRange("1", allowed: "0")),
        Broken(
            "no words of sets", "cat_threshold=1 1 1\n", "", at: "Tree=0", .missing("cat_threshold")),
        Broken(
            "a word past 32 bits", "cat_threshold=1 1 1", "cat_threshold=1 4294967296 1", at: "Tree=0.cat_threshold[1]",
            .malformed("no number of the kind that is expected here")),
        Broken(
            "a linear tree", "is_linear=0\nshrinkage=1\n\n\nTree=1", "is_linear=1\nshrinkage=1\n\n\nTree=1",
            at: "Tree=0.is_linear", .unsupported("a linear tree (linear_tree)", supported: "leaves of one value")),
    ]

    static let whole: [Broken] = [
        Broken("a tree's number", "Tree=1\n", "Tree=2\n", at: "", .malformed("Tree=1 is expected")),
        Broken(
            "no blank line", "shrinkage=1\n\n\nTree=1", "shrinkage=1\nTree=1", at: "Tree=0",
            .malformed("a blank line ends a tree")),
        Broken(
            "a line between trees", "\nTree=1\n", "\nbetween\nTree=1\n", at: "",
            .malformed("a tree or \"end of trees\" is expected")),
        Broken(
            "no end of trees", "end of trees\n", "", at: "",
            .malformed("a tree or \"end of trees\" is expected")),
        Broken("no end of parameters", "end of parameters\n", "", at: "parameters", .truncated),
    ]

    @Test(arguments: head + trees + whole)
    func `a broken model is refused in its place`(broken: Broken) throws {
        let text = LightGBMSample.text.replacing(broken.old, with: broken.new, maxReplacements: 1)
        #expect(text != LightGBMSample.text, "the sample has what is replaced")
        let error = try #require(refusal(text))
        #expect(error.reason == broken.reason)
        #expect(error.path == broken.path)
        #expect(error.offset >= 0 && error.offset <= text.utf8.count)
    }

    @Test func `the byte of a refusal is the element's own`() throws {
        let text = LightGBMSample.text.replacing("right_child=2 -3 -4", with: "right_child=2 -3 -5")
        let error = try #require(refusal(text))
        #expect(Array(text.utf8)[error.offset...].starts(with: "-5".utf8))
        let word = LightGBMSample.text.replacing("leaf_count=5 3 2 4", with: "leaf_count=5 3 x 4")
        #expect(Array(word.utf8)[try #require(refusal(word)).offset...].starts(with: "x 4".utf8))
    }

    @Test(arguments: [
        "multiclass num_class:3", "multiclassova num_class:3 sigmoid:1", "poisson", "gamma", "tweedie",
        "cross_entropy_lambda", "regression sqrt", "quantile sqrt", "binary", "binary sigmoid:0", "binary sigmoid:-1",
        "binary sigmoid:", "binary sigmoid:1e", "binary sigmoid:inf", "binary sigmoid:1 sqrt", "", "binary ",
    ])
    func `an objective that is not scored is refused by its name`(line: String) throws {
        let text = LightGBMSample.text.replacing("objective=binary sigmoid:1", with: "objective=\(line)")
        let error = try #require(refusal(text))
        guard case .unsupported("objective \(line)", _) = error.reason else {
            Issue.record("\(error)")
            return
        }
        #expect(error.path == "objective")
    }

    @Test func `a model that is cut anywhere before its parameters is refused`() {
        let bytes = Array(LightGBMSample.text.utf8)
        let trees = LightGBMSample.text.firstRange(of: "end of trees")!.lowerBound.utf16Offset(in: LightGBMSample.text)
        for count in 0..<trees + 12 {
            #expect(throws: ModelError.self) { try TreeModel(bytes: Array(bytes[..<count])) }
        }
        #expect(throws: Never.self) { try TreeModel(bytes: Array(bytes[..<(trees + 12)])) }
    }

    @Test func `a text that is not UTF-8 is refused`() {
        var bytes = Array(LightGBMSample.text.utf8)
        let name = bytes.firstIndex(of: UInt8(ascii: "a"))!
        let at = (name..<bytes.count).first { bytes[$0...].starts(with: "amount".utf8) }!
        bytes[at] = 0xFF
        #expect(throws: ModelError(.malformed("a text that is not UTF-8"), path: "feature_names[0]", offset: at)) {
            try TreeModel(bytes: bytes)
        }
    }

    // MARK: Limits

    private func check(
        _ field: WritableKeyPath<ModelLimits, Int> & Sendable, at limit: Int, named name: String, at path: String
    ) {
        var limits = ModelLimits.standard
        limits[keyPath: field] = limit
        #expect(refusal(LightGBMSample.text, limits: limits) == nil, "at \(limit) \(name)")
        limits[keyPath: field] = limit - 1
        let error = refusal(LightGBMSample.text, limits: limits)
        #expect(error?.reason == .limit(name, maximum: limit - 1))
        #expect(error?.path == path)
    }

    @Test func `counts and sizes are held at their limits`() {
        check(\.documentBytes, at: LightGBMSample.text.utf8.count, named: "bytes in a document", at: "")
        check(\.trees, at: 2, named: "trees in a model", at: "Tree=1")
        check(\.nodesPerTree, at: 7, named: "nodes in a tree", at: "Tree=0.num_leaves")
        check(\.totalNodes, at: 8, named: "nodes in a model", at: "Tree=1.num_leaves")
        check(\.features, at: 3, named: "features", at: "max_feature_idx")
        check(\.categoryWords, at: 3, named: "words of category sets", at: "Tree=0.cat_threshold[2]")
        check(\.numberBytes, at: 21, named: "bytes in a number", at: "Tree=1.leaf_value[0]")
        check(\.stringBytes, at: 16, named: "bytes in a string", at: "objective")
        check(\.trainingFacts, at: 3, named: "parameters", at: "parameters")
    }
}
