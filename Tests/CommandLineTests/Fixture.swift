// The command line as a user has it: the built program, run as a process in a temporary folder.

import Foundation
import Testing

/// What a run left behind.
struct Finished {
    let code: Int32
    let output: [UInt8]
    let errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
    var lines: [Substring] { text.split(separator: "\n") }
}

struct FixtureError: Error, CustomStringConvertible {
    let description: String
}

/// A folder of its own with a small configuration, removed with the fixture.
final class Fixture {
    let folder: URL

    /// No model, nothing is shed, and answers may take their time: other tests keep the machine busy.
    static let scoring = "scoring: { model: none, budget: 5s, shed_after: 1h }\n"

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("shroff-cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url("config"), withIntermediateDirectories: true)
        try write("config/shroff.yaml", Self.scoring + "data: { directory: ../data }\n")
        try write("config/features.yaml", Self.features)
        try write("config/rules.yaml", Self.rules)
        try write("config/policy.yaml", Self.policy)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func url(_ path: String) -> URL { folder.appendingPathComponent(path) }

    func write(_ path: String, _ text: String) throws { try Data(text.utf8).write(to: url(path)) }

    func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: url(path))) }

    /// Runs the program to its end.
    func run(_ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]) throws -> Finished {
        let process = try start(arguments, input: input, environment: environment)
        process.waitUntilExit()
        return Finished(
            code: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: try read(process.outputName),
            errors: String(decoding: try read(process.errorName), as: UTF8.self))
    }

    /// Begins a run; its outputs go to files, so that no pipe fills up.
    func start(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
    ) throws -> RunningProgram {
        let program = try Self.program.get()
        let id = UUID().uuidString
        try Data(input).write(to: url("in-\(id)"))
        let running = RunningProgram(outputName: "out-\(id)", errorName: "err-\(id)")
        for name in [running.outputName, running.errorName] { try Data().write(to: url(name)) }
        running.process.executableURL = program
        running.process.arguments = arguments
        running.process.currentDirectoryURL = folder
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SHROFF_") }
        variables.merge(environment) { $1 }
        running.process.environment = variables
        running.process.standardInput = try FileHandle(forReadingFrom: url("in-\(id)"))
        running.process.standardOutput = try FileHandle(forWritingTo: url(running.outputName))
        running.process.standardError = try FileHandle(forWritingTo: url(running.errorName))
        try running.process.run()
        return running
    }

    /// Some hundred payments in `payments.ndjson`.
    @discardableResult
    func simulate(days: Int = 1) throws -> [UInt8] {
        let run = try run([
            "simulate", "--days", "\(days)", "--customers", "200", "--fraud-share", "0.05", "--output",
            "payments.ndjson", "--labels", "labels.ndjson",
        ])
        try #require(run.code == 0, "\(run.errors)")
        return try read("payments.ndjson")
    }

    /// Runs a command of the system through the shell, in the folder.
    func shell(_ command: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "/usr/bin:/bin", "SHROFF": try Self.program.get().path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    static let features = """
        entities:
          card: card.fingerprint
          terminal: merchant.terminal_id
        features:
          - amount: major_units(amount, currency)
          - card_count_1h: count(card, "1h")
          - card_mean_30d: mean(card, amount, "30d")
          - merchants_1d: distinct(card, merchant.id, "1d")
          - card_age: since_first(card)

        """
    static let rules = """
        rules:
          - id: card-testing
            when: count(card, "10m") >= 3 && amount < 1000
            action: decline
            points: 600
          - id: high-amount
            when: amount > 20000
            points: 400

        """
    static let policy = """
        bands:
          - { at_least: 400, decision: review }
          - { at_least: 900, decision: decline }
        risk_levels: { elevated: 400, highest: 900 }
        default: approve

        """
}

final class RunningProgram {
    let process = Process()
    let outputName: String
    let errorName: String

    init(outputName: String, errorName: String) {
        self.outputName = outputName
        self.errorName = errorName
    }

    var terminationStatus: Int32 { process.terminationStatus }
    var terminationReason: Process.TerminationReason { process.terminationReason }
    func waitUntilExit() { process.waitUntilExit() }
}

extension Fixture {
    /// The program stands beside the test bundle, or in the build folder of the checkout.
    static let program: Result<URL, FixtureError> = {
        let manager = FileManager.default
        var candidates: [URL] = []
        if let path = ProcessInfo.processInfo.environment["SHROFF_PROGRAM"] {
            candidates.append(URL(fileURLWithPath: path))
        }
        for start in [try? manager.destinationOfSymbolicLink(atPath: "/proc/self/exe"), CommandLine.arguments.first] {
            guard let start else { continue }
            var folder = URL(fileURLWithPath: start).deletingLastPathComponent()
            while folder.path != "/" {
                candidates.append(folder.appendingPathComponent("shroff"))
                folder = folder.deletingLastPathComponent()
            }
        }
        for build in ["debug", "release"] {
            candidates.append(checkout.appendingPathComponent(".build/\(build)/shroff"))
        }
        for candidate in candidates {
            var isFolder: ObjCBool = false
            if manager.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue,
                manager.isExecutableFile(atPath: candidate.path)
            {
                return .success(candidate)
            }
        }
        let places = candidates.prefix(3).map(\.path).joined(separator: ", ")
        return .failure(FixtureError(description: "the program shroff is not built; looked at \(places), …"))
    }()

    static let checkout = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The shipped configuration, where the checkout has one.
    static let shippedConfiguration: String? = {
        let path = checkout.appendingPathComponent("config/shroff.yaml").path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    /// The small one, and the shipped one.
    static let configurations = ["config/shroff.yaml"] + (shippedConfiguration.map { [$0] } ?? [])

    /// Shared models and rows: beside the checkout, or where SHROFF_SHARED_DATA says.
    static let sharedData: URL? = {
        if let path = ProcessInfo.processInfo.environment["SHROFF_SHARED_DATA"] { return URL(fileURLWithPath: path) }
        var folder = checkout
        while folder.path != "/" {
            folder = folder.deletingLastPathComponent()
            let data = folder.appendingPathComponent("shared/data")
            if FileManager.default.fileExists(atPath: data.path) { return data }
        }
        return nil
    }()
}
