// shroff model: looks at a model, proves it, and runs rows through it, without a service.

import ArgumentParser
import JSON
import Platform
import Scoring
import Service
import Trees

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Inspects, verifies and runs models.",
        subcommands: [ModelInspectCommand.self, ModelVerifyCommand.self, ModelPredictCommand.self])
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
}

struct ModelInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Prints what a model is: format, trees, features, quality.",
        discussion: """
            Example:
              shroff model inspect config/models/default/2026-11-20
            """)

    @Argument(help: ArgumentHelp("A bundle's folder, or a model file.", valueName: "bundle|file"))
    var path: String

    mutating func run() throws {
        let model = try ModelFile(path: path)
        var table = FactTable()
        Self.add(model.trees.summary, to: &table)
        if let manifest = model.manifest { Self.add(manifest, to: &table) }
        let summary = model.trees.summary
        let splits = summary.splitCounts.reduce(0, +)
        for column in 0..<summary.featureCount {
            let name = model.columnNames.isEmpty ? "column \(column)" : model.columnNames[column]
            let count = summary.splitCounts[column]
            let share = splits == 0 ? 0 : 100 * Double(count) / Double(splits)
            table.add(column == 0 ? "features" : "", "\(name): \(count) splits, \(fixed(share, 1)) %")
        }
        try Output.report(table.rendered())
    }

    private static func add(_ summary: ModelSummary, to table: inout FactTable) {
        let version = summary.libraryVersion.isEmpty ? "" : ", written by version \(summary.libraryVersion)"
        table.add("format", summary.format + version)
        table.add("objective", "\(summary.objective), \(summary.booster)")
        let used = summary.treesUsed == summary.trees ? "" : ", \(summary.treesUsed) used"
        table.add("trees", "\(grouped(summary.trees))\(used)")
        if let best = summary.bestIteration { table.add("best iteration", "\(best)") }
        table.add("depth", "\(summary.maxDepth)")
        table.add("nodes", "\(grouped(summary.nodes)), of which \(grouped(summary.leaves)) are leaves")
        if summary.categoricalSplits > 0 { table.add("categorical", "\(grouped(summary.categoricalSplits)) splits") }
        table.add("base score", "\(summary.baseScore), margin \(summary.baseMargin)")
        table.add("in memory", "\(grouped(summary.compiledBytes)) bytes, \(summary.engine.rawValue)")
        table.add("columns", "\(summary.featureCount)")
    }

    private static func add(_ manifest: BundleManifest, to table: inout FactTable) {
        table.add("name", manifest.name)
        table.add("version", manifest.version)
        table.add("file", "\(manifest.model.name), SHA-256 \(manifest.model.digest)")
        table.add("golden rows", "\(manifest.golden.name), SHA-256 \(manifest.golden.digest)")
        table.add("definitions", "SHA-256 \(manifest.featuresDigest)")
        table.add("legitimate", "\(manifest.calibration.legitimateKept) kept in training")
        table.add("isotonic", "\(manifest.calibration.isotonic?.x.count ?? 0) points")
        table.add("training", lines: manifest.training.map { "\($0.fact): \($0.value)" })
        table.add("quality", lines: manifest.quality.map { "\($0.metric): \($0.value)" })
    }
}

struct ModelVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Proves a bundle as the service does before it serves it.",
        discussion: """
            Checks the files' digests, reproduces every golden row to the last bit, and holds the model's features \
            against the definitions that the configuration serves, where there is one. Exits 1 when it is refused. \
            Example:
              shroff model verify config/models/default/2026-11-20
            """)

    @Argument(help: ArgumentHelp("The bundle's folder.", valueName: "bundle"))
    var path: String

    @Option(
        name: [.customLong("config"), .customShort("c")],
        help: ArgumentHelp(
            "The configuration whose features it is held against (default: \(ConfigurationOptions.defaultFile), "
                + "where it is there).", valueName: "file"))
    var file: String?

    mutating func run() throws {
        guard exists(path + "/" + BundleManifest.fileName) else {
            throw CommandFailure("\(path) is no bundle: there is no \(BundleManifest.fileName) in it")
        }
        let plan = try plan()
        do throws(BundleError) {
            let model = try ScoringModel(folder: path)
            try say("OK  \(model.manifest.model.name) and \(model.manifest.golden.name) are those of training")
            try say("OK  every golden row has the trainer's margin, to the last bit")
            guard let plan else { return try say("--  no configuration: the features were not compared") }
            try model.validate(for: plan)
            try say("OK  its \(model.manifest.features.count) features are defined as in training")
        } catch {
            try Output.report("REFUSED  \(error)\n")
            throw ExitCode.foundWanting
        }
    }

    private func say(_ line: String) throws(BundleError) {
        do throws(OutputError) {
            try Output.report(line + "\n")
        } catch {
            Messages().say("shroff: \(error)")
        }
    }

    private func plan() throws -> ScoringPlan? {
        guard file != nil || exists(ConfigurationOptions.defaultFile) else { return nil }
        var options = ConfigurationOptions()
        options.file = file ?? ConfigurationOptions.defaultFile
        return try ScoringPlan(of: try options.load())
    }
}

struct ModelPredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Prints raw margin and probability of each row of a table.",
        discussion: """
            Columns go by name where the table has a header and the model knows its features (other columns are left \
            out), by position otherwise. An empty cell, nan and null are missing. A line of output is the margin, a \
            tab, and the model's own probability, before calibration, in the fewest digits that read back to the same \
            bits. Example:
              shroff model predict config/models/default/2026-11-20 rows.csv
            """)

    @Argument(help: ArgumentHelp("A bundle's folder, or a model file.", valueName: "bundle|file"))
    var path: String

    @Argument(help: ArgumentHelp("The rows; .gz is read, - is standard input.", valueName: "rows.csv"))
    var rows: String

    @Flag(help: "Adds all trees, also those behind early stopping's best iteration.")
    var allTrees = false

    mutating func run() throws {
        let messages = Messages()
        let model = try ModelFile(path: path, limitToBestIteration: !allTrees)
        var table = try RowTable(
            path: rows, columnNames: model.columnNames, columnCount: model.trees.summary.featureCount)
        let output = try Output(path: Output.standard)
        let scratch = model.trees.makeScratch()
        // XGBoost's numbers are Floats; their few digits are lost when they are printed as doubles.
        let isFloat = model.trees.summary.format.hasPrefix("XGBoost")
        var row: [Double] = []
        var count = 0
        while try table.next(into: &row) {
            let margin = model.trees.margin(of: row.span, scratch: scratch)
            Self.append(margin, isFloat: isFloat, to: &output.bytes)
            output.bytes.append(UInt8(ascii: "\t"))
            Self.append(model.trees.probability(ofMargin: margin), isFloat: isFloat, to: &output.bytes)
            output.bytes.append(UInt8(ascii: "\n"))
            try output.flushIfFull()
            count += 1
            if count & 0xFFF == 0 { messages.progress { "\(grouped(count)) rows" } }
        }
        try output.flush()
    }

    private static func append(_ value: Double, isFloat: Bool, to bytes: inout [UInt8]) {
        if !value.isFinite {
            bytes.append(contentsOf: "\(value)".utf8)
        } else if isFloat {
            appendShortest(Float(value), to: &bytes)
        } else {
            appendShortest(value, to: &bytes)
        }
    }
}
