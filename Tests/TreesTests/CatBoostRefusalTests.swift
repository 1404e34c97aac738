// A table of broken and foreign CatBoost models: each is refused with what it is, and with its place.
import Testing
import Trees

private let feature = "features_info.float_features"
private let tree = "oblivious_trees[0]"

@Suite struct CatBoostRefusalTests {
    static let features: [Broken] = [
        Broken(
            "categorical features", #"{"float_features":"#, #"{"categorical_features":[{}],"float_features":"#,
            at: "features_info.categorical_features[0]",
            .unsupported("a model of categorical features (one-hot splits, CTRs)", supported: "numeric features")),
        Broken(
            "tables of categories", #"{"float_features":"#, #"{"ctrs":[1],"float_features":"#,
            at: "features_info.ctrs[0]",
            .unsupported("a model of categorical features (CTRs)", supported: "numeric features")),
        Broken(
            "text features", #"{"float_features":"#, #"{"text_features":[{}],"float_features":"#,
            at: "features_info.text_features[0]",
            .unsupported("a model of text features", supported: "numeric features")),
        Broken(
            "embeddings", #"{"float_features":"#, #"{"embedding_features":[{}],"float_features":"#,
            at: "features_info.embedding_features[0]",
            .unsupported("a model of embedding features", supported: "numeric features")),
        Broken(
            "two lists of features", #"{"float_features":"#, #"{"float_features":[],"float_features":"#,
            at: feature, .duplicate("float_features")),
        Broken(
            "a column twice", #""flat_feature_index":2"#, #""flat_feature_index":1"#, at: "\(feature)[2]",
            .outOfRange("flat_feature_index 1", allowed: "each column once")),
        Broken(
            "a column past the limit", #""flat_feature_index":2"#, #""flat_feature_index":65536"#,
            at: "\(feature)[2].flat_feature_index", .limit("features", maximum: 65_536)),
        Broken(
            "a column below zero", #""flat_feature_index":2"#, #""flat_feature_index":-1"#,
            at: "\(feature)[2].flat_feature_index", .outOfRange("-1", allowed: "0 to 65535")),
        Broken("no column", #""flat_feature_index":2,"#, "", at: "\(feature)[2]", .missing("flat_feature_index")),
        Broken("no borders", #""borders":[1],"#, "", at: "\(feature)[3]", .missing("borders")),
        Broken(
            "two columns", #""flat_feature_index":2"#, #""flat_feature_index":2,"flat_feature_index":2"#,
            at: "\(feature)[2].flat_feature_index", .duplicate("flat_feature_index")),
        Broken(
            "another treatment", #""AsIs""#, #""AsMean""#, at: "\(feature)[1].nan_value_treatment",
            .unsupported("nan_value_treatment AsMean", supported: "AsIs, AsFalse, AsTrue")),
        Broken(
            "a border that is no number", #""borders":[1]"#, #""borders":[NaN]"#, at: "\(feature)[3].borders",
            .notANumber("a border")),
    ]

    static let trees: [Broken] = [
        Broken(
            "a split by category", #""split_type":"FloatFeature"}"#, #""split_type":"OneHotFeature"}"#,
            at: "\(tree).splits[0].split_type",
            .unsupported("a split of type OneHotFeature", supported: "FloatFeature")),
        Broken(
            "a split by statistics", #""split_type":"FloatFeature"}"#, #""split_type":"OnlineCtr"}"#,
            at: "\(tree).splits[0].split_type", .unsupported("a split of type OnlineCtr", supported: "FloatFeature")),
        Broken(
            "a split past the borders", #""split_index":1"#, #""split_index":5"#, at: "\(tree).splits[0]",
            .outOfRange("split_index 5", allowed: "below 5")),
        Broken(
            "a split below the borders", #""split_index":1"#, #""split_index":-1"#, at: "\(tree).splits[0]",
            .outOfRange("split_index -1", allowed: "below 5")),
        Broken(
            "a split of another border", #""split_index":1"#, #""split_index":0"#, at: "\(tree).splits[0]",
            .malformed("split_index 0 is feature 0 above -3.4028235e+38, not 0 above 0.5")),
        Broken(
            "a split of another feature", #""float_feature_index":0"#, #""float_feature_index":1"#,
            at: "\(tree).splits[0]", .malformed("split_index 1 is feature 0 above 0.5, not 1 above 0.5")),
        Broken(
            "a split past all numbers", #""split_index":1"#, #""split_index":5000000000"#, at: "\(tree).splits[0]",
            .malformed("no split of a feature")),
        Broken("no border", #""border":0.5,"#, "", at: "\(tree).splits[0]", .missing("border")),
        Broken("no index", #""split_index":1,"#, "", at: "\(tree).splits[0]", .missing("split_index")),
        Broken(
            "no feature", #""float_feature_index":0,"#, "",
            at: "\(tree).splits[0]", .missing("float_feature_index")),
        Broken(
            "two borders", #""border":0.5,"#, #""border":0.5,"border":0.5,"#, at: "\(tree).splits[0].border",
            .duplicate("border")),
        Broken(
            "leaves of three outputs", #"[0.25],"leaf_weights":[3]"#, #"[0.25,1,2],"leaf_weights":[3]"#,
            at: "oblivious_trees[2]", .unsupported("3 values a leaf", supported: "one output")),
        Broken(
            "a leaf too few", "0.13,0.17]", "0.13]", at: "\(tree).leaf_values", .length(7, expected: 8)),
        Broken(
            "a weight too many", "6,7,8]", "6,7,8,9]", at: "\(tree).leaf_weights", .length(9, expected: 8)),
        Broken(
            "a weight below zero", "6,7,8]", "6,7,-8]", at: tree,
            .outOfRange("a leaf of weight -8.0", allowed: "0 or more")),
        Broken("a weight past all", "6,7,8]", "6,7,1e39]", at: tree, .notANumber("the weight of a tree")),
        Broken("a leaf that is no number", "0.13,0.17]", "0.13,NaN]", at: tree, .notANumber("the value of a leaf")),
        Broken("a leaf past all", "0.13,0.17]", "0.13,1e309]", at: tree, .notANumber("the value of a leaf")),
        Broken("no leaves", #""leaf_values":[0.25],"#, "", at: "oblivious_trees[2]", .missing("leaf_values")),
        Broken("no splits", #","splits":null"#, "", at: "oblivious_trees[2]", .missing("splits")),
        Broken(
            "leaves twice", #""splits":null"#, #""leaf_values":[1],"splits":null"#,
            at: "oblivious_trees[2].leaf_values",
            .duplicate("leaf_values")),
    ]

    static let whole: [Broken] = [
        Broken(
            "several outputs", "[0.3,[-1.7]]", "[1,[0,0]]", at: "scale_and_bias",
            .unsupported("a model of 2 outputs", supported: "one output")),
        Broken("no bias", "[0.3,[-1.7]]", "[0.3]", at: "scale_and_bias", .length(1, expected: 2)),
        Broken("more than a bias", "[0.3,[-1.7]]", "[0.3,[],2]", at: "scale_and_bias[2]", .length(3, expected: 2)),
        // The library takes this bias for none.
        Broken(
            "a bias without its array", "[0.3,[-1.7]]", "[0.3,-1.7]", at: "scale_and_bias[1]",
            .wrongKind(expected: "an array", found: "a number")),
        Broken("a bias that is no number", "[-1.7]", "[NaN]", at: "scale_and_bias", .notANumber("scale or bias")),
        Broken(
            "tables of statistics", #","scale_and_bias""#, #","ctr_data":{},"scale_and_bias""#, at: "ctr_data",
            .unsupported("a model of categorical features (CTRs)", supported: "numeric features")),
        Broken(
            "trees of both kinds", #","scale_and_bias""#, #","trees":[],"scale_and_bias""#,
            at: "trees", .duplicate("trees")),
        Broken("no trees", #""oblivious_trees""#, #""other_trees""#, at: "", .missing("oblivious_trees")),
        Broken("no features", #""features_info""#, #""other_info""#, at: "", .missing("features_info")),
        Broken("no info", #""model_info""#, #""other_info""#, at: "", .missing("model_info")),
        Broken(
            "two infos", #","scale_and_bias""#, #","model_info":{},"scale_and_bias""#,
            at: "model_info", .duplicate("model_info")),
        Broken(
            "no loss function", #""loss_function":{"params":{},"type":"Logloss"},"#, "", at: "model_info.params",
            .missing("loss_function")),
        Broken(
            "a loss function without a name", #"{"params":{},"type":"Logloss"}"#, "{}",
            at: "model_info.params.loss_function", .missing("type")),
        Broken(
            "a text that is no loss function", #""model_guid""#, #""loss_function":"{\"type\":1}","model_guid""#,
            at: "model_info.loss_function",
            .malformed("a text that is no loss function: type (byte 8): a string expected, a number found")),
    ]

    @Test(arguments: features + trees + whole)
    func `a broken model is refused in its place`(broken: Broken) throws {
        let text = CatBoostSample.text.replacing(broken.old, with: broken.new, maxReplacements: 1)
        #expect(text != CatBoostSample.text, "the sample has what is replaced")
        let error = try #require(refusal(text))
        #expect(error.reason == broken.reason)
        #expect(error.path == broken.path)
        #expect(error.offset >= 0 && error.offset <= text.utf8.count)
    }

    static let nested: [Broken] = [
        Broken(
            "leaves of several outputs", #""value":0.25"#, #""value":[0.25,1]"#, at: "trees[1].value",
            .unsupported("several values a leaf", supported: "one output")),
        Broken("a split without a side", #""left":{"value":0.1,"weight":3},"#, "", at: "trees[0]", .missing("left")),
        Broken("a node of nothing", #"{"value":0.1,"weight":3}"#, "{}", at: "trees[0].left", .missing("split")),
        Broken(
            "a leaf with children", #"{"value":0.1,"weight":3}"#, #"{"value":0.1,"left":{"value":1,"weight":1}}"#,
            at: "trees[0].left", .malformed("a leaf with children")),
        Broken("some weights", #""value":0.1,"weight":3"#, #""value":0.1"#, at: "trees[0]", .length(3, expected: 4)),
        Broken(
            "a value twice", #""value":0.25"#, #""value":0.25,"value":0.25"#, at: "trees[1].value", .duplicate("value")),
        Broken(
            "a leaf that is no number", #""value":0.25"#, #""value":1e309"#, at: "trees[1]",
            .notANumber("the value of a leaf")),
        Broken(
            "a split of another border", #""split_index":2"#, #""split_index":3"#, at: "trees[0]",
            .malformed("split_index 3 is feature 2 above 2.0, not 2 above 0.1")),
    ]

    @Test(arguments: nested)
    func `a broken nested tree is refused in its place`(broken: Broken) throws {
        let text = CatBoostSample.nestedText.replacing(broken.old, with: broken.new, maxReplacements: 1)
        #expect(text != CatBoostSample.nestedText, "the sample has what is replaced")
        let error = try #require(refusal(text))
        #expect(error.reason == broken.reason)
        #expect(error.path == broken.path)
    }

    @Test(arguments: [
        "MultiClass", "MultiClassOneVsAll", "Poisson", "Tweedie", "LogLinQuantile", "RMSEWithUncertainty", "Cox",
        "MultiRMSE", "SurvivalAft", "logloss", "",
    ])
    func `a loss function that is not scored is refused by its name`(name: String) throws {
        let text = CatBoostSample.text.replacing(#""type":"Logloss""#, with: #""type":"\#(name)""#)
        let error = try #require(refusal(text))
        guard case .unsupported("loss function \(name)", _) = error.reason else {
            Issue.record("\(error)")
            return
        }
        #expect(error.path == "model_info.params.loss_function.type")
    }

    @Test(arguments: [CatBoostSample.text, CatBoostSample.nestedText])
    func `a model that is cut anywhere is refused`(text: String) {
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            #expect(throws: ModelError.self) { try TreeModel(bytes: Array(bytes[..<count])) }
        }
    }

    // MARK: Limits

    private func check(
        _ field: WritableKeyPath<ModelLimits, Int> & Sendable, at limit: Int, named name: String, at path: String,
        of text: String = CatBoostSample.text
    ) {
        var limits = ModelLimits.standard
        limits[keyPath: field] = limit
        #expect(refusal(text, limits: limits) == nil, "at \(limit) \(name)")
        limits[keyPath: field] = limit - 1
        let error = refusal(text, limits: limits)
        #expect(error?.reason == .limit(name, maximum: limit - 1))
        #expect(error?.path == path)
    }

    @Test func `counts and sizes are held at their limits`() {
        check(\.trees, at: 3, named: "trees in a model", at: "oblivious_trees[2]")
        check(\.nodesPerTree, at: 15, named: "nodes in a tree", at: "oblivious_trees[0]")
        check(\.nodesPerTree, at: 7, named: "nodes in a tree", at: "trees[0]", of: CatBoostSample.nestedText)
        check(\.totalNodes, at: 23, named: "nodes in a model", at: "oblivious_trees[2]")
        check(\.features, at: 4, named: "features", at: "features_info.float_features[3]")
        check(\.trainingFacts, at: 6, named: "parameters", at: "model_info.train_finish_time")
    }

    /// The log of a long training is longer than a string may be that is kept.
    @Test func `a text that is not kept may be long`() throws {
        let limit = ModelLimits.standard.stringBytes
        let long = String(repeating: "x", count: limit + 1)
        let text = CatBoostSample.text.replacing(#""training":"{}""#, with: #""training":"\#(long)""#)
        #expect(refusal(text) == nil)
        func finished(_ bytes: Int) -> String {
            CatBoostSample.text.replacing("2026-01-02T03:04:05Z", with: String(repeating: "x", count: bytes))
        }
        #expect(refusal(finished(limit)) == nil)
        #expect(refusal(finished(limit + 1))?.reason == .limit("bytes in a string", maximum: limit))
    }

    @Test func `a symmetric tree has as many levels as leaves can be written for`() {
        func text(levels: Int) -> String {
            let splits = Array(repeating: CatBoostSample.split(0, "0.5", 1), count: levels).joined(separator: ",")
            return CatBoostSample.text.replacing(#""splits":null"#, with: #""splits":[\#(splits)]"#)
        }
        #expect(refusal(text(levels: 30))?.reason == .length(1, expected: 1 << 30))
        #expect(refusal(text(levels: 31))?.reason == .limit("levels of a symmetric tree", maximum: 30))
    }

    /// The library grows no tree deeper than 16.
    @Test func `a nested tree is as deep as documents may be nested`() throws {
        func text(levels: Int) -> String {
            var tree = #"{"value":1,"weight":1}"#
            for _ in 0..<levels {
                let split = CatBoostSample.split(0, "0.5", 1)
                tree = #"{"left":{"value":0,"weight":1},"right":\#(tree),"split":\#(split)}"#
            }
            return CatBoostSample.nestedText.replacing(CatBoostSample.nested, with: "[\(tree)]")
        }
        let limit = ModelLimits.standard.nesting
        // The document and the array of trees stand around it.
        let deepest = limit - 3
        let model = try CatBoostSample.model(text(levels: deepest))
        #expect(model.summary.maxDepth == deepest)
        #expect(model.margin([1, 0, 0, 0]) == 1)
        #expect(model.margin([0, 0, 0, 0]) == 0)
        #expect(refusal(text(levels: deepest + 1))?.reason == .nestedTooDeeply(limit: limit))
        #expect(refusal(text(levels: 1_000))?.reason == .nestedTooDeeply(limit: limit))
    }
}
