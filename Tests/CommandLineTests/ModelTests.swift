import Foundation
import Testing

@Suite struct ModelTests {
    /// One tree: amount below 10.5 gives -1.5, above 0.25; missing goes right.
    private static func model(names: [String] = ["amount", "card_count_1h"]) -> String {
        let quoted = names.map { "\"\($0)\"" }.joined(separator: ",")
        let types = names.map { _ in "\"float\"" }.joined(separator: ",")
        return """
            {"learner":{"attributes":{},"feature_names":[\(quoted)],"feature_types":[\(types)],"gradient_booster":{
            "model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"1"},"iteration_indptr":[0,1],
            "tree_info":[0],"trees":[{"base_weights":[0,-1.5,0.25],"categories":[],"categories_nodes":[],
            "categories_segments":[],"categories_sizes":[],"default_left":[0,0,0],"id":0,"left_children":[1,-1,-1],
            "loss_changes":[1,0,0],"parents":[2147483647,0,0],"right_children":[2,-1,-1],
            "split_conditions":[10.5,-1.5,0.25],"split_indices":[0,0,0],"split_type":[0,0,0],"sum_hessian":[4,2,2],
            "tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"3","size_leaf_vector":"1"}}]},
            "name":"gbtree"},"learner_model_param":{"base_score":"5E-1","boost_from_average":"1","num_class":"0",
            "num_feature":"2","num_target":"1"},"objective":{"name":"binary:logistic",
            "reg_loss_param":{"scale_pos_weight":"1"}}},"version":[3,2,0]}
            """
    }

    @Test func `inspect tells trees, features and their splits`() throws {
        let fixture = try Fixture()
        try fixture.write("model.json", Self.model())
        let run = try fixture.run(["model", "inspect", "model.json"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.text.contains("XGBoost JSON, written by version 3.2.0"))
        #expect(run.text.contains("amount: 1 splits, 100.0 %"))
        #expect(run.text.contains("card_count_1h: 0 splits"))
    }

    @Test(arguments: [
        ("amount,card_count_1h\n9,1\n11,1\n,2\nnan,3\nNaN,4\nnull,5\n", 6),
        ("card_count_1h,note,amount\n1,a,9\n1,b,11\n2,c,\n3,d,nan\n4,e,NaN\n5,f,null\n", 6),
        ("9,1\n11,1\n,2\nnan,3\nNaN,4\nnull,5\n", 6),
    ])
    func `rows are predicted by name with a header and by place without`(table: String, count: Int) throws {
        let fixture = try Fixture()
        try fixture.write("model.json", Self.model())
        let run = try fixture.run(["model", "predict", "model.json", "-"], input: Array(table.utf8))
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.lines == ["-1.5\t0.18242553"] + [Substring](repeating: "0.25\t0.5621765", count: count - 1))
    }

    @Test func `explain shows how the features add up to the margin`() throws {
        let fixture = try Fixture()
        try fixture.write("model.json", Self.model())
        let table = "amount,card_count_1h\n9,1\n,2\n"
        let run = try fixture.run(["model", "explain", "model.json", "-", "--row", "2"], input: Array(table.utf8))
        #expect(run.code == 0, "\(run.errors)")
        // Both leaves have half of the training rows: the bias is their mean, -0.625.
        #expect(run.lines.first == "row 2, tree_shap")
        #expect(run.text.contains("amount = missing     +0.8750      0.2500"), "\(run.text)")
        #expect(run.text.contains("bias") && run.text.contains("-0.6250"))
        #expect(run.text.contains("probability 0.56217"))
        #expect(!run.text.contains("card_count_1h"))
        let fast = try fixture.run(["model", "explain", "model.json", "-", "--fast"], input: Array(table.utf8))
        #expect(fast.lines.first == "row 1, path_attribution" && fast.text.contains("amount = 9"))
    }

    @Test func `explain prints a table for programs, the bias last`() throws {
        let fixture = try Fixture()
        try fixture.write("model.json", Self.model())
        for method in [[], ["--fast"]] {
            let run = try fixture.run(
                ["model", "explain", "model.json", "-", "--table"] + method, input: Array("9,1\n11,1\n".utf8))
            let rows = run.lines.map { $0.split(separator: "\t").compactMap { Double($0) } }
            #expect(rows.count == 2 && rows.allSatisfy { $0.count == 3 }, "\(run.text) \(run.errors)")
            for (row, moved) in zip(rows, [-0.875, 0.875]) {
                #expect(abs(row[0] - moved) < 1e-12 && row[1] == 0 && abs(row[2] + 0.625) < 1e-12, "\(row)")
            }
        }
    }

    @Test(arguments: [
        (["--row", "3"], "there is no row 3"), (["--row", "0"], "counts from 1"), (["--top", "0"], "at least 1"),
        (["--table", "--row", "1"], "--table prints all rows"),
    ])
    func `an explanation that can't be had exits 2 and says why`(options: [String], message: String) throws {
        let fixture = try Fixture()
        try fixture.write("model.json", Self.model())
        let run = try fixture.run(["model", "explain", "model.json", "-"] + options, input: Array("9,1\n8,1\n".utf8))
        #expect(run.code == 2 && run.errors.contains(message), "\(run.code) \(run.errors)")
    }

    @Test func `columns named by numbers are a header where they are the model's own`() throws {
        let fixture = try Fixture()
        try fixture.write("model.json", Self.model(names: ["0", "1"]))
        let run = try fixture.run(["model", "predict", "model.json", "-"], input: Array("0,1\n9,1\n".utf8))
        #expect(run.lines == ["-1.5\t0.18242553"])
    }

    @Test(arguments: [
        ("amount,x\n1,2\n", "lacks the model's column card_count_1h"), ("1,2\n1\n", "-:2: has 1 cells"),
        ("1,2\n1,x\n", "-:2: cell 2: x is no number"), ("1,2,3\n", "-:1: has 3 cells"), ("", "is empty"),
        ("1,\"2\n", "-:1: cell 2 opens a quote"),
    ])
    func `a wrong table exits 2 and says where`(table: String, message: String) throws {
        let fixture = try Fixture()
        try fixture.write("model.json", Self.model())
        let run = try fixture.run(["model", "predict", "model.json", "-"], input: Array(table.utf8))
        #expect(run.code == 2)
        #expect(run.errors.contains(message), "\(run.errors)")
    }

    @Test func `a row with a slip is no header where the model has no names`() throws {
        let fixture = try Fixture()
        try fixture.write("model.json", Self.model(names: []))
        let slip = try fixture.run(["model", "predict", "model.json", "-"], input: Array("1,2x\n".utf8))
        #expect(slip.code == 2)
        let header = try fixture.run(["model", "predict", "model.json", "-"], input: Array("a,b\n1,2\n".utf8))
        #expect(header.lines == ["-1.5\t0.18242553"])
    }

    @Test func `verify proves a bundle and says what is wrong with one`() throws {
        let fixture = try Fixture()
        let digest = try fixture.featureDigest(["amount", "card_count_1h"])
        try fixture.writeBundle(model: Self.model(), golden: "9,1,-1.5\n,2,0.25\n", digest: digest)
        let sound = try fixture.run(["model", "verify", "bundle"])
        #expect(sound.code == 0, "\(sound.text)\(sound.errors)")
        #expect(sound.lines.count == 3)
        #expect(sound.lines.allSatisfy { $0.hasPrefix("OK  ") })
        let inspected = try fixture.run(["model", "inspect", "bundle"])
        #expect(inspected.text.contains("average_precision: 0.5"))
        let predicted = try fixture.run(["model", "predict", "bundle", "-"], input: Array("9,1\n".utf8))
        #expect(predicted.text == "-1.5\t0.18242553\n")

        try fixture.write("config/shroff.yaml", "scoring: { model: ../bundle, budget: 5s, shed_after: 1h }\n")
        #expect(try fixture.run(["config", "check"]).code == 0)

        try fixture.writeBundle(model: Self.model(), golden: "9,1,-1.25\n", digest: digest)
        let golden = try fixture.run(["model", "verify", "bundle"])
        #expect(golden.code == 1)
        #expect(golden.text.contains("REFUSED  golden row on line 2: the trainer says margin -1.25"))
        let check = try fixture.run(["config", "check", "--json"])
        #expect(check.code == 1)
        #expect(check.text.contains(#""state":"refused""#))

        try fixture.writeBundle(model: Self.model(), golden: "9,1,-1.5\n", digest: String(repeating: "0", count: 64))
        #expect(try fixture.run(["model", "verify", "bundle"]).code == 1)
        try fixture.write("bundle/model.json", "{}")
        #expect(try fixture.run(["model", "verify", "bundle"]).text.contains("the file was changed after training"))
    }

    @Test(
        .enabled(if: Fixture.sharedData != nil, "needs shared/data beside the checkout"))
    func `predictions have the library's bits`() throws {
        let data = try #require(Fixture.sharedData).appendingPathComponent("trees")
        let fixture = try Fixture()
        let rows = try Data(contentsOf: data.appendingPathComponent("xgb_100_d6.rows.f32")).withUnsafeBytes {
            Array($0.bindMemory(to: Float.self))
        }
        let expected = try Data(contentsOf: data.appendingPathComponent("xgb_100_d6.expected.f64")).withUnsafeBytes {
            Array($0.bindMemory(to: Double.self))
        }
        let columns = 30
        var table = ""
        for start in stride(from: 0, to: rows.count, by: columns) {
            let cells = rows[start..<(start + columns)].map { $0.isNaN ? "" : "\($0)" }
            table += cells.joined(separator: ",") + "\n"
        }
        try fixture.write("rows.csv", table)
        let model = data.appendingPathComponent("xgb_100_d6.json.gz").path
        let run = try fixture.run(["model", "predict", model, "rows.csv"])
        #expect(run.code == 0, "\(run.errors)")
        let found = run.lines.flatMap { $0.split(separator: "\t").compactMap { Float($0) } }
        #expect(found.map { Double($0).bitPattern } == expected.map(\.bitPattern))
    }
}

extension Fixture {
    func featureDigest(_ names: [String]) throws -> String {
        let features = Self.features.split(separator: "\n").filter { line in
            !line.hasPrefix("  - ") || names.contains { line.hasPrefix("  - \($0):") }
        }
        let shipped = try read("config/features.yaml")
        try write("config/features.yaml", features.joined(separator: "\n") + "\n")
        let run = try run(["config", "check", "--json"])
        try Data(shipped).write(to: url("config/features.yaml"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output)) as? [String: Any])
        let check = try #require(object["features"] as? [String: Any])
        #expect(check["names"] as? [String] == names)
        return try #require(check["digest"] as? String)
    }

    func writeBundle(model: String, golden: String, digest: String) throws {
        try FileManager.default.createDirectory(at: url("bundle"), withIntermediateDirectories: true)
        try write("bundle/model.json", model)
        try write("bundle/golden.csv", "amount,card_count_1h,margin\n" + golden)
        try write(
            "bundle/bundle.yaml",
            """
            name: tiny
            version: "1"
            model: { file: model.json, sha256: \(try sha256("bundle/model.json")) }
            golden: { file: golden.csv, sha256: \(try sha256("bundle/golden.csv")) }
            features: { digest: \(digest), order: [amount, card_count_1h] }
            calibration: { legitimate_kept: 1 }
            score_anchors: [[-2, 1], [2, 0.001]]
            quality: { average_precision: 0.5 }

            """)
    }

    private func sha256(_ path: String) throws -> String {
        try #require(try shell("sha256sum \(path) | cut -d' ' -f1 > digest") == 0)
        return String(decoding: try read("digest"), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
