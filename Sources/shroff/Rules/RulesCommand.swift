// shroff rules: what the rules are made of, and whether they do what their examples say, without a service.

import ArgumentParser
import Platform
import Scoring
import Service

struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Checks rules, runs their examples, and evaluates expressions.",
        subcommands: [RulesCheckCommand.self, RulesTestCommand.self, RulesEvalCommand.self])
}

/// The rules of a configuration, parsed and compiled.
private struct LoadedRules {
    let file: RuleFile
    let plan: ScoringPlan

    init(_ configuration: ServiceConfiguration) throws {
        let path = configuration.rulesPath
        file = try RuleFile(yaml: String(decoding: try readFile(path), as: UTF8.self), file: path)
        plan = try ScoringPlan(of: configuration)
    }
}

struct RulesCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compiles features, rules, lists and policy, and says what each rule reads and costs.",
        discussion: """
            Example:
              shroff rules check --config config/shroff.yaml

            The cost is the number of steps that a condition takes at worst. Exits 2 when a file is wrong, with its \
            line and a caret.
            """)

    @OptionGroup var configured: ConfigurationOptions

    mutating func run() throws {
        let rules = try LoadedRules(configured.load())
        var text = ""
        for rule in rules.plan.facts(of: rules.file.rules) {
            let points = rule.points > 0 ? ", \(rule.points) points" : ""
            text += "\(rule.id): \(rule.action.rawValue)\(points)\(rule.isEnabled ? "" : ", not enabled")\n"
            guard rule.isEnabled else { continue }
            text += "  cost \(rule.worstCaseCost)\n"
            if !rule.reads.isEmpty { text += "  reads \(rule.reads.joined(separator: ", "))\n" }
            if !rule.lists.isEmpty { text += "  asks the lists \(rule.lists.joined(separator: ", "))\n" }
        }
        for list in rules.plan.lists {
            text += "list \(list.name): \(list.kind.rawValue), \(grouped(list.table.count)) entries, "
            text += "\(grouped(list.table.byteCount)) bytes\n"
        }
        for segment in rules.plan.segmentNames { text += "segment \(segment)\n" }
        text += "histories kept: \(rules.plan.historyTexts.count)\n"
        for history in rules.plan.historyTexts { text += "  \(history)\n" }
        try Output.report(text)
    }
}

struct RulesTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Runs the examples that stand beside the rules.",
        discussion: """
            Example:
              shroff rules test --config config/shroff.yaml

            Each example has a core of its own: the payments of before are decided first, then its payment, without a \
            model. Exits 1 when an example fails, 2 when a file is wrong.
            """)

    @OptionGroup var configured: ConfigurationOptions

    mutating func run() throws {
        let rules = try LoadedRules(configured.load())
        var (passed, failed, skipped) = (0, 0, 0)
        var text = ""
        for result in RuleExampleRun.run(rules.file.rules, plan: rules.plan) {
            let place = "\(result.file):\(result.line): \(result.rule)"
            switch result.outcome {
            case .passed:
                passed += 1
                text += "pass \(place)\n"
            case .skipped:
                skipped += 1
                text += "skip \(place): the rule is not enabled\n"
            case .failed(let matched):
                failed += 1
                text += "FAIL \(place): \(matched ? "matches, and should not" : "does not match, and should")\n"
            case .invalid(let reason):
                failed += 1
                text += "FAIL \(place): \(reason)\n"
            }
        }
        text += "\(passed) passed, \(failed) failed" + (skipped > 0 ? ", \(skipped) skipped" : "") + "\n"
        try Output.report(text)
        if failed > 0 { throw ExitCode.foundWanting }
    }
}
