// shroff score: files in, decisions and point-in-time features out. Event time is the order of the files, nobody waits,
// and no clock is read, so that equal inputs give equal bytes.

import ArgumentParser
import Learning
import Platform
import Scoring
import Service

struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Scores payments from files: decisions and point-in-time features out.",
        discussion: """
            Input is request JSON, a payment a line, or with --import a CSV table; plain or gzipped, - for standard \
            input; in the order of event time. Examples:

              shroff score payments.ndjson.gz > decisions.ndjson
              shroff score --import map.yaml --features features.csv table.csv.gz

            A service's data folder is warmed from files before it first starts:
              shroff score --state data --decisions /dev/null payments.ndjson

            Labels (--labels, or a label in the map) are told to the core when their time has come: before the first \
            payment that is not earlier than labelled_at. So features over labels are those that a service would have \
            had. With --state they are recorded, also those that lie behind the last payment: each run is given the labels \
            of its own payments.

            An invalid payment is told with its line and left out; the exit code is then 1.
            """)

    @OptionGroup var configured: ConfigurationOptions

    @Option(
        name: .customLong("import"),
        help: ArgumentHelp("How the columns of a CSV table become payments and labels.", valueName: "map.yaml"))
    var importMap: String?

    @Option(
        help: ArgumentHelp(
            "Labels, a JSON object a line, for the core and the feature table; may be repeated.", valueName: "file"))
    var labels: [String] = []

    @Option(help: ArgumentHelp("Writes the feature table, a CSV row a payment.", valueName: "out.csv"))
    var features: String?

    @Option(
        help: ArgumentHelp(
            "Writes decisions, a JSON object a line (default: standard output, unless --features is given).",
            valueName: "out.ndjson"))
    var decisions: String?

    @Option(help: ArgumentHelp("Writes the request JSON of each payment that was scored.", valueName: "out.ndjson"))
    var payments: String?

    @Option(
        help: ArgumentHelp(
            "A data folder as of serve: goes on from its log, and records in it.", valueName: "folder"))
    var state: String?

    @Argument(help: ArgumentHelp("Files of payments, in order of event time.", valueName: "input"))
    var inputs: [String]

    private var decisionsPath: String? { decisions ?? (features == nil ? Output.standard : nil) }

    func validate() throws {
        let outputs = [decisionsPath, features, payments].compactMap { $0 }
        for (i, path) in outputs.enumerated() where outputs[..<i].contains(path) && path != "/dev/null" {
            throw ValidationError("two outputs go to \(path == Output.standard ? "standard output" : path)")
        }
        guard inputs.count(where: { $0 == "-" }) <= 1 else { throw ValidationError("standard input is named twice") }
    }

    mutating func run() throws {
        let messages = Messages()
        for path in inputs where path != Output.standard { try checkReadable(path) }
        let map = try importMap.map { path in
            try ImportMap(yaml: String(decoding: try readFile(path), as: UTF8.self), file: path)
        }
        var configuration = try configured.load()
        var book = LabelBook()
        for path in labels { try book.read(path: path) }

        let state = try state.map { folder in
            configuration.dataDirectory = folder
            configuration.identityKeyPath = folder + "/identity.key"
            try makeDirectory(folder)
            return try IdentityKey.load(path: configuration.identityKeyPath)
        }
        let assembly = try Assembly(
            configuration, pseudonymizer: state.map { Pseudonymizer(key: $0) } ?? .withoutKey)
        if let problem = assembly.modelProblem {
            messages.say("shroff: the model was refused and the rules answer: \(problem)")
        }
        var sequencer = Sequencer(core: assembly.makeCore(limits: configuration.core))
        let recording =
            state == nil ? nil : try OpenedLog.open(configuration, restoring: &sequencer, isWholeLogChecked: true)
        if let torn = recording?.recovery.report.torn {
            messages.say("a torn last record was set aside as \(torn.keptAs)")
        }
        let batch = BatchScoring(
            assembly: assembly, sequencer: sequencer, key: state, recording: recording, map: map, labels: book,
            outputs: try outputs(), messages: messages)
        try batch.score(inputs)
        messages.say(batch.tally.summary(seconds: messages.elapsedSeconds))
        if batch.tally.isWanting { throw ExitCode.foundWanting }
    }

    private func outputs() throws -> BatchScoring.Outputs {
        let inputs = inputs + labels
        return BatchScoring.Outputs(
            decisions: try decisionsPath.map { path in try Output(path: path, inputs: inputs) },
            features: try features.map { path in try Output(path: path, inputs: inputs) },
            payments: try payments.map { path in try Output(path: path, inputs: inputs) })
    }
}
