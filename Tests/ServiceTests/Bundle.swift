// Makes a model's bundle: an XGBoost document of a few stumps, golden rows with the margins that the stumps give by
// hand, and a manifest with the right digests. A test says what is wrong with it.
import Platform
import Scoring

@testable import Service

/// `x[column] < threshold ? low : high`; numbers are such that sums of them are exact.
struct Stump {
    var column: Int
    var threshold: Float
    var low: Float
    var high: Float
    /// Where a missing value goes.
    var missingIsLow = true

    func value(_ row: [Double]) -> Float {
        let x = Float(row[column])
        return (x.isNaN ? missingIsLow : x < threshold) ? low : high
    }

    func document(_ id: Int, columns: Int) -> String {
        """
        {"base_weights":[0,0,0],"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],\
        "default_left":[\(missingIsLow ? 1 : 0),0,0],"id":\(id),"left_children":[1,-1,-1],"loss_changes":[1,0,0],\
        "parents":[2147483647,0,0],"right_children":[2,-1,-1],"split_conditions":[\(threshold),\(low),\(high)],\
        "split_indices":[\(column),0,0],"split_type":[0,0,0],"sum_hessian":[4,3,1],\
        "tree_param":{"num_deleted":"0","num_feature":"\(columns)","num_nodes":"3","size_leaf_vector":"1"}}
        """
    }
}

struct TestBundle {
    var version = "2026-06-01"
    var features = ["amount", "card_count_1h"]
    var stumps = [
        Stump(column: 0, threshold: 500, low: -2, high: 0.5), Stump(column: 1, threshold: 2.5, low: -1, high: 1.25),
        Stump(column: 0, threshold: 20, low: 0.25, high: -0.25),
    ]
    var rows: [[Double]] = [[12.99, 1], [600, 1], [12.99, 3], [.nan, 7], [1_000_000, .nan]]
    /// The trainer's margins are shifted by this.
    var goldenShift = 0.0
    /// Trees of the shorter ensembles that it is calibrated for.
    var truncated: [Int] = []
    /// Instead of the digest of the features in service.
    var definitions: String?
    /// What is done to the document before its digest is taken.
    var breakDocument: (inout String) -> Void = { _ in }
    /// What is done to the files after their digests were taken.
    var spoil: (inout String) -> Void = { _ in }
    var spoilGolden: (inout String) -> Void = { _ in }

    func margin(_ row: [Double]) -> Float { stumps.reduce(0) { $0 + $1.value(row) } }

    private var document: String {
        let trees = stumps.enumerated().map { $1.document($0, columns: features.count) }.joined(separator: ",")
        return """
            {"learner":{"attributes":{},"feature_names":[],"feature_types":[],"gradient_booster":{"model":{\
            "gbtree_model_param":{"num_parallel_tree":"1","num_trees":"\(stumps.count)"},\
            "iteration_indptr":\(Array(0...stumps.count)),"tree_info":\(stumps.map { _ in 0 }),"trees":[\(trees)]},\
            "name":"gbtree"},"learner_model_param":{"base_score":"[5E-1]","boost_from_average":"1","num_class":"0",\
            "num_feature":"\(features.count)","num_target":"1"},"objective":{"name":"binary:logistic",\
            "reg_loss_param":{"scale_pos_weight":"1"}}},"version":[3,2,0]}
            """
    }

    private var golden: String {
        let header = (features + ["margin"]).joined(separator: ",")
        let lines = rows.map { row in
            (row.map { $0.isNaN ? "" : "\($0)" } + ["\(Double(margin(row)) + goldenShift)"]).joined(separator: ",")
        }
        return ([header] + lines).joined(separator: "\n") + "\n"
    }

    private static func ensemble(_ trees: Int) -> String {
        "{ trees: \(trees), calibration: { legitimate_kept: 0.1 }, score_anchors: [[-4, 1.0], [4, 0.01]] }"
    }

    /// Writes the bundle below a configuration's folder, for the features that stand there.
    func write(into configuration: TestConfiguration, as name: String = "models/test") throws {
        let plan = try Assembly.plan(of: try configuration.load())
        let definitions = definitions ?? plan.definitionDigest(of: features)?.hexadecimal ?? ""
        var (document, golden) = (document, golden)
        breakDocument(&document)
        let manifest = """
            name: test
            version: "\(version)"
            model: { file: model.json, sha256: \(SHA256.hash(document).hexadecimal) }
            golden: { file: golden.csv, sha256: \(SHA256.hash(golden).hexadecimal) }
            missing: nan
            features:
              digest: \(definitions)
              order: [\(features.joined(separator: ", "))]
            calibration: { legitimate_kept: 0.1 }
            score_anchors: [[-4, 1.0], [-1, 0.1], [1, 0.01], [4, 0.001]]
            quality: { average_precision: 0.75, note: by hand }
            truncated: [\(truncated.map(Self.ensemble).joined(separator: ", "))]
            """
        spoil(&document)
        spoilGolden(&golden)
        try configuration.folder.write("config/\(name)/model.json", document)
        try configuration.folder.write("config/\(name)/golden.csv", golden)
        try configuration.folder.write("config/\(name)/bundle.yaml", manifest)
    }
}
