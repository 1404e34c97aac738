// shroff dataset: the training matrix of a data folder, from its log. Nothing is computed anew: the features are those
// that each decision saw.

import ArgumentParser
import Learning
import Scoring
import Service

struct DatasetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset",
        abstract: "Writes the training matrix of a decision log: recorded features and labels.",
        discussion: """
            A CSV row a payment, in the order of the log, with the columns of score --features. The label is the one \
            that is known at last, of the log and of --labels together; labelled_at says since when. Example:

              shroff dataset data --from 2026-06-01T00:00:00Z > train.csv

            Features are those of the configuration; one that was not recorded is an empty cell. Exits 1 when the log \
            is damaged.
            """)

    @OptionGroup var configured: ConfigurationOptions

    @Argument(help: "The data folder, or its log folder.")
    var directory: String

    @Option(help: ArgumentHelp("More labels, a JSON object a line; may be repeated.", valueName: "file"))
    var labels: [String] = []

    @Option(help: ArgumentHelp("The first event time, RFC 3339.", valueName: "time"))
    var from: String?

    @Option(help: ArgumentHelp("The event time behind the last, RFC 3339.", valueName: "time"))
    var to: String?

    @Option(help: ArgumentHelp("Where to write (default: standard output).", valueName: "out.csv"))
    var output: String = Output.standard

    mutating func run() throws {
        let messages = Messages()
        let first = try Self.time(from, "--from") ?? .min
        let end = try Self.time(to, "--to") ?? .max
        guard first <= end else { throw ValidationError("--from is behind --to") }
        let folder = try logFolder(of: directory)
        let plan = try ScoringPlan(of: try configured.load())
        var book = LabelBook()
        for path in labels { try book.read(path: path) }
        let output = try Output(path: output, inputs: labels)
        var payments = RecordedPayments(logFolder: folder, plan: plan)
        var rows = 0
        do {
            try payments.readLabels(into: &book) { sequence in
                messages.progress { "labels: record \(grouped(sequence))" }
            }
            payments.appendHeader(to: &output.bytes)
            try payments.forEachRow(in: first..<end, labels: book) { sequence in
                messages.progress { "payments: record \(grouped(sequence))" }
            } _: { bytes in
                output.bytes.append(contentsOf: bytes)
                bytes.removeAll(keepingCapacity: true)
                rows += 1
                try output.flushIfFull()
            }
        } catch RecordedPaymentsError.log(.damaged(let damage)) {
            try output.flush()
            messages.say("shroff: the log is damaged: \(damage)")
            throw ExitCode.foundWanting
        }
        try output.flush()
        messages.say("\(grouped(rows)) payments, \(grouped(book.count)) labelled transactions")
    }

    private static func time(_ text: String?, _ option: String) throws -> Int64? {
        guard let text else { return nil }
        let bytes = Array(text.utf8)
        guard let time = Timestamp.nanoseconds(parsing: bytes.span) else {
            throw ValidationError("\(option) \(text) is no time such as 2026-06-01T00:00:00Z")
        }
        return time
    }
}
