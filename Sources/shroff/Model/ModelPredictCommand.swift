// shroff model predict: raw margin and prediction of every row of a table.

import ArgumentParser
import Trees

struct ModelPredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Prints raw margin and probability of each row of a table.",
        discussion: """
            Columns go by name where the table has a header and the model knows its features (other columns are left \
            out), by position otherwise. An empty cell, nan and null are missing. A line of output is the margin, a \
            tab, and the library's own prediction, before calibration (a probability; for rankings, regressions and \
            binary:logitraw the margin again), in the fewest digits that read back to the same bits. Example:
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
        var table = try model.rows(rows)
        let output = try Output(path: Output.standard)
        let scratch = model.trees.makeScratch()
        let writer = ModelNumberWriter(model.trees.summary)
        var row: [Double] = []
        var count = 0
        while try table.next(into: &row) {
            let margin = model.trees.margin(of: row.span, scratch: scratch)
            writer.append(margin, to: &output.bytes)
            output.bytes.append(UInt8(ascii: "\t"))
            writer.append(model.trees.prediction(ofMargin: margin), to: &output.bytes)
            output.bytes.append(UInt8(ascii: "\n"))
            try output.flushIfFull()
            count += 1
            if count & 0xFFF == 0 { messages.progress { "\(grouped(count)) rows" } }
        }
        try output.flush()
    }
}
