// shroff config: what a service would be made of, without starting one.

import ArgumentParser
import HTTP
import JSON
import Platform
import Scoring
import Service

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Checks the configuration.",
        subcommands: [ConfigCheckCommand.self])
}

extension ScoringPlan {
    /// Compiles the files that the configuration names.
    convenience init(of configuration: ServiceConfiguration) throws {
        func text(_ path: String) throws -> (file: String, text: String) {
            (path, String(decoding: try readFile(path), as: UTF8.self))
        }
        try self.init(
            Sources(
                features: try text(configuration.featuresPath), rules: try text(configuration.rulesPath),
                policy: try text(configuration.policyPath)))
    }
}

struct ConfigCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Loads configuration, features, rules, policy and model as a service does, and says what they make.",
        discussion: """
            Example:
              shroff config check --config config/shroff.yaml

            Exits 1 when the model is refused (the service would answer from its rules), 2 when a file is wrong, with \
            its line.
            """)

    @OptionGroup var configured: ConfigurationOptions

    @Flag(help: "Prints a JSON object in place of the table.")
    var json = false

    mutating func run() throws {
        let configuration = try configured.load()
        let assembly = try Assembly(configuration)
        let certificate = try configuration.http.tls?.check()
        let text =
            json
            ? Self.json(configuration, assembly, certificate) + "\n"
            : Self.table(configuration, assembly, certificate).rendered()
        try Output.report(text)
        if let problem = assembly.modelProblem {
            Messages().say("shroff: the model was refused: \(problem)")
            throw ExitCode.foundWanting
        }
    }

    private static func table(
        _ configuration: ServiceConfiguration, _ assembly: Assembly, _ certificate: CertificateSummary?
    ) -> FactTable {
        let plan = assembly.plan
        var table = FactTable()
        table.add("configuration", configuration.file)
        let http = configuration.http
        if http.listensPlain { table.add("listens at", "\(http.address):\(http.port)") }
        if let tls = http.tls, let certificate {
            table.add(
                "listens at",
                "\(http.address):\(tls.port), TLS \(tls.minimumVersion) and later, as \(certificate.subject) until "
                    + Timestamp.text(nanoseconds: certificate.notAfter * 1_000_000_000))
        }
        table.add("data folder", configuration.dataDirectory)
        table.add("budget", "\(DurationText.text(nanoseconds: configuration.budgetNanoseconds)) a payment")
        table.add("entities", lines: plan.entities.map { "\($0.name): \($0.sourceName)" })
        table.add("features", lines: plan.featureNames)
        table.add("histories", lines: plan.historyTexts)
        table.add("rules", "\(plan.ruleCount)")
        table.add("model", modelText(configuration, assembly))
        let definitions = plan.definitionDigest(of: plan.featureNames).map(\.hexadecimal) ?? ""
        table.add(
            "SHA-256",
            lines: [
                "\(definitions)  feature definitions", "\(plan.digests.features)  \(configuration.featuresPath)",
                "\(plan.digests.rules)  \(configuration.rulesPath)",
                "\(plan.digests.policy)  \(configuration.policyPath)",
            ])
        return table
    }

    private static func modelText(_ configuration: ServiceConfiguration, _ assembly: Assembly) -> String {
        switch assembly.model {
        case .none: "none is configured; the rules answer"
        case .refused: "REFUSED, the rules answer: \(configuration.modelPath ?? "")"
        case .serving(let model):
            "\(model.manifest.name) \(model.manifest.version), \(model.trees.summary.trees) trees, "
                + "\(model.manifest.features.count) features: \(configuration.modelPath ?? "")"
        }
    }

    private static func json(
        _ configuration: ServiceConfiguration, _ assembly: Assembly, _ certificate: CertificateSummary?
    ) -> String {
        let plan = assembly.plan
        var json = JSONWriter()
        json.beginObject()
        json.key("configuration")
        json.string(configuration.file)
        json.key("features")
        json.beginObject()
        json.key("names")
        write(plan.featureNames, to: &json)
        json.key("digest")
        json.string(plan.definitionDigest(of: plan.featureNames).map(\.hexadecimal) ?? "")
        json.endObject()
        json.key("entities")
        json.beginObject()
        for entity in plan.entities {
            json.key(entity.name)
            json.string(entity.sourceName)
        }
        json.endObject()
        json.key("histories")
        write(plan.historyTexts, to: &json)
        json.key("rules")
        json.integer(Int64(plan.ruleCount))
        json.key("digests")
        json.raw(RecordDigests(plan: plan, model: assembly.model).json.span)
        json.key("model")
        writeModel(configuration, assembly, to: &json)
        json.key("certificate")
        if let certificate {
            json.beginObject()
            json.key("subject")
            json.string(certificate.subject)
            json.key("not_after")
            json.timestamp(certificate.notAfter * 1_000_000_000)
            json.endObject()
        } else {
            json.null()
        }
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func write(_ texts: [String], to json: inout JSONWriter) {
        json.beginArray()
        for text in texts { json.string(text) }
        json.endArray()
    }

    private static func writeModel(
        _ configuration: ServiceConfiguration, _ assembly: Assembly, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.key("path")
        if let path = configuration.modelPath { json.string(path) } else { json.null() }
        json.key("state")
        switch assembly.model {
        case .none: json.string("none" as StaticString)
        case .refused:
            json.string("refused" as StaticString)
            json.key("problem")
            json.string(assembly.modelProblem.map(\.description) ?? "")
        case .serving(let model):
            json.string("serving" as StaticString)
            json.key("name")
            json.string(model.manifest.name)
            json.key("version")
            json.string(model.manifest.version)
            json.key("trees")
            json.integer(Int64(model.trees.summary.trees))
            json.key("features")
            write(model.manifest.features, to: &json)
        }
        json.endObject()
    }
}
