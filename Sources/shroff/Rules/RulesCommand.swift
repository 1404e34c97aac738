// shroff rules: tries the rule language.

import ArgumentParser

struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Evaluates expressions of the rule language.",
        subcommands: [RulesEvalCommand.self])
}
