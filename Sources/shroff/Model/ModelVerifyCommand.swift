// shroff model verify: the proof that the service asks for, without the service.

import ArgumentParser
import Scoring
import Service

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
