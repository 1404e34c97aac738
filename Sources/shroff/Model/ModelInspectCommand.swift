// shroff model inspect: what a model is, as its file, its bundle and this machine say.

import Aggregates
import ArgumentParser
import HTTP
import Scoring
import Trees

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
        Self.addCosts(of: model.trees, to: &table)
        let summary = model.trees.summary
        let splits = summary.splitCounts.reduce(0, +)
        for column in 0..<summary.featureCount {
            let name = model.name(ofColumn: column)
            let count = summary.splitCounts[column]
            let share = splits == 0 ? 0 : 100 * Double(count) / Double(splits)
            table.add(column == 0 ? "features" : "", "\(name): \(count) splits, \(fixed(share, 1)) %")
        }
        try Output.report(table.rendered())
    }

    private static func add(_ summary: ModelSummary, to table: inout FactTable) {
        let version = summary.libraryVersion.isEmpty ? "" : ", written by version \(summary.libraryVersion)"
        table.add("format", summary.format + version)
        table.add("objective", "\(summary.objective.name), \(summary.booster)")
        let used = summary.treesUsed == summary.trees ? "" : ", \(summary.treesUsed) used"
        table.add("trees", "\(grouped(summary.trees))\(used)")
        if let best = summary.bestIteration { table.add("best iteration", "\(best)") }
        table.add("depth", "\(summary.maxDepth)")
        table.add("nodes", "\(grouped(summary.nodes)), of which \(grouped(summary.leaves)) are leaves")
        if summary.categoricalSplits > 0 { table.add("categorical", "\(grouped(summary.categoricalSplits)) splits") }
        table.add("base score", "\(summary.baseScore), margin \(summary.baseMargin)")
        table.add("in memory", "\(grouped(summary.compiledBytes)) bytes, compiled as \(summary.engine.rawValue)")
        table.add("columns", "\(summary.featureCount)")
        table.add("written down", lines: summary.training.map { "\($0.name): \($0.value)" })
    }

    private static func add(_ manifest: BundleManifest, to table: inout FactTable) {
        table.add("name", manifest.name)
        table.add("version", manifest.version)
        table.add("file", "\(manifest.model.name), SHA-256 \(manifest.model.digest)")
        table.add("golden rows", "\(manifest.golden.name), SHA-256 \(manifest.golden.digest)")
        table.add("definitions", "SHA-256 \(manifest.featuresDigest)")
        table.add("legitimate", "\(manifest.readout.calibration.legitimateKept) kept in training")
        table.add("isotonic", "\(manifest.readout.calibration.isotonic?.x.count ?? 0) points")
        if !manifest.truncated.isEmpty {
            let counts = manifest.truncated.map { grouped($0.trees) }.joined(separator: ", ")
            table.add("truncated", "calibrated for the first \(counts) trees too")
        }
        table.add("training", lines: manifest.training.map { "\($0.fact): \($0.value)" })
        table.add("quality", lines: manifest.quality.map { "\($0.metric): \($0.value)" })
    }

    /// What one row takes here: rows of mixed values, since a file alone has none of its own.
    private static func addCosts(of trees: TreeModel, to table: inout FactTable) {
        let rows = (0..<64).map { row in
            (0..<trees.summary.featureCount).map { column in
                let draw = stableHash(UInt64(row * 65_537 + column)) >> 40
                return draw % 16 == 0 ? Double.nan : Double(draw % 1_000)
            }
        }
        let clock = { MonotonicClock.nanoseconds() }
        let margin = MeasuredCost(of: trees, rows: rows, nanoseconds: clock)
        table.add("one score", "\(fixed(Double(margin.medianNanoseconds) / 1_000, 1)) µs here, in the median")
        guard let exact = MeasuredCost(ofExplaining: trees, rows: Array(rows.prefix(8)), nanoseconds: clock) else {
            return table.add("one explanation", "path attribution only: no exact one for so many features on a path")
        }
        table.add("one explanation", "\(fixed(Double(exact.medianNanoseconds) / 1_000, 1)) µs here, exact")
    }
}
