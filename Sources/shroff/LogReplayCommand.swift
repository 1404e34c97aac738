// shroff log replay: decides again what a log says, and says what comes out differently.

import ArgumentParser
import DecisionLog
import Platform
import Scoring
import Service

struct LogReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Decides all payments of the log again, in this binary.",
        discussion: """
            Example:
              shroff log replay data --verify

            With --verify every feature, score, probability, rule, reason, decision and digest is held against its record, \
            bit for bit; a difference is a line with the sequence number, the member and both values, and the exit code \
            is 1. Without it the decisions are printed, as they come out now. Lower rungs, reloads and restarts are \
            taken where the log has them; the files that decided then are in the data folder's config.
            """)

    @Argument(help: "The data folder.")
    var directory: String

    @Flag(help: "Holds what comes out against the records.")
    var verify = false

    @Option(
        name: [.customLong("config"), .customShort("c")],
        help: ArgumentHelp(
            "The configuration that was in service, for records whose files the data folder does not have.",
            valueName: "file"))
    var file: String?

    @Option(help: ArgumentHelp("The identity key (default: identity.key of the data folder).", valueName: "file"))
    var identityKey: String?

    @Option(
        help: ArgumentHelp("The first sequence number to tell of; those before are decided, too.", valueName: "seq"))
    var from: UInt64 = 1

    @Option(help: ArgumentHelp("The last sequence number.", valueName: "seq"))
    var to: UInt64 = .max

    @Option(help: ArgumentHelp("Differences that are told one by one; the rest is counted.", valueName: "count"))
    var differences = 100

    func validate() throws {
        if from > to { throw ValidationError("--from \(from) is behind --to \(to)") }
        if differences < 0 { throw ValidationError("--differences is 0 or more") }
    }

    mutating func run() throws {
        let messages = Messages()
        var directory = directory
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        let folder = try logFolder(of: directory)
        var request = ReplayRequest(
            dataDirectory: folder == directory ? parentDirectory(of: directory) : directory, logDirectory: folder)
        request.identityKeyPath = identityKey
        request.from = from
        request.to = to
        if let file { request.given = try ConfigurationOptions.parse(["--config", file]).load() }
        let output = try Output(path: Output.standard)
        var replay = try LogReplay(request)
        var damage: LogDamage?
        do {
            try tell(&replay, output, messages)
        } catch ReplayError.log(.damaged(let found)) {
            if found.isTornTail, isBeingWritten(logFolder: folder) {
                messages.say("the last line is still being written")
            } else {
                damage = found
            }
        } catch let error as ReplayError {
            messages.clearProgress()
            try output.flush()
            throw error
        }
        messages.clearProgress()
        let summary = Self.summary(replay.tally, seconds: messages.elapsedSeconds, isVerified: verify)
        if verify { output.append(line: Array(summary.utf8)) } else { messages.say(summary) }
        try output.flush()
        if let damage { messages.say("shroff: the log is damaged: \(damage)") }
        if damage != nil || (verify && replay.tally.differences > 0) { throw ExitCode.foundWanting }
    }

    private func tell(_ replay: inout LogReplay, _ output: Output, _ messages: Messages) throws {
        var told = 0
        while let step = try replay.next() {
            let found: [RecordDifference]
            switch step {
            case .payment(let differences):
                found = differences
                if !verify, replay.sequence >= from { output.append(line: replay.answer) }
            case .other(let differences): found = differences
            }
            if verify {
                for difference in found where told < differences {
                    told += 1
                    output.append(line: Array(difference.description.utf8))
                }
            }
            try output.flushIfFull()
            guard replay.tally.records & 0xFF == 0 else { continue }
            let (tally, seconds) = (replay.tally, messages.elapsedSeconds)
            messages.progress {
                "record \(grouped(replay.sequence)): \(grouped(tally.payments)) payments, "
                    + "\(Self.rate(tally, seconds))/s, \(grouped(tally.differences)) differences"
            }
        }
    }

    private static func rate(_ tally: ReplayTally, _ seconds: Double) -> String {
        grouped(Int(Double(tally.payments) / max(seconds, 1e-9)))
    }

    /// `1,000 records, 990 payments: 0 differences · 1 start, 2 reloads · 0.1 s, 9,900 payments/s, 3,600 times real time`
    private static func summary(_ tally: ReplayTally, seconds: Double, isVerified: Bool) -> String {
        var text = "\(grouped(tally.records)) records, \(grouped(tally.payments)) payments"
        if isVerified {
            text += ": \(grouped(tally.differences)) differences"
            if tally.differing > 0 { text += " in \(grouped(tally.differing)) payments" }
        }
        text += " · \(tally.starts) starts, \(tally.reloads) reloads"
        if tally.startedAfter > 0 { text += " · from the snapshot behind record \(grouped(tally.startedAfter))" }
        if tally.dropped > 0 {
            text +=
                " · \(grouped(tally.dropped)) records were never written, so what was decided behind them may differ"
        }
        text += " · \(fixed(seconds, 1)) s, \(rate(tally, seconds)) payments/s"
        let times = tally.recordedSeconds / max(seconds, 1e-9)
        if times >= 1 { text += ", \(grouped(Int(min(times, 1e15)))) times real time" }
        return text
    }
}
