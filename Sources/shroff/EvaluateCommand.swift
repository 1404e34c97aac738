// shroff evaluate: how well a score finds fraud, from a table of features and decisions, in money and not in accuracy.

import ArgumentParser
import Learning
import Platform
import Scoring

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Judges a score by what it finds: precision, recall, money, calibration, with intervals.",
        discussion: """
            Input is the table of shroff score --features, plain or gzipped, - for standard input; several files are \
            one table. Examples:

              shroff score --features f.csv --payments p.ndjson --labels labels.ndjson payments.ndjson
              shroff evaluate f.csv --payments p.ndjson --entity card.fingerprint --amount amount --html report.html
              shroff evaluate f.csv --from 2026-07-01T00:00:00Z --maturity 45d --require 'ap>=0.7' --require 'ece<=0.001'

            --amount, --entity and --segment name columns of the table or, with --payments, fields of the payment \
            (amounts are then in minor units).

            --require compares a metric with a number by >=, <=, > or <; names are in the last column of the output. \
            weeks.ap is the mean over the weeks, ap.low and ap.high are the ends of the interval. Exits 1 when one is \
            not met.
            """)

    @OptionGroup(title: "Columns") var source: EvaluateSourceOptions
    @OptionGroup(title: "Which payments") var period: EvaluatePeriodOptions
    @OptionGroup(title: "Metrics") var metrics: EvaluateMetricOptions

    @Option(
        help: ArgumentHelp("Exits 1 unless this is met, such as 'ap>=0.7'; may be repeated.", valueName: "metric>=x"))
    var require: [EvaluationObjective] = []

    @Option(help: ArgumentHelp("Writes everything as one JSON object.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Writes a report with plots as one HTML file.", valueName: "file"))
    var html: String?

    @Argument(help: ArgumentHelp("Tables of features and decisions.", valueName: "table.csv"))
    var inputs: [String]

    func validate() throws {
        let streams = (inputs + source.payments).count { $0 == Output.standard }
        guard streams <= 1 else { throw ValidationError("standard input is named twice") }
        guard json == nil || json != html else { throw ValidationError("two outputs go to one place") }
        if period.leaveOutKnown != nil, source.entity == nil {
            throw ValidationError("--leave-out-known needs --entity: frauds are known of an entity")
        }
        if metrics.bootstrapBy == .entity, source.entity == nil {
            throw ValidationError("--bootstrap-by entity needs --entity")
        }
    }

    mutating func run() throws {
        let messages = Messages()
        let files = inputs + source.payments
        for path in files where path != Output.standard { try checkReadable(path) }
        var reader = EvaluationReader(source.source)
        for path in inputs {
            try reader.read(path: path) { rows in messages.progress { "\(path): \(grouped(rows)) rows" } }
        }
        let names = EvaluationNames(
            score: reader.scoreName, amount: source.amount, entity: source.entity, segment: source.segment,
            probability: reader.probabilityName)
        let evaluation = try Evaluation(
            reader.table, names: names, period: period.period, settings: metrics.settings
        ) { part in messages.progress { "judging \(part)" } }
        let verdicts = try require.map { objective in
            guard let verdict = objective.judge(evaluation) else {
                let known = evaluation.overall.metrics.map(\.definition.id).joined(separator: ", ")
                throw CommandFailure(
                    "--require \(objective): there is no metric \(objective.metric) here; there are \(known)")
            }
            return verdict
        }
        if let json { try write(evaluation.json(), to: json, inputs: files) }
        if let html { try write(Array(evaluation.html().utf8), to: html, inputs: files) }
        messages.clearProgress()
        if json != Output.standard, html != Output.standard { try Output.report(evaluation.rendered()) }
        for (objective, verdict) in zip(require, verdicts) where !verdict.isMet {
            messages.say(
                "shroff: \(objective) is not met: it is \(verdict.found.isNaN ? "not defined" : "\(verdict.found)")")
        }
        if verdicts.contains(where: { !$0.isMet }) { throw ExitCode.foundWanting }
    }

    private func write(_ bytes: [UInt8], to path: String, inputs: [String]) throws {
        let output = try Output(path: path, inputs: inputs)
        output.bytes = bytes
        try output.flush()
    }
}

extension EvaluationObjective: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension ResamplingUnit: ExpressibleByArgument {}
