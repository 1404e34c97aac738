// shroff log: reads the decision log of a data folder. Nothing here takes the folder's lock or changes a file, so that it
// works beside a service that is writing.

import ArgumentParser
import DecisionLog
import Glibc
import Platform
import Scoring

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Reads, verifies and replays the decision log.",
        subcommands: [LogCatCommand.self, LogVerifyCommand.self, LogReplayCommand.self])
}

/// The folder with the segments, from a data folder or itself.
func logFolder(of directory: String) throws -> String {
    guard isFolder(directory) else {
        throw CommandFailure("\(directory) is no folder; name a data folder, or the log folder in it")
    }
    let inner = directory + "/log"
    return isFolder(inner) ? inner : directory
}

struct LogCatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Prints records, a line each, in order.",
        discussion: """
            Example:
              shroff log cat data --kind payment --from 1000 | jq .decision.score

            Each record is checked while it is read; at the first damaged one the command stops and exits 1.
            """)

    @Argument(help: "The data folder, or its log folder.")
    var directory: String

    @Option(help: ArgumentHelp("Only this kind: payment, outcome, label, config or gap.", valueName: "kind"))
    var kind: RecordKind?

    @Option(help: ArgumentHelp("The first sequence number.", valueName: "seq"))
    var from: UInt64 = 1

    @Option(help: ArgumentHelp("The last sequence number.", valueName: "seq"))
    var to: UInt64 = .max

    func validate() throws {
        if from > to { throw ValidationError("--from \(from) is behind --to \(to)") }
    }

    mutating func run() throws {
        let messages = Messages()
        let folder = try logFolder(of: directory)
        var reader = try LogReader(directory: folder)
        let output = try Output(path: Output.standard)
        do {
            while let record = try reader.next(), record.sequence <= to {
                if record.sequence & 0xFFFF == 0 {
                    messages.progress { "record \(grouped(record.sequence))" }
                }
                guard record.gapThrough ?? record.sequence >= from, try isWanted(record) else { continue }
                output.append(line: record.line)
                try output.flushIfFull()
            }
        } catch LogError.damaged(let damage) {
            try output.flush()
            if damage.isTornTail, isBeingWritten(logFolder: folder) {
                messages.say("the last line is still being written")
                return
            }
            messages.say("shroff: the log is damaged: \(damage)")
            throw ExitCode.foundWanting
        }
        try output.flush()
    }

    private func isWanted(_ record: LogRecord) throws -> Bool {
        guard let kind else { return true }
        // The kind is the first member of what this program writes.
        let start = record.bodyRange.lowerBound
        let mark = Array("\"kind\":\"\(kind.rawValue)\"".utf8)
        if record.line[start...].starts(with: mark) { return true }
        if record.line[start...].starts(with: #""kind":""#.utf8) { return false }
        return try RecordReader.parts(of: record.line.span).kind == kind
    }
}

extension RecordKind: ExpressibleByArgument {}

struct LogVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks chain, order and completeness of the whole log.",
        discussion: """
            Example:
              shroff log verify data

            Equal last chains mean equal logs. Exits 1 when the log is damaged, and names the first bad record. While a \
            service is writing, its last line may be found unfinished, which is said and is no damage.
            """)
    /// A line that grows between two looks at it is looked at again.
    private static let attempts = 3

    @Argument(help: "The data folder, or its log folder.")
    var directory: String

    mutating func run() throws {
        let messages = Messages()
        let folder = try logFolder(of: directory)
        let (found, isLive) = Self.verify(folder, messages, attempts: Self.attempts)
        messages.clearProgress()
        if let problem = found.problem, found.damage == nil { throw problem }
        let isUnfinished = isLive && found.damage?.isTornTail == true
        try Output.report(Self.table(found, folder, isLive: isLive, isUnfinished: isUnfinished).rendered())
        if let damage = found.damage, !isUnfinished {
            messages.say("shroff: the log is damaged: \(damage)")
            throw ExitCode.foundWanting
        }
    }

    private static func verify(
        _ folder: String, _ messages: Messages, attempts: Int
    ) -> (found: LogVerification, isLive: Bool) {
        let isLive = isBeingWritten(logFolder: folder)
        let found = verifyLog(directory: folder) { records in
            messages.progress { "\(grouped(records)) records" }
        }
        if isLive, attempts > 1, let damage = found.damage, damage.kind == .unterminated, !damage.isTornTail {
            return verify(folder, messages, attempts: attempts - 1)
        }
        return (found, isLive)
    }

    private static func table(
        _ found: LogVerification, _ folder: String, isLive: Bool, isUnfinished: Bool
    ) -> FactTable {
        var table = FactTable()
        table.add("log", folder)
        table.add("records", "\(found.records)")
        if let first = found.firstSequence, let last = found.lastSequence {
            table.add("first seq", first == 1 ? "1" : "\(first); what was before it was removed, as configured")
            table.add("last seq", "\(last)")
        }
        table.add("segments", "\(found.segments)")
        table.add("bytes", "\(found.bytes)")
        if found.gaps > 0 { table.add("gaps", "\(found.gaps), for \(found.droppedRecords) records not recorded") }
        for remains in found.remains {
            table.add("remains", "\(remains.path), from byte \(remains.offset): a refused flush; nothing is missing")
        }
        table.add("last chain", found.lastChain)
        if isLive { table.add("writer", "a service has the log open") }
        if isUnfinished { table.add("last line", "still being written; not counted") }
        if let damage = found.damage, !isUnfinished {
            table.add("result", "DAMAGED at record \(damage.sequence)")
        } else {
            table.add("result", "sound")
        }
        return table
    }
}
