// LightGBM text: decisions, categories, sums and numbers as the library has them. Expected values of the hand-written
// documents are what LightGBM 4.7.0 gave for them.
import Foundation
import Testing
import Trees

@Suite struct LightGBMTests {
    @Test func `rows of the sample get the library's bits`() throws {
        let model = try LightGBMSample.model()
        let expected: [(row: [Double], margin: Double, probability: Double)] = [
            ([2, .nan, 0], -0.06000800972625304, 0.4850024977503746),
            ([2, 0, 0], -0.760018009726253, 0.31864235611725233),
            ([2, .infinity, 0], -0.760018009726253, 0.31864235611725233),
            ([.nan, 0, 0], 0.039981990273746965, 0.5099941662480844),
            ([1.5, 0, 5], 0.06498199027374696, 0.5162397833815401),
            ([(1.5).nextUp, .nan, 5], -0.06000800972625304, 0.4850024977503746),
        ]
        for (row, margin, probability) in expected {
            #expect(model.margin(row) == margin, "\(row)")
            #expect(model.reference.margin(of: row.span) == margin, "\(row)")
            #expect(model.prediction(ofMargin: margin) == probability, "\(row)")
        }
    }

    /// Listed are 0, 32 and 64; whatever is not a code that is listed goes right.
    @Test func `categories are cut to whole codes, and listed ones go left`() throws {
        let model = try LightGBMSample.model()
        let listed = 0.039981990273746965
        let others = 0.06498199027374696
        for code in [0, 32, 64, -0.5, -0.999, 32.9, 64.5, 1e-36] { #expect(model.margin([1, 0, code]) == listed) }
        let unlisted: [Double] = [
            31, 63, 65, 96, 1e6, -1, .nan, .infinity, -.infinity, 2_147_483_648, 3e9, 1e300, 2_147_483_647,
        ]
        for code in unlisted { #expect(model.margin([1, 0, code]) == others, "\(code)") }
    }

    /// Each character is one value: 1 where it goes right. Rows are thresholds.
    @Test func `every missing rule sends every value where the library does`() throws {
        let snapped = Double(1e-35 as Float)
        let values: [Double] = [
            .nan, 0, -0.0, 1e-36, -1e-36, snapped, 1.0000000180025096e-35, -1.0000000180025095e-35,
            -1.0000000180025097e-35, 2e-35, -1, 5, .infinity, -.infinity, .leastNonzeroMagnitude,
        ]
        let thresholds = ["0", "-1", "1.0000000180025095e-35", "5"]
        let table: [(decision: Int, right: [String])] = [
            (0, ["000000100101100", "111111111101101", "000000100101100", "000000000000100"]),
            (2, ["000000100101100", "111111111101101", "000000100101100", "000000000000100"]),
            (4, ["111111110101101", "111111111101101", "111111110101101", "111111010000101"]),
            (6, ["000000100101100", "000000101101100", "000000100101100", "000000000000100"]),
            (8, ["100000100101100", "111111111101101", "100000100101100", "100000000000100"]),
            (10, ["000000100101100", "011111111101101", "000000100101100", "000000000000100"]),
        ]
        for (decision, right) in table {
            for (threshold, expected) in zip(thresholds, right) {
                let text = LightGBMSample.document([LightGBMSample.stump(threshold: threshold, decision: decision)])
                let model = try LightGBMSample.model(text)
                let found = values.map { model.margin([$0, 0, 0]) == 1 ? "1" : "0" }.joined()
                #expect(found == expected, "decision \(decision), threshold \(threshold)")
                let plain = values.map { model.reference.margin(of: [$0, 0, 0].span) == 1 ? "1" : "0" }.joined()
                #expect(plain == expected, "decision \(decision), threshold \(threshold), reference")
            }
        }
    }

    @Test func `lines may end in carriage return and line feed`() throws {
        let plain = try LightGBMSample.model()
        let windows = try LightGBMSample.model(LightGBMSample.text.replacing("\n", with: "\r\n"))
        #expect(windows.summary == plain.summary)
        #expect(windows.margin([2, 0, 0]) == plain.margin([2, 0, 0]))
    }

    @Test func `average_output shares the margin among the trees before it becomes a prediction`() throws {
        let text = LightGBMSample.text.replacing("feature_names=", with: "average_output\nfeature_names=")
        let model = try LightGBMSample.model(text)
        let whole = try LightGBMSample.model()
        for row in [[2, .nan, 0], [2, 0, 0], [1, 0, 7]] as [[Double]] {
            // The library's raw margin is the sum.
            let margin = model.margin(row)
            #expect(margin == whole.margin(row))
            #expect(model.prediction(ofMargin: margin) == whole.prediction(ofMargin: margin / 2))
            #expect(model.prediction(ofMargin: margin, ofFirst: 1) == whole.prediction(ofMargin: margin))
            #expect(model.probability(ofMargin: margin) == whole.probability(ofMargin: margin / 2))
        }
        #expect(model.summary.booster == "gbdt")
        #expect(try LightGBMSample.model(text.replacing("[boosting: gbdt]\n", with: "")).summary.booster == "rf")
    }

    /// A tree of one leaf gives its value back: 0 + value.
    @Test func `numbers are those of the C library, to the bit`() throws {
        var rng = SplitMix64(seed: 7)
        var texts = [
            "0", "-0", "5e-324", "4.9406564584124654e-324", "2.2250738585072011e-308", "1.7976931348623157e+308",
            "1.0000000180025095e-35", "9007199254740993", "9007199254740992.5", "18446744073709551615",
            "18446744073709551616", "1e27", "1e-27", "1e28", "9999999999999999999e-27", "9223372036854775807e27",
            "0.50000000000000005551115123125782702118158340454101562", "1844674407370955161.5", "3e22", "3e-23",
            "179769313486231580793", "0.000000000000000000000000001", "1.5e0", "123456789012345678e9",
        ]
        for _ in 0..<1_500 {
            let bits = UInt64.random(in: .min ... .max, using: &rng)
            let magnitude = Double.random(in: -30...30, using: &rng)
            let mantissa = Double(bits >> 11) * 0x1p-53
            texts.append(String(format: "%.17g", (mantissa - 0.5) * pow(10, magnitude)))
            texts.append("\(bits)e\(Int.random(in: -27...27, using: &rng))")
            // Halfway between two Doubles, and a hair beside.
            let odd = (bits | 1 << 63) >> 10 | 1
            texts.append("\(odd)")
            texts.append("\(odd)e-3")
        }
        for start in stride(from: 0, to: texts.count, by: 100) {
            let part = texts[start..<min(start + 100, texts.count)]
            var leaves = LightGBMSample.leaf.replacing("Tree=1", with: "Tree=0")
            leaves = leaves.replacing("leaf_value=-0.060018009726253041", with: "leaf_value=VALUE")
            let trees = part.map { leaves.replacing("VALUE", with: $0) }
            let model = try LightGBMSample.model(LightGBMSample.document(trees))
            let scratch = model.makeScratch()
            let row = [0.0, 0, 0]
            var sum = 0.0
            for (index, text) in part.enumerated() {
                sum += strtod(text, nil)
                let margin = model.margin(ofFirst: index + 1, of: row.span, scratch: scratch)
                guard margin.bitPattern == sum.bitPattern else {
                    Issue.record("\(text): \(margin), \(sum)")
                    return
                }
            }
        }
    }

    @Test func `the summary says what is in the file`() throws {
        let summary = try LightGBMSample.model().summary
        #expect(summary.format == "LightGBM text")
        #expect(summary.dialect == .lightgbm)
        #expect(summary.libraryVersion == "v4")
        #expect(summary.booster == "gbdt")
        #expect(summary.objective.name == "binary")
        #expect(summary.objective.link == .logistic(slope: 1))
        #expect(summary.featureNames == ["amount", "ratio", "code"])
        #expect(summary.featureTypes == ["numeric", "unused", "categorical"])
        #expect(summary.trees == 2 && summary.treesUsed == 2)
        #expect(summary.nodes == 8 && summary.leaves == 5 && summary.maxDepth == 2)
        #expect(summary.splitCounts == [1, 1, 1])
        #expect(summary.categoricalSplits == 1)
        #expect(summary.training.map(\.name) == ["boosting", "objective", "num_leaves"])
        #expect(summary.training.map(\.value) == ["gbdt", "binary", "4"])
    }

    @Test func `what may be left out is not missed`() throws {
        let whole = LightGBMSample.text
        let none = "[binary: none]"
        let spared = [
            ("tree_sizes=480 244\n", ""), ("num_tree_per_iteration=1\n", ""), ("label_index=0\n", ""),
            ("feature_infos=", "monotone_constraints=0 0 0\nfeature_infos="), ("is_linear=0\n", ""),
            ("shrinkage=1\n", ""), ("version=v4", "version=v3"), ("leaf_weight=\nleaf_count=14\n", ""),
            ("num_cat=0\nsplit_feature=\nsplit_gain=\n", "num_cat=0\n"), ("pandas_categorical:null\n", ""),
            ("\nend of parameters\n", none + "\nend of parameters\n"), ("Tree=0\n", "\n\nTree=0\n"),
            ("shrinkage=1\n", "shrinkage=1\nnew_key=1 2\n"),
        ]
        for (old, new) in spared {
            #expect(whole.contains(old), "\(old)")
            #expect(try LightGBMSample.model(whole.replacing(old, with: new)).margin([2, 0, 0]) == -0.760018009726253)
        }
        let bare = try LightGBMSample.model(LightGBMSample.head.replacing("480 244", with: "") + "\nend of trees\n")
        #expect(bare.margin([1, 2, 3]) == 0)
        #expect(bare.summary.booster == "gbdt")
    }

    @Test func `a model of pandas' categories says their order`() throws {
        let text = LightGBMSample.text.replacing("pandas_categorical:null", with: #"pandas_categorical:[["a", "b"]]"#)
        let fact = try #require(try LightGBMSample.model(text).summary.training.last)
        #expect(fact.name == "pandas_categorical" && fact.value == #"[["a", "b"]]"#)
    }

    @Test func `of a parameter too long for a string the length is said`() throws {
        let limit = ModelLimits.standard.stringBytes
        func value(_ bytes: Int) throws -> String? {
            let long = "[num_leaves: \(String(repeating: "9", count: bytes))]"
            let text = LightGBMSample.text.replacing("[num_leaves: 4]", with: long)
            return try LightGBMSample.model(text).summary.training.last?.value
        }
        #expect(try value(limit)?.utf8.count == limit)
        #expect(try value(limit + 1) == "(\(limit + 1) bytes)")
    }

    @Test func `names keep their signs of equality and their letters`() throws {
        let text = LightGBMSample.text.replacing("amount ratio code", with: "a=b=c ratio=0.5 größe")
        #expect(try LightGBMSample.model(text).summary.featureNames == ["a=b=c", "ratio=0.5", "größe"])
    }

    @Test(arguments: [
        ("binary sigmoid:0.5", Objective.Link.logistic(slope: 0.5)), ("binary sigmoid:1e-05", .logistic(slope: 1e-5)),
        ("binary sigmoid:2.5e+06", .logistic(slope: 2.5e6)), ("cross_entropy", .logistic(slope: 1)),
        // The library's reading of this decimal is the Double above the nearest.
        ("binary sigmoid:1.02015", .logistic(slope: 0x1.05288ce703afcp+0)),
        ("binary sigmoid:0.333333", .logistic(slope: 0.333333)),
        ("regression", .identity), ("regression_l1", .identity), ("huber", .identity), ("fair", .identity),
        ("quantile", .identity), ("mape", .identity), ("lambdarank", .identity), ("rank_xendcg", .identity),
    ])
    func `an objective's prediction is the library's`(line: String, link: Objective.Link) throws {
        let text = LightGBMSample.text.replacing("objective=binary sigmoid:1", with: "objective=\(line)")
        let model = try LightGBMSample.model(text)
        #expect(model.summary.objective.link == link)
        #expect(model.summary.objective.name == line.prefix { $0 != " " })
        let margin = -0.76
        let expected =
            switch link {
            case .logistic(let slope): 1 / (1 + exp(-slope * margin))
            default: margin
            }
        #expect(model.prediction(ofMargin: margin) == expected)
    }

    @Test func `a model without an objective predicts its margin`() throws {
        let text = LightGBMSample.text.replacing("objective=binary sigmoid:1\n", with: "")
        let objective = try LightGBMSample.model(text).summary.objective
        #expect(objective.name == "custom" && objective.link == .identity)
    }
}
