// shroff loadtest: simulated payments over HTTP on a fixed schedule, with latencies from when each was due.

import ArgumentParser
import Glibc
import HTTP
import LoadGenerator
import Platform
import Simulation
import Synchronization

struct LoadTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loadtest",
        abstract: "Drives a service with simulated payments and tells its latencies.",
        discussion: """
            With --rate the requests leave on a fixed schedule, whether or not answers come back (open loop), and each \
            latency counts from when its request was due; without, as fast as answers come (closed loop), which finds \
            the peak. Example:

              shroff loadtest --rate 5000 --seconds 60 --objective-ms 15

            Exits 1 when the objective is missed. Transaction ids are new in each run.
            """)

    @Option(help: ArgumentHelp("The service; the path is /v1/score unless the URL has one.", valueName: "url"))
    var url = "http://127.0.0.1:8080"

    @Option(help: ArgumentHelp("Requests a second; 0, or none: a closed loop.", valueName: "n"))
    var rate: Double?

    @Flag(help: "A closed loop, whatever --rate says.")
    var findPeak = false

    @Option(help: ArgumentHelp("Seconds that are measured.", valueName: "s"))
    var seconds = 10.0

    @Option(help: ArgumentHelp("Seconds of the same load before, not measured.", valueName: "s"))
    var warmUp = 2.0

    @Option(help: ArgumentHelp("Connections.", valueName: "n"))
    var connections = 64

    @Option(help: ArgumentHelp("Threads that share the connections.", valueName: "n"))
    var threads = 1

    @Option(help: ArgumentHelp("What the payments are drawn from.", valueName: "n"))
    var seed: UInt64 = 42

    @Option(help: ArgumentHelp("Customers who pay.", valueName: "n"))
    var customers = LivePaymentSource.standardConfiguration.customers

    @Option(help: ArgumentHelp("Part of the requests that repeat an earlier one; 0 to 1.", valueName: "x"))
    var duplicateShare = 0.0

    @Option(help: ArgumentHelp("The latency that --percentile must not be above.", valueName: "ms"))
    var objectiveMs = 50.0

    @Option(help: ArgumentHelp("The percentile that the objective is for.", valueName: "p"))
    var percentile = 99.9

    @Option(help: ArgumentHelp("Answers later than this are counted apart.", valueName: "ms"))
    var deadlineMs = 50.0

    @Option(help: ArgumentHelp("Errors, and answers other than 2xx, that are no failure.", valueName: "n"))
    var maxErrors: UInt64 = 0

    @Option(
        help: ArgumentHelp("A status besides 2xx that is no failure, such as 503; may be repeated.", valueName: "code"))
    var tolerate: [Int] = []

    @Option(help: ArgumentHelp("Writes the report as JSON; - is standard output.", valueName: "file"))
    var json: String?

    @Flag(help: "Allows a service on another machine. Load only what you may.")
    var allowRemote = false

    mutating func validate() throws {
        if let rate, !(rate >= 0) { throw ValidationError("--rate \(rate) is below 0") }
        guard percentile > 0, percentile <= 100 else {
            throw ValidationError("--percentile \(percentile) is not above 0 and at most 100")
        }
        guard objectiveMs > 0 else { throw ValidationError("--objective-ms \(objectiveMs) is not above 0") }
        if ServiceAddress(url: url) == nil {
            throw ValidationError("--url \(url) is none of the form http://host:port/path")
        }
    }

    mutating func run() throws {
        let messages = Messages()
        let plan = try plan()
        try plan.validate()
        let sources = try self.sources()
        Interruption.watch()
        let report = try plan.run(
            makeSource: { sources[$0] }, shouldStop: { Interruption.isWanted },
            progress: { progress in messages.progress { Self.text(of: progress) } })
        messages.clearProgress()
        if let json {
            let output = try Output(path: json)
            output.append(line: Array(report.json().utf8))
            try output.flush()
        }
        if json != Output.standard { try Output.report(report.rendered()) }
        var objective = LoadObjective(milliseconds: objectiveMs)
        objective.percentile = percentile
        objective.toleratedStatuses = Set(tolerate)
        let reasons = report.forgivingErrors(upTo: maxErrors, besides: objective.toleratedStatuses).meets(objective)
        for reason in reasons { messages.say("objective missed: \(reason)") }
        if !reasons.isEmpty { throw ExitCode.foundWanting }
    }

    private func plan() throws -> LoadPlan {
        guard let address = ServiceAddress(url: url) else { throw CommandFailure("--url \(url) can't be read") }
        let rate = findPeak || rate == 0 ? nil : rate
        var plan = LoadPlan(
            host: address.host, port: address.port, path: address.path, requestsPerSecond: rate, seconds: seconds)
        plan.warmUpSeconds = warmUp
        plan.connections = connections
        plan.threads = threads
        plan.deadlineMilliseconds = deadlineMs
        plan.allowRemote = allowRemote
        return plan
    }

    /// A world of its own for each thread, and ids that no other run has.
    private func sources() throws -> [LivePayments] {
        let run = String(decoding: randomBytes(12).map { UInt8(ascii: "a") + $0 % 26 }, as: UTF8.self)
        var configuration = LivePaymentSource.standardConfiguration
        configuration.customers = customers
        configuration.startNanoseconds = WallClock.nanosecondsSince1970() / 1_000_000 * 1_000_000
        return try (0..<threads).map { thread in
            configuration.seed = seed &+ UInt64(thread)
            return LivePayments(
                source: try LivePaymentSource(
                    configuration, transactionPrefix: "load_\(run)_\(thread)", duplicateShare: duplicateShare))
        }
    }

    private static func text(of progress: LoadProgress) -> String {
        let phase =
            switch progress.phase {
            case .warmUp: "warm-up"
            case .measuring: "measuring"
            case .draining: "draining"
            }
        return "\(phase) \(fixed(progress.elapsedSeconds, 0)) of \(fixed(progress.plannedSeconds, 0)) s, "
            + "\(grouped(Int(progress.answersPerSecond)))/s, worst \(fixed(progress.worstMilliseconds, 1)) ms, "
            + "\(grouped(progress.failed)) failed"
    }
}

/// Payments that happen now.
private struct LivePayments: RequestSource, Sendable {
    var source: LivePaymentSource

    mutating func next(into body: inout [UInt8]) {
        source.next(at: WallClock.nanosecondsSince1970(), into: &body)
    }
}

/// Whether SIGINT or SIGTERM came.
private let isInterrupted = Atomic<Bool>(false)

/// SIGINT and SIGTERM end a run early; its report is still given. A second signal ends the process.
private enum Interruption {
    static var isWanted: Bool { isInterrupted.load(ordering: .relaxed) }

    static func watch() {
        _ = isWanted  // made before a signal can come
        for number in [SIGINT, SIGTERM] {
            signal(number) { received in
                isInterrupted.store(true, ordering: .relaxed)
                signal(received, SIG_DFL)
            }
        }
    }
}

extension LoadReport {
    /// The report as if its errors and refusals had not been, where there are at most so many.
    fileprivate func forgivingErrors(upTo limit: UInt64, besides tolerated: Set<Int>) -> LoadReport {
        let refusals = statuses.filter { !(200...299).contains($0.key) && !tolerated.contains($0.key) }
        guard errors.total + refusals.values.reduce(0, +) <= limit else { return self }
        var report = self
        report.errors = LoadErrorCounts()
        for status in refusals.keys { report.statuses[status] = nil }
        return report
    }
}

/// The parts of `http://host:port/path`.
struct ServiceAddress: Equatable {
    var host: String
    var port: Int
    var path: String

    /// nil where the text is no such URL; HTTPS is none.
    init?(url: String) {
        let scheme = "http://"
        guard url.lowercased().hasPrefix(scheme) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        let path = rest[authority.endIndex...]
        self.path = path.isEmpty || path == "/" ? "/v1/score" : String(path)
        let portText: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            portText = authority[authority.index(after: end)...]
        } else {
            host = String(authority.prefix { $0 != ":" })
            portText = authority.dropFirst(host.count)
        }
        if portText.isEmpty {
            port = 80
        } else {
            guard portText.first == ":", let number = Int(portText.dropFirst()), (1...65_535).contains(number) else {
                return nil
            }
            port = number
        }
        guard !host.isEmpty else { return nil }
    }
}
