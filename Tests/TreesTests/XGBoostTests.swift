// XGBoost's boosters and objectives, and what versions 1.0 to 3.2 mean by the same words. Expected numbers are what the
// library of that version gave for the same document.
import Testing
import Trees

@Suite struct XGBoostTests {
    private func facts(_ model: TreeModel) -> [String] {
        model.summary.training.map { "\($0.name)=\($0.value)" }
    }

    @Test(arguments: [
        "rank:pairwise", "rank:ndcg", "rank:map", "reg:squarederror", "reg:linear", "reg:squaredlogerror",
        "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror", "binary:logitraw",
    ])
    func `base_score is a margin where the prediction is the margin`(objective: String) throws {
        let text = ModelText(trees: [.leaf("0.125")], baseScore: #""[-3.25E0]""#, objective: objective)
        let model = try text.model()
        #expect(model.summary.objective.name == objective)
        #expect(model.summary.baseMargin == -3.25)
        #expect(model.margin([0, 0]) == -3.125)
        #expect(model.prediction(ofMargin: -3.125) == -3.125)
    }

    @Test(arguments: [
        "multi:softmax", "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft", "binary:hinge",
        "rank:other", "",
    ])
    func `other objectives are refused by name`(objective: String) {
        let error = refusal(ModelText(objective: objective).text)
        #expect(error?.path == "learner.objective.name")
        guard case .unsupported(let name, _) = error?.reason, name == "objective \(objective)" else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// Margins of a document without trees' effect, by the version that it says it is of.
    @Test(arguments: [
        ("binary:logistic", "1E-7", "[3,2,0]", -13.815509796142578),
        ("reg:logistic", "0", "[3,2,0]", -13.815509796142578),
        ("binary:logistic", "9.999999E-1", "[3,2,0]", 13.745160102844238),
        ("binary:logistic", "1", "[3,3,0]", 13.745160102844238),
        ("binary:logistic", "1E-7", "[3,1,2]", -16.11809539794922),
        ("binary:logistic", "9.999999E-1", "[3,0,5]", 15.942384719848633),
        ("binary:logistic", "1E-7", "[1,7,6]", -16.11809539794922),
        ("binary:logitraw", "0.250000", "[1,0,2]", -1.0986123085021973),
        ("binary:logitraw", "2.5E-1", "[1,2,1]", -1.0986123085021973),
        ("binary:logitraw", "2.5E-1", "[1,3,3]", 0.25), ("binary:logitraw", "2.5E-1", "[3,2,0]", 0.25),
        // A document that does not say is taken for one of the newest.
        ("binary:logistic", "0", "[]", -13.815509796142578),
    ])
    func `base_score means what the version that wrote it meant`(
        objective: String, score: String, version: String, margin: Double
    ) throws {
        var text = ModelText(trees: [.leaf("0")], baseScore: "\"\(score)\"", objective: objective)
        text.version = version
        #expect(try text.model().margin([0, 0]) == margin)
    }

    @Test(arguments: [
        ("0", "[3,1,2]"), ("1", "[3,0,5]"), ("0", "[1,0,2]"), ("-0.5", "[3,2,0]"), ("1.5", "[3,2,0]"),
        ("1.5", "[2,1,4]"),
    ])
    func `a base_score that the version refuses is refused`(score: String, version: String) {
        var text = ModelText(baseScore: "\"\(score)\"")
        text.version = version
        #expect(
            refusal(text.text)?.reason == .outOfRange("base_score \(Float(score)!)", allowed: "a probability"))
    }

    @Test(arguments: ["", "[]", "0x1p-1", "nan", "inf", "1e39", "5E-1 ", "[5E-1", "[[5E-1]]", "+0.5", "half"])
    func `a base_score that is no finite decimal is refused`(score: String) {
        let error = refusal(ModelText(baseScore: "\"\(score)\"").text)
        #expect(error?.path == "learner.learner_model_param.base_score")
    }

    @Test func `before 1.3 the base is added last`() throws {
        var text = ModelText(
            trees: [
                .stump(0, "-0.5245094299316406", "1.8537895679473877", "5.755128860473633"),
                .stump(0, "0.5135254859924316", "0.7898145318031311", "3.141810178756714"),
                .stump(0, "-1.4439771175384521", "-1.2686058282852173", "0.7461538910865784"),
            ], baseScore: #""0.300000""#, objective: "reg:squarederror")
        text.version = "[1,0,2]"
        let old = try text.model()
        for (value, margin) in [
            (0.0, 7.591097354888916), (1, 9.943093299865723), (-1, 3.689757823944092), (.nan, 1.6749982833862305),
        ] {
            #expect(old.margin([value, 0]) == margin)
            #expect(old.reference.margin(of: [value, 0].span) == margin)
        }
        // In Float, 1e8 + 1 - 1e8 is 0 from the left and 1 with the base last.
        var sums = ModelText(trees: [.leaf("1e8"), .leaf("-1e8")], baseScore: #""1""#, objective: "reg:squarederror")
        #expect(try sums.model().margin([0, 0]) == 0)
        sums.version = "[1,2,1]"
        #expect(try sums.model().margin([0, 0]) == 1)
    }

    @Test func `before 1.6 a probability may be 0`() throws {
        var text = ModelText()
        for (version, least) in [
            ("[1,5,2]", 0.0), ("[1,6,2]", 3.006635794144578e-39), ("[3,2,0]", 3.006635794144578e-39),
        ] {
            text.version = version
            let model = try text.model()
            #expect(model.prediction(ofMargin: -88.6) == 3.3228415952164014e-39)
            #expect(model.prediction(ofMargin: -88.75) == least)
            #expect(model.prediction(ofMargin: -1e9) == least)
            #expect(model.prediction(ofMargin: 1e9) == 1)
        }
    }

    @Test func `dart multiplies each tree's leaf by its weight in Float`() throws {
        func stump(_ column: Int, _ threshold: String, _ low: String, _ high: String) -> TreeText {
            .stump(column, threshold, low, high, missingLeft: false)
        }
        var text = ModelText(
            trees: [
                stump(1, "0.5753494", "-0.22340427", "0.6346154"), stump(1, "-0.19980213", "-0.29492015", "0.34541592"),
                stump(1, "0.5753494", "-0.22340427", "0.6346154"), stump(1, "0.5753494", "-0.22340427", "0.6346154"),
                stump(1, "-0.19980213", "-0.31322274", "0.41492632"),
            ], baseScore: #""[3E-1]""#)
        text.weights = ["0.71864897", "0.71864897", "0.39525694", "0.27548212", "0.3030303"]
        let model = try text.model()
        #expect(model.summary.booster == "dart")
        for (row, margin) in [
            ([0.0, 0.0], -0.7837250232696533), ([1, 1], 0.40839725732803345), ([.nan, .nan], 0.40839725732803345),
        ] {
            #expect(model.margin(row) == margin)
            #expect(model.reference.margin(of: row.span) == margin)
            var contributions: [Double] = []
            model.pathAttribution(of: row.span, into: &contributions, scratch: model.makeScratch())
            #expect(abs(contributions.reduce(0, +) - margin) < 1e-12)
        }
        #expect(facts(model).last == "weight_drop=0.27548212 to 0.71864897")
    }

    @Test func `dart's weights go by the id of the tree`() throws {
        var text = ModelText(trees: [.leaf("1"), .leaf("10")], objective: "reg:squarederror")
        text.baseScore = #""0""#
        text.weights = ["2", "3"]
        text.trees[0].id = 1
        text.trees[1].id = 0
        let model = try text.model()
        #expect(model.margin([0, 0]) == 23)
        let scratch = model.makeScratch()
        #expect(model.margin(ofFirst: 1, of: [0, 0].span, scratch: scratch) == 20)
    }

    @Test func `weights that do not fit the trees are refused`() {
        func reason(_ weights: [String], _ leaf: String = "1") -> ModelError? {
            var text = ModelText(trees: [.leaf(leaf), .leaf("1")])
            text.weights = weights
            return refusal(text.text)
        }
        #expect(reason(["1", "1"]) == nil)
        #expect(reason(["1"])?.reason == .length(1, expected: 2))
        #expect(reason(["1", "1", "1"])?.path == "learner.gradient_booster.weight_drop")
        #expect(reason(["1", "NaN"])?.path == "learner.gradient_booster.weight_drop")
        #expect(reason(["1e38", "1"], "1e38")?.path == "learner.gradient_booster.weight_drop")
        var text = ModelText()
        text.weights = ["1", "1"]
        let without = text.text.replacing("weight_drop", with: "weights")
        #expect(refusal(without)?.reason == .missing("weight_drop"))
        #expect(refusal(without)?.path == "learner.gradient_booster")
    }

    @Test func `the trees that are best are those that the file names`() throws {
        let leaves = (0..<6).map { TreeText.leaf("\(1 << $0)") }
        let attributes = #"{"best_iteration":"1","best_ntree_limit":"4","best_score":"0.5"}"#
        let text = ModelText(trees: leaves, attributes: attributes).text
            .replacing(#""iteration_indptr":[0, 1, 2, 3, 4, 5, 6],"#, with: "")
        // 1.6: one tree a round. Up to 1.5 nothing says so, but the number of the best trees. Up to 1.3 not even that.
        #expect(try TreeModel(bytes: Array(text.utf8)).margin([0, 0]) == 3)
        let older = text.replacing(#""num_parallel_tree":"1","#, with: "")
        #expect(try TreeModel(bytes: Array(older.utf8)).margin([0, 0]) == 15)
        for limit in ["0", "7", "-1"] {
            let broken = older.replacing(#"limit":"4""#, with: #"limit":"\#(limit)""#)
            #expect(refusal(broken)?.path == "learner.attributes.best_ntree_limit")
        }
        let oldest = older.replacing(#""best_ntree_limit":"4","#, with: "")
        #expect(try TreeModel(bytes: Array(oldest.utf8)).margin([0, 0]) == 3)
    }

    @Test func `the summary keeps what the file says of the training`() throws {
        let text = ModelText(attributes: #"{"best_iteration":"1","best_score":"0.25","note":"x"}"#)
        #expect(
            facts(try text.model()) == [
                "best_score=0.25", "num_parallel_tree=1", "boost_from_average=1", "scale_pos_weight=1",
            ])
    }

    @Test func `facts that are long or too many are left out`() throws {
        func training(_ parameters: String) throws -> [String] {
            let old = #""reg_loss_param":{"scale_pos_weight":"1"}"#
            let text = ModelText().text.replacing(old, with: "\"p\":{\(parameters)}")
            return facts(try TreeModel(bytes: Array(text.utf8)))
        }
        let value = String(repeating: "x", count: 253)
        #expect(try training(#""abc":"\#(value)""#).last == "abc=\(value)")
        #expect(try training(#""abcd":"\#(value)""#).last == "boost_from_average=1")
        let many = (0..<100).map { "\"p\($0)\":\($0)" }.joined(separator: ",")
        #expect(try training(many).count == 64)
        #expect(try training(many).last == "p61=61")
        #expect(try training(#""list":[1,{}],"flag":true,"none":null,"x":1.5"#).last == "x=1.5")
    }
}
