// Model bundles written here: a small forest as text in XGBoost's shape, its golden rows with the margins that the model
// itself gives, and the manifest, in a folder that goes when the test ends. A test says what it changes.
import Foundation
import JSON
import Platform
import Trees

@testable import Scoring

/// `x[column] < threshold ? low : high`; a missing value goes low.
struct Stump {
    var column: Int
    var threshold: String
    var low: String
    var high: String

    func text(position: Int, features: Int) -> String {
        """
        {"base_weights":[0,0,0],"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],\
        "default_left":[1,0,0],"id":\(position),"left_children":[1,-1,-1],"loss_changes":[0,0,0],"parents":[0,0,0],\
        "right_children":[2,-1,-1],"split_conditions":[\(threshold),\(low),\(high)],"split_indices":[\(column),0,0],\
        "split_type":[0,0,0],"sum_hessian":[4,3,1],"tree_param":{"num_deleted":"0","num_feature":"\(features)",\
        "num_nodes":"3","size_leaf_vector":"1"}}
        """
    }
}

func modelText(_ stumps: [Stump], features: Int, names: [String] = []) -> String {
    let trees = stumps.enumerated().map { $1.text(position: $0, features: features) }.joined(separator: ",")
    return """
        {"learner":{"attributes":{},"feature_names":\(names),"feature_types":[],"gradient_booster":{"model":{\
        "gbtree_model_param":{"num_parallel_tree":"1","num_trees":"\(stumps.count)"},\
        "iteration_indptr":\(Array(0...stumps.count)),"tree_info":\(stumps.map { _ in 0 }),"trees":[\(trees)]},\
        "name":"gbtree"},"learner_model_param":{"base_score":"[5E-1]","boost_from_average":"1","num_class":"0",\
        "num_feature":"\(features)","num_target":"1"},"objective":{"name":"binary:logistic",\
        "reg_loss_param":{"scale_pos_weight":"1"}}},"version":[3,2,0]}
        """
}

/// A folder that is removed with the last reference to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "shroff-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path).appending(path: name))
    }
}

/// What a bundle holds, file by file.
struct BundleFixture {
    /// Raw margins of −2, 0.5 and 3 by amount; a missing one is −2.
    static let stumps = [
        Stump(column: 0, threshold: "100", low: "-1.5", high: "1"),
        Stump(column: 0, threshold: "1000", low: "-0.5", high: "2"),
    ]
    static let rows: [[Double]] = [[5], [100], [999.5], [1_000], [.nan]]

    var model: String
    var golden: String
    var features: [String]
    var featuresDigest: String
    /// Replaces parts of the manifest.
    var manifestChanges: [(from: String, to: String)] = []
    /// Changes after the digests were taken.
    var modelAfterDigest: String?
    var goldenAfterDigest: String?
    var withoutFile: String?

    init(
        plan: ScoringPlan, features: [String] = ["amount"], stumps: [Stump] = stumps, rows: [[Double]] = rows
    ) throws {
        self.features = features
        model = modelText(stumps, features: features.count)
        featuresDigest = plan.definitionDigest(of: features)?.hexadecimal ?? String(repeating: "0", count: 64)
        let trees = try TreeModel(bytes: Array(model.utf8))
        let scratch = trees.makeScratch()
        golden = (features + ["margin"]).joined(separator: ",") + "\n"
        for row in rows {
            let cells = row.map { $0.isNaN ? "" : "\($0)" }
            golden += (cells + ["\(trees.margin(of: row.span, scratch: scratch))"]).joined(separator: ",") + "\n"
        }
    }

    var manifest: String {
        var text = """
            name: test
            version: v1
            model: { file: model.json, sha256: \(SHA256.hash(model).hexadecimal) }
            golden: { file: golden.csv, sha256: \(SHA256.hash(golden).hexadecimal) }
            missing: nan
            features:
              digest: \(featuresDigest)
              order: [\(features.joined(separator: ", "))]
            calibration:
              legitimate_kept: 0.1
              isotonic: [[0.0, 0.0], [0.5, 0.25], [1.0, 1.0]]
            score_anchors: [[-2, 1.0], [0, 0.1], [1, 0.01], [3, 0.001]]
            quality: { average_precision: 0.7 }
            training: { rows: 1000 }

            """
        for change in manifestChanges { text = text.replacing(change.from, with: change.to) }
        return text
    }

    func write() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let files = [
            ("bundle.yaml", manifest), ("model.json", modelAfterDigest ?? model),
            ("golden.csv", goldenAfterDigest ?? golden),
        ]
        for (name, text) in files where name != withoutFile { try folder.write(name, text) }
        return folder
    }

    func load() throws -> ScoringModel {
        let folder = try write()
        return try withExtendedLifetime(folder) { try ScoringModel(folder: folder.path) }
    }
}
