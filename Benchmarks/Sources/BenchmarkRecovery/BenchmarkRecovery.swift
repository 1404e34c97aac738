// What a snapshot costs, and what it saves: a state of so many entities under the shipped features is built by payments
// whose records go to a real log, copied and written while payments go on, read back, and held against a replay of the
// whole log. The digests of both must be that of the core that made them.
//
//   BenchmarkRecovery shroff.yaml FOLDER [entities] [payments]

import DecisionLog
import Glibc
import Platform
import Scoring
import Service

@main
struct BenchmarkRecovery {
    /// Payments that are measured before a snapshot, for comparison.
    static let baselinePayments = 200_000

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let entities = Int(arguments.count > 3 ? arguments[3] : "1000000") else {
            print("usage: BenchmarkRecovery shroff.yaml FOLDER [entities] [payments]")
            exit(2)
        }
        let payments = arguments.count > 4 ? Int(arguments[4]) ?? 0 : entities * 5 / 4
        let configuration = try ServiceConfiguration(
            file: arguments[1],
            environment: [
                "SHROFF_DATA_DIRECTORY": arguments[2], "SHROFF_SCORING_MODEL": "none", "SHROFF_LOG_SYNC": "never",
                "SHROFF_LOG_COMPRESS": "false", "SHROFF_IDEMPOTENCY_RETENTION": "240h",
            ])
        let digest = try build(configuration, entities: entities, payments: payments)
        try recover("from the snapshot", configuration, digest)
        for name in try fileNames(in: arguments[2] + "/state") { unlink(arguments[2] + "/state/" + name) }
        try recover("from the whole log", configuration, digest)
    }

    /// Builds the state, takes a snapshot on the way, and another at the end.
    private static func build(
        _ configuration: ServiceConfiguration, entities: Int, payments: Int
    ) throws -> SHA256Digest {
        let assembly = try Assembly(configuration)
        var sequencer = Sequencer(core: assembly.makeCore(limits: configuration.core))
        let opened = try OpenedLog.open(configuration, restoring: &sequencer)
        var till = Till(opened, Population(entities: entities, payments: payments))
        let started = nanoseconds()
        while till.count < payments - 2 * baselinePayments { try till.pay(&sequencer) }
        print("built \(till.count) payments in \(seconds(since: started)) s: \(till.summary(sequencer))")

        var quiet = Pauses()
        for _ in 0..<baselinePayments { try quiet.measure { try till.pay(&sequencer) } }
        print("payments without a snapshot: \(quiet.summary)")
        print("the longest: \(quiet.longest)")

        var copies = Pauses()
        var source: SnapshotSource?
        let begun = nanoseconds()
        copies.measure { source = opened.copy(of: sequencer) }
        guard let copy = source else { throw BenchmarkFailure("the log does not hold the state") }
        source = nil
        let writer = BackgroundWrite(opened, copy)
        var busy = Pauses()
        while !writer.isDone || busy.count < baselinePayments { try busy.measure { try till.pay(&sequencer) } }
        let bytes = try writer.bytes()
        print("copy: \(copies.summary)")
        print("payments while it is written: \(busy.summary)")
        print("the first \(Pauses.firstCount) of them: \(busy.firstSummary)")
        print("the longest: \(busy.longest)")
        print("file: \(bytes) bytes in \(Double(writer.finishedAt - begun) / 1e9) s, beside the payments")

        let again = nanoseconds()
        let last = try opened.keepSnapshot(of: sequencer) ?? 0
        print("the last one, alone: \(last) bytes in \(seconds(since: again)) s: \(till.summary(sequencer))")
        for _ in 0..<1_000 { try till.pay(&sequencer) }
        guard till.commit(sequencer), opened.log.close() else { throw BenchmarkFailure("the log refuses") }
        return sequencer.state.digest
    }

    private static func recover(
        _ what: String, _ configuration: ServiceConfiguration, _ digest: SHA256Digest
    ) throws {
        let assembly = try Assembly(configuration)
        var sequencer = Sequencer(core: assembly.makeCore(limits: configuration.core))
        let begun = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
        let opened = try OpenedLog.open(configuration, restoring: &sequencer)
        let processor = Double(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - begun) / 1e9
        let recovery = opened.recovery
        print(
            "recovered \(what): \(recovery.seconds) s (\(processor) s of the processor), "
                + "of it \(recovery.snapshotSeconds) s for the snapshot, "
                + "\(recovery.report.records) records replayed, \(recovery.refused.count) refused")
        guard sequencer.state.digest == digest else { throw BenchmarkFailure("the state is another one") }
        guard opened.log.close() else { throw BenchmarkFailure("the log refuses") }
    }
}

struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func nanoseconds(_ clock: clockid_t = CLOCK_MONOTONIC) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

func seconds(since started: UInt64) -> Double { Double(nanoseconds() - started) / 1e9 }
