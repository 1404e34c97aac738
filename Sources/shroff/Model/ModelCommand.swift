// shroff model: looks at a model, proves it, runs rows through it and explains them, without a service.

import ArgumentParser
import JSON
import Platform
import Scoring
import Trees

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Inspects, verifies, runs and explains models.",
        subcommands: [
            ModelInspectCommand.self, ModelVerifyCommand.self, ModelPredictCommand.self, ModelExplainCommand.self,
        ])
}

/// A trainer's file, alone or in its bundle.
struct ModelFile {
    let trees: TreeModel
    /// nil for a file alone.
    let manifest: BundleManifest?

    /// - Parameter path: A bundle's folder, or a model file, plain or gzipped, or `-`.
    init(path: String, limitToBestIteration: Bool = true) throws {
        var file = path
        if isFolder(path) {
            let manifest = try ScoringModel.readManifest(folder: path)
            self.manifest = manifest
            file = path + "/" + manifest.model.name
        } else {
            manifest = nil
        }
        let bytes = try readInput(file, maximumBytes: ScoringModel.maximumFileBytes)
        do throws(ModelError) {
            trees = try TreeModel(bytes: bytes, limitToBestIteration: limitToBestIteration)
        } catch {
            throw BundleError.model(file: file, error)
        }
        if let manifest, manifest.features.count != trees.summary.featureCount {
            throw BundleError.columnCount(manifest: manifest.features.count, model: trees.summary.featureCount)
        }
    }

    /// Names of the columns in order; empty where nothing says them.
    var columnNames: [String] { manifest?.features ?? trees.summary.featureNames }

    /// The column's name, or its number where it has none.
    func name(ofColumn column: Int) -> String {
        columnNames.isEmpty ? "column \(column)" : columnNames[column]
    }

    /// The rows of a table in the order of the model's columns.
    func rows(_ path: String) throws -> RowTable {
        try RowTable(path: path, columnNames: columnNames, columnCount: trees.summary.featureCount)
    }
}

/// Numbers of a model as they read back to the same bits. The Floats of a library that computes in Float are printed as
/// such: their few digits would be lost among a Double's.
struct ModelNumberWriter {
    let isSingle: Bool

    init(_ summary: ModelSummary) { isSingle = summary.dialect == .xgboost }

    func append(_ value: Double, to bytes: inout [UInt8]) {
        if !value.isFinite {
            bytes.append(contentsOf: "\(value)".utf8)
        } else if isSingle {
            appendShortest(Float(value), to: &bytes)
        } else {
            appendShortest(value, to: &bytes)
        }
    }
}
