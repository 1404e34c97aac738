// A table of broken and foreign documents: each is refused with what it is, and with its place.
import Testing
import Trees

/// One change to the text of a sound model.
struct Broken: Sendable, CustomTestStringConvertible {
    var what: String
    var old: String
    var new: String
    var path: String
    var reason: ModelError.Reason

    init(_ what: String, _ old: String, _ new: String, at path: String, _ reason: ModelError.Reason) {
        self.what = what
        self.old = old
        self.new = new
        self.path = path
        self.reason = reason
    }

    var testDescription: String { what }
}

private let tree0 = "learner.gradient_booster.model.trees[0]"
private let model = "learner.gradient_booster.model"
private let parameters = "learner.learner_model_param"
private let formats = "XGBoost JSON and UBJSON, LightGBM text, CatBoost JSON"
private let objectives =
    "binary:logistic, binary:logitraw, rank:pairwise, rank:ndcg, rank:map, reg:logistic, reg:squarederror, reg:linear, "
    + "reg:squaredlogerror, reg:absoluteerror, reg:pseudohubererror, reg:quantileerror"

@Suite struct RefusalTests {
    static let nodes: [Broken] = [
        Broken(
            "a child out of range", #""left_children":[1, -1, -1]"#, #""left_children":[3, -1, -1]"#,
            at: "\(tree0).left_children[0]", .outOfRange("child 3", allowed: "1 to 2")),
        Broken(
            "a negative child", #""right_children":[2, -1, -1]"#, #""right_children":[-2, -1, -1]"#,
            at: "\(tree0).right_children[0]", .outOfRange("child -2", allowed: "1 to 2")),
        Broken(
            "half a leaf", #""right_children":[2, -1, -1]"#, #""right_children":[2, -1, 1]"#,
            at: "\(tree0).right_children[2]", .outOfRange("1", allowed: "-1 in a leaf")),
        Broken(
            "the root as a child", #""left_children":[1, -1, -1]"#, #""left_children":[0, -1, -1]"#,
            at: "\(tree0).left_children[0]", .outOfRange("child 0", allowed: "1 to 2")),
        Broken(
            "two parents", #""right_children":[2, -1, -1]"#, #""right_children":[1, -1, -1]"#, at: tree0,
            .reachedTwice(node: 1)),
        Broken(
            "a feature past the count", #""split_indices":[0, 0, 0]"#, #""split_indices":[2, 0, 0]"#,
            at: "\(tree0).split_indices[0]", .outOfRange("feature 2", allowed: "below 2")),
        Broken(
            "a negative feature", #""split_indices":[0, 0, 0]"#, #""split_indices":[-1, 0, 0]"#,
            at: "\(tree0).split_indices[0]", .outOfRange("feature -1", allowed: "0 or more")),
        Broken(
            "a threshold that is no number", "[1.5,-0.25,0.75]", "[NaN,-0.25,0.75]",
            at: "\(tree0).split_conditions[0]", .notANumber("the threshold of a split")),
        Broken(
            "a leaf that is no number", "[1.5,-0.25,0.75]", "[1.5,-0.25,NaN]",
            at: "\(tree0).split_conditions[2]", .notANumber("the value of a leaf")),
        Broken(
            "an infinite leaf", "[1.5,-0.25,0.75]", "[1.5,1e39,0.75]",
            at: "\(tree0).split_conditions[1]", .notANumber("the value of a leaf")),
        Broken(
            "a short column", "[1.5,-0.25,0.75]", "[1.5,-0.25]",
            at: "\(tree0).split_conditions", .length(2, expected: 3)),
        Broken(
            "a long column that is not used", #""base_weights":[0,0,0]"#, #""base_weights":[0,0,0,0]"#,
            at: "\(tree0).base_weights", .length(4, expected: 3)),
        Broken(
            "another count of nodes", #""num_nodes":"3""#, #""num_nodes":"2147483648""#,
            at: "\(tree0).left_children", .length(3, expected: 2_147_483_648)),
        Broken(
            "a flag that is none", #""default_left":[1, 0, 0]"#, #""default_left":[2, 0, 0]"#,
            at: "\(tree0).default_left[0]", .outOfRange("2", allowed: "0 or 1")),
        Broken(
            "an unknown kind of split", #""split_type":[0, 0, 0]"#, #""split_type":[2, 0, 0]"#,
            at: "\(tree0).split_type[0]", .outOfRange("split type 2", allowed: "0 or 1")),
        Broken(
            "a categorical split without categories", #""split_type":[0, 0, 0]"#, #""split_type":[1, 0, 0]"#,
            at: "\(tree0).split_type[0]", .missing("the node in categories_nodes")),
        Broken(
            "a column that stands twice", #""parents":[0,0,0]"#, #""split_type":[0,0,0]"#, at: "\(tree0).split_type",
            .duplicate("split_type")),
        Broken(
            "a column that is missing", #""sum_hessian":[4.0, 3.0, 1.0]"#, #""x":[]"#, at: tree0,
            .missing("sum_hessian")),
        Broken(
            "a fraction as a node", #""left_children":[1, -1, -1]"#, #""left_children":[1.5, -1, -1]"#,
            at: "\(tree0).left_children[0]", .malformed("no number of the kind that is expected here")),
        Broken(
            "a node past 32 bits", #""left_children":[1, -1, -1]"#, #""left_children":[1, 4294967297, -1]"#,
            at: "\(tree0).left_children[1]", .malformed("no number of the kind that is expected here")),
    ]

    static let documents: [Broken] = [
        Broken(
            "another objective", "binary:logistic", "multi:softprob", at: "learner.objective.name",
            .unsupported("objective multi:softprob", supported: objectives)),
        Broken(
            "dart without its trees", #""name":"gbtree""#, #""name":"dart""#, at: "learner.gradient_booster.gbtree",
            .missing("model")),
        Broken(
            "gblinear", #""name":"gbtree""#, #""name":"gblinear""#, at: "learner.gradient_booster.name",
            .unsupported("booster gblinear", supported: "gbtree, dart")),
        Broken(
            "several outputs a tree", #""size_leaf_vector":"1""#, #""size_leaf_vector":"3""#, at: tree0,
            .unsupported("multi_output_tree (size_leaf_vector 3)", supported: "one output a tree")),
        Broken(
            "several classes", #""num_class":"0""#, #""num_class":"3""#, at: "\(parameters).num_class",
            .unsupported("num_class 3", supported: "one output")),
        Broken(
            "several targets", #""num_target":"1""#, #""num_target":"2""#, at: "\(parameters).num_target",
            .unsupported("num_target 2", supported: "one output")),
        Broken(
            "several base scores", "[5E-1]", "[5E-1,2E-1]", at: "\(parameters).base_score",
            .unsupported("a base_score of several outputs", supported: "one output")),
        Broken(
            "a base score that is no number", "[5E-1]", "[]", at: "\(parameters).base_score",
            .notANumber("base_score \"\"")),
        Broken(
            "a base score that is no probability", "[5E-1]", "[-1E0]", at: "\(parameters).base_score",
            .outOfRange("base_score -1.0", allowed: "a probability")),
        Broken(
            "another count of trees", #""num_trees":"2""#, #""num_trees":"3""#, at: "\(model).trees",
            .length(2, expected: 3)),
        Broken(
            "an id that stands twice", #""id":1"#, #""id":0"#, at: "\(model).trees[1]",
            .outOfRange("id 0", allowed: "each of 0 to 1 once")),
        Broken(
            "trees of other classes", #""tree_info":[0, 0]"#, #""tree_info":[0, 1]"#, at: "\(model).tree_info",
            .unsupported("trees of class 1", supported: "one output")),
        Broken(
            "a negative count of features", #""num_feature":"2","num_target""#, #""num_feature":"-1","num_target""#,
            at: "\(parameters).num_feature", .outOfRange("num_feature", allowed: "0 to 65536")),
        Broken(
            "too few names", #""feature_names":[]"#, #""feature_names":["a"]"#, at: "learner.feature_names",
            .length(1, expected: 2)),
        Broken(
            "a best iteration past the rounds", #""attributes":{}"#, #""attributes":{"best_iteration":"2"}"#,
            at: "learner.attributes.best_iteration", .outOfRange("2", allowed: "below 2")),
        Broken(
            "a learner that stands twice", #""version":"#, #""learner":{},"version":"#, at: "learner",
            .duplicate("learner")),
        Broken(
            "trees as an object", #""trees":["#, #""trees":{"a":["#, at: "\(model).trees",
            .wrongKind(expected: "an array", found: "an object")),
        Broken(
            "no learner", #"{"learner":"#, #"{"teacher":"#, at: "",
            .unsupported("a JSON document with none of the keys of a model", supported: formats)),
        Broken(
            "an id that stands twice in a tree", #""id":0"#, #""id":0,"id":0"#, at: "\(tree0).id", .duplicate("id")),
        Broken(
            "a model that stands twice", #""model":{"#, #""gbtree":{"model":{}},"model":{"#, at: "\(model)",
            .duplicate("model")),
    ]

    @Test(arguments: nodes + documents)
    func `a broken document is refused with its place`(broken: Broken) throws {
        let sound = ModelText().text
        #expect(refusal(sound) == nil)
        let range = try #require(sound.firstRange(of: broken.old))
        let text = String(sound[..<range.lowerBound] + broken.new + sound[range.upperBound...])
        let error = try #require(refusal(text))
        #expect(error.reason == broken.reason)
        #expect(error.path == broken.path)
        #expect(error.offset >= 0 && error.offset <= text.utf8.count)
    }

    @Test func `the offset is that of the element`() throws {
        let text = ModelText().text.replacing("[1.5,-0.25,0.75]", with: "[1.5, -0.25 ,  NaN]")
        let error = try #require(refusal(text))
        #expect(Array(text.utf8)[error.offset...].prefix(3).elementsEqual("NaN".utf8))
        #expect(
            error.description == "\(tree0).split_conditions[2] (byte \(error.offset)): the value of a leaf is not a "
                + "finite number")
        let wide = ModelText().text.replacing(#""split_indices":[0, 0, 0]"#, with: #""split_indices":[9, 0, 0]"#)
        #expect(Array(wide.utf8)[try #require(refusal(wide)).offset] == UInt8(ascii: "9"))
    }

    @Test func `a long key is cut in the path`() {
        let key = String(repeating: "é", count: 65)
        #expect(refusal("{\"\(key)\":{\"b\":x}}")?.path == String(repeating: "é", count: 64) + "….b")
        let shown = String(repeating: "k", count: 64)
        #expect(refusal("{\"\(shown)\":x}")?.path == shown)
    }

    @Test func `a cycle is refused`() throws {
        var tree = TreeText.stump(0, "1", "2", "3")
        tree.left[2] = 1
        tree.right[2] = 2
        #expect(refusal(ModelText(trees: [tree]).text)?.reason == .reachedTwice(node: 1))
    }

    @Test func `a cycle that the root does not lead to is refused`() throws {
        var tree = TreeText.stump(0, "1", "2", "3")
        tree.left = [-1, 2, 1]
        tree.right = [-1, 1, 2]
        #expect(refusal(ModelText(trees: [tree]).text)?.reason == .unreachable(nodes: 2, deleted: 0))
    }

    @Test func `a deleted node that is reached is refused`() throws {
        var tree = TreeText.stump(0, "1", "2", "3")
        tree.column[1] = 0x7FFF_FFFF
        tree.deleted = 1
        let error = refusal(ModelText(trees: [tree]).text)
        #expect(error?.reason == .notANumber("the value of a leaf"))
        #expect(error?.path == "\(tree0).split_conditions[1]")
    }

    @Test(arguments: [
        ("categories_segments\":[0]", "categories_segments\":[9]", "categories_segments[0]"),
        ("categories_segments\":[0]", "categories_segments\":[-1]", "categories_segments[0]"),
        ("categories_sizes\":[2]", "categories_sizes\":[3]", "categories_sizes[0]"),
        ("categories_sizes\":[2]", "categories_sizes\":[-1]", "categories_sizes[0]"),
        ("categories_sizes\":[2]", "categories_sizes\":[2,0]", "categories_sizes"),
        ("categories_nodes\":[0]", "categories_nodes\":[3]", "categories_nodes[0]"),
        ("categories\":[1, 5]", "categories\":[1, -5]", "categories[1]"),
        ("categories\":[1, 5]", "categories\":[1, 16777216]", "categories[1]"),
    ])
    func `broken categories are refused with their place`(old: String, new: String, column: String) throws {
        var tree = TreeText.stump(0, "1e-45", "2", "3")
        tree.splitType[0] = 1
        tree.categories = [(0, [1, 5])]
        let sound = ModelText(trees: [tree]).text
        #expect(refusal(sound) == nil)
        #expect(sound.contains(old))
        #expect(refusal(sound.replacing(old, with: new))?.path == "\(tree0).\(column)")
    }

    @Test func `overlapping category lists are refused, so that no list is read for every node`() throws {
        var tree = TreeText.stump(0, "1e-45", "2", "3")
        tree.splitType = [1, 1, 0]
        tree.categories = [(0, [1, 5]), (1, [2])]
        let sound = ModelText(trees: [tree]).text
        #expect(refusal(sound) == nil)
        let text = sound.replacing("segments\":[0, 2]", with: "segments\":[0, 1]")
            .replacing("sizes\":[2, 1]", with: "sizes\":[2, 2]")
        #expect(refusal(text)?.path == "\(tree0).categories_sizes[1]")
    }

    @Test(arguments: [
        ("binf\u{0}", "XGBoost's old binary format"), ("bs64\tAAAA", "XGBoost's old binary format"),
        ("CBM1", "CatBoost's binary format"),
        ("booster[0]:\n0:[f0<1]", "a text dump of XGBoost's trees (save_model writes a model)"),
        (#"{"name":"tree","tree_info":[]}"#, "a LightGBM model dump (save_model writes a model)"),
        (#"{"name":"tree","max_feature_idx":1}"#, "a LightGBM model dump (save_model writes a model)"),
        (#"{"Config":{},"Model":{}}"#, "a snapshot of XGBoost's memory (save_model writes a model)"),
        (#"[{"nodeid":0}]"#, "a JSON document that is no object, such as a dump of XGBoost's trees"),
        ("{}", "a JSON document with none of the keys of a model"),
    ])
    func `another format is refused by its name`(text: String, name: String) throws {
        #expect(try #require(refusal(text)).reason == .unsupported(name, supported: formats))
    }

    @Test(
        arguments: [
            ([0x1F, 0x8B, 8, 0], "a gzip file (decompress it first)"),
            ([0x80, 4, 0x95, 0], "a Python pickle (save_model writes a model)"),
        ] as [([UInt8], String)])
    func `files that are no text are refused by their names`(bytes: [UInt8], name: String) {
        let error = #expect(throws: ModelError.self) { try TreeModel(bytes: bytes) }
        #expect(error?.reason == .unsupported(name, supported: formats))
    }

    /// The key that tells stands behind others, which are passed over but must be sound.
    @Test func `the format is told by the keys, wherever they stand`() throws {
        let sound = ModelText().text
        #expect(refusal(#"{"a":[{"b":[]}],"# + sound.dropFirst()) == nil)
        #expect(refusal(#"{"a":[{"b":]}],"# + sound.dropFirst())?.path == "a[0].b")
        let catboost = try #require(refusal(#"{"a":1,"oblivious_trees":[]}"#))
        #expect(catboost.reason != .unsupported("a JSON document with none of the keys of a model", supported: formats))
    }

    @Test(arguments: [
        "{\"learner\":{}} x", "{\"learner\":{},}", "{\"a\" 1}", "[1,]", "{\"a\":tru}", "{\"a\":\"\\q\"}",
        "{\"a\":\"\\ud800\"}", "{\"a\":\"\u{1}\"}", "null", "", "{\"a\":[1 2]}", "{a:1}",
    ])
    func `text that is not JSON is refused`(text: String) {
        #expect(refusal(text) != nil)
    }
}
