// shroff model explain: which features made the margin of a row what it is, as a waterfall for people or a table for
// programs.

import ArgumentParser
import JSON
import Scoring
import Trees

struct ModelExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows how the features of a row add up to its margin.",
        discussion: """
            The contributions are exact Shapley values (path-dependent TreeSHAP) in units of the margin, log-odds for a \
            classifier; with --fast they are those of the path attribution. They and the bias add up to the margin. \
            Rows are read as by model predict. Example:
              shroff model explain config/models/default/2026-11-20 rows.csv --row 17
            """)

    static let defaultTop = 12

    @Argument(help: ArgumentHelp("A bundle's folder, or a model file.", valueName: "bundle|file"))
    var path: String

    @Argument(help: ArgumentHelp("The rows; .gz is read, - is standard input.", valueName: "rows.csv"))
    var rows: String

    @Option(help: ArgumentHelp("Which row, counted from 1 (default: 1).", valueName: "number"))
    var row: Int?

    @Option(help: ArgumentHelp("Features that are shown one by one.", valueName: "count"))
    var top = Self.defaultTop

    @Flag(help: "Explains by the path attribution: cheaper, exact in its sum, but not fair between features.")
    var fast = false

    @Flag(
        help: """
            Prints all rows instead, one a line: a contribution a column and the bias last, separated by tabs, in the \
            fewest digits that read back to the same bits.
            """)
    var table = false

    @Flag(help: "Adds all trees, also those behind early stopping's best iteration.")
    var allTrees = false

    mutating func validate() throws {
        if let row, row < 1 { throw ValidationError("--row counts from 1") }
        if top < 1 { throw ValidationError("--top must be at least 1") }
        if table, row != nil { throw ValidationError("--table prints all rows; leave --row out") }
    }

    mutating func run() throws {
        let model = try ModelFile(path: path, limitToBestIteration: !allTrees)
        guard fast || model.trees.canComputeShapleyValues else {
            throw CommandFailure("this model has too many features on one path for exact values; use --fast")
        }
        var rows = try model.rows(rows)
        if table { return try printTable(model, &rows) }
        let wanted = self.row ?? 1
        var row: [Double] = []
        for number in 1...wanted where try !rows.next(into: &row) {
            throw CommandFailure("there is no row \(wanted): \(self.rows) has \(number - 1)")
        }
        var contributions: [Double] = []
        let margin = explain(model, row, into: &contributions, model.trees.makeScratch())
        let method: ExplanationMethod = fast ? .path : .treeSHAP
        var text = "row \(wanted), \(method.rawValue)\n"
        text += waterfall(model, row, contributions, margin: margin).rendered()
        text += readout(model, margin: margin)
        try Output.report(text)
    }

    private func explain(
        _ model: ModelFile, _ row: [Double], into contributions: inout [Double], _ scratch: TreeModel.Scratch
    ) -> Double {
        fast
            ? model.trees.pathAttribution(of: row.span, into: &contributions, scratch: scratch)
            : model.trees.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
    }

    private func printTable(_ model: ModelFile, _ rows: inout RowTable) throws {
        let messages = Messages()
        let output = try Output(path: Output.standard)
        let scratch = model.trees.makeScratch()
        var row: [Double] = []
        var contributions: [Double] = []
        var count = 0
        while try rows.next(into: &row) {
            _ = explain(model, row, into: &contributions, scratch)
            for (column, contribution) in contributions.enumerated() {
                if column > 0 { output.bytes.append(UInt8(ascii: "\t")) }
                appendShortest(contribution, to: &output.bytes)
            }
            output.bytes.append(UInt8(ascii: "\n"))
            try output.flushIfFull()
            count += 1
            if count & 0xFF == 0 { messages.progress { "\(grouped(count)) rows" } }
        }
        try output.flush()
    }

    /// The bias, the features that moved the margin most, the others together, and the margin.
    private func waterfall(
        _ model: ModelFile, _ row: [Double], _ contributions: [Double], margin: Double
    ) -> Waterfall {
        let bias = contributions[contributions.count - 1]
        var waterfall = Waterfall(start: bias)
        let moving = contributions.indices.dropLast().filter { contributions[$0] != 0 }
            .sorted { (abs(contributions[$0]), $1) > (abs(contributions[$1]), $0) }
        for column in moving.prefix(top) {
            let value = row[column].isNaN ? "missing" : Self.text(row[column])
            waterfall.add("\(model.name(ofColumn: column)) = \(value)", contributions[column])
        }
        let others = moving.dropFirst(top)
        if !others.isEmpty {
            waterfall.add("\(others.count) others", others.reduce(0) { $0 + contributions[$1] })
        }
        waterfall.end("margin", margin)
        return waterfall
    }

    private func readout(_ model: ModelFile, margin: Double) -> String {
        let probability = model.trees.probability(ofMargin: margin)
        var text = "probability \(Self.text(probability)), as the model has it\n"
        if let readout = model.manifest?.readout {
            let calibrated = readout.calibration.probability(ofModel: probability)
            text += "probability \(Self.text(calibrated)), calibrated; score \(readout.scale.score(ofMargin: margin))\n"
        }
        return text
    }

    private static func text(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        var bytes: [UInt8] = []
        appendShortest(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Steps from a start to an end, each as a bar that begins where the one before it ended.
struct Waterfall {
    static let barWidth = 40
    private static let decimals = 4

    private var steps: [(label: String, from: Double, to: Double, isTotal: Bool)]
    private var level: Double

    init(start: Double) {
        steps = [("bias", 0, start, true)]
        level = start
    }

    mutating func add(_ label: String, _ change: Double) {
        steps.append((label, level, level + change, false))
        level += change
    }

    mutating func end(_ label: String, _ value: Double) { steps.append((label, 0, value, true)) }

    func rendered() -> String {
        // Totals are marks, not bars from zero, so that the axis shows the changes large.
        let levels = steps.map(\.to)
        let low = levels.min() ?? 0
        let span = max((levels.max() ?? 0) - low, .leastNormalMagnitude)
        func place(_ value: Double) -> Int { Int(((value - low) / span * Double(Self.barWidth - 1)).rounded()) }
        let labelWidth = steps.map(\.label.count).max() ?? 0
        var text = ""
        for step in steps {
            let change = step.isTotal ? "" : Self.signed(step.to - step.from)
            let ends = step.isTotal ? [place(step.to), place(step.to)] : [place(step.from), place(step.to)].sorted()
            let sign: Character = step.isTotal ? "|" : step.to >= step.from ? "+" : "-"
            let bar = String(repeating: " ", count: ends[0]) + String(repeating: sign, count: ends[1] - ends[0] + 1)
            text += step.label + String(repeating: " ", count: labelWidth - step.label.count)
            text += Self.right(change, 12) + Self.right(fixed(step.to, Self.decimals), 12) + "  " + bar + "\n"
        }
        return text
    }

    private static func signed(_ value: Double) -> String { (value < 0 ? "" : "+") + fixed(value, decimals) }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}
