// CrashTests.swift: the log over a simulated disk that stops at any call, by a kill or a loss of power, thousands of times
// from one seed. Life after life the log must open, and hold an unbroken beginning of what was ever appended:
//
//   killed       every record that a commit said yes to, whatever `sync` is
//   power lost   with always every such record; with interval all up to the last flush; with never a beginning
//
// SHROFF_CRASHES=100000 SHROFF_SEED=7 swift test --filter CrashTests        runs more of them, from another seed.
import Glibc
import Platform
import Testing

@testable import DecisionLog

/// One log, its disk, and what is known of both.
private struct CrashRun {
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    struct Tally {
        var crashes = 0
        var powerLosses = 0
        var duringRecovery = 0
        var records: UInt64 = 0
        var compressed = 0
        var setAside = 0
        var laterSegments = 0
        var failedFlushes = 0
        var marksUsed = 0
    }

    let sync: LogOptions.Sync
    let disk: SimulatedDisk
    var random: SplitMix64
    var tally = Tally()
    /// The bodies that were appended, as far as they may still be there.
    private var bodies: [[UInt8]] = []
    /// What a kill must not take, and what a loss of power must not.
    private var acknowledged: UInt64 = 0
    private var durable: UInt64 = 0
    /// Kept beside the log, as a snapshot keeps it.
    private var mark: LogMark?
    private var written = 0

    init(_ sync: LogOptions.Sync, _ path: String, seed: UInt64) {
        self.sync = sync
        random = SplitMix64(seed: seed)
        disk = SimulatedDisk(path, seed: random.next())
    }

    private var options: LogOptions {
        .test(
            segmentBytes: 1_500, sync: sync, pendingBytesLimit: 1 << 22, compressFullSegments: true,
            retryMilliseconds: 3_600_000)
    }

    private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Broken(description: what()) }
    }

    /// Opens what a crash left, perhaps to crash again meanwhile; works; crashes.
    mutating func life() throws {
        disk.failFlushes(oneIn: sync == .always && random.chance(0.3) ? 6 : 0)
        disk.live(calls: random.chance(0.3) ? random.below(12) : nil)
        let writer: DecisionLogWriter
        do throws(LogError) {
            writer = try recover()
        } catch {
            // A flush that failed stops a start, too.
            let isRefused = if case .platform = error { disk.failedFlushes > tally.failedFlushes } else { false }
            tally.failedFlushes = disk.failedFlushes
            guard disk.isDead || isRefused else { throw error }
            tally.duringRecovery += 1
            return try crash()
        }
        defer { writer.close() }
        let steps = random.below(30)
        let fatal = random.below(30)
        for step in 0..<steps where !disk.isDead {
            if step == fatal { disk.live(calls: random.below(25)) }
            work(writer)
        }
        if !disk.isDead && random.chance(0.15) {
            while disk.workOnce() {}
            if writer.close() && !disk.isDead {
                acknowledged = UInt64(bodies.count)
                if sync != .never { durable = acknowledged }
            }
        }
        try crash()
    }

    private mutating func crash() throws {
        let death: SimulatedDisk.Death = random.chance(0.5) ? .killed : .powerLost
        if death == .powerLost {
            acknowledged = durable
            tally.powerLosses += 1
        }
        tally.crashes += 1
        try disk.die(death)
    }

    private mutating func recover() throws(LogError) -> DecisionLogWriter {
        var start: UInt64 = 0
        var found: [LogRecord] = []
        let mark = random.chance(0.5) ? mark : nil
        let (writer, report) = try DecisionLogWriter.open(
            directory: disk.path, options: options, operations: disk.operations,
            startingAfter: { log in
                guard let mark, log.problem(with: mark) == nil else { return nil }
                start = mark.sequence
                return mark
            },
            onRecord: { found.append($0) })
        if start > 0 { tally.marksUsed += 1 }
        if let torn = report.torn {
            tally.setAside += 1
            tally.laterSegments += torn.laterSegments.count
        }
        do {
            try check(report, found, after: start)
        } catch {
            throw .refused(sequence: report.lastSequence, reason: "\(error)")
        }
        return writer
    }

    private mutating func check(_ report: RecoveryReport, _ found: [LogRecord], after start: UInt64) throws {
        let last = report.lastSequence
        try require(last >= acknowledged, "record \(last) is the last one, and \(acknowledged) was acknowledged")
        try require(last <= UInt64(bodies.count), "record \(last) was never appended")
        try require(report.startedAfter == start && UInt64(found.count) == last - start, "\(report)")
        for (index, record) in found.enumerated() {
            let sequence = start + UInt64(index) + 1
            try require(
                record.sequence == sequence && Array(record.line[record.bodyRange]) == bodies[Int(sequence) - 1],
                "record \(sequence) is another one")
        }
        // What reading from the mark gave is what a reading of everything gives.
        let whole = verifyLog(directory: disk.path)
        try require(whole.isSound, "\(String(describing: whole.problem))")
        try require(whole.lastChain == report.lastChain && (whole.lastSequence ?? 0) == last, "another end")
        bodies.removeLast(bodies.count - Int(last))
        // They were read back, and flushed unless nothing ever is; a service goes on from them.
        acknowledged = last
        let isFlushed = sync != .never && !disk.isDead && disk.failedFlushes == tally.failedFlushes
        durable = isFlushed ? last : min(durable, last)
        if let mark, mark.sequence > last { self.mark = nil }
        tally.records += UInt64(found.count)
        tally.compressed += try fileNames(in: disk.path).filter { $0.hasSuffix(".gz") }.count
    }

    private mutating func work(_ writer: DecisionLogWriter) {
        switch random.below(10) {
        case 0...4:
            for _ in 0...random.below(4) {
                written += 1
                var text = Array(#""kind":"payment","n":\#(written),"pad":""#.utf8)
                text += [UInt8](repeating: UInt8(ascii: "x"), count: random.below(random.chance(0.1) ? 900 : 120))
                text.append(UInt8(ascii: "\""))
                bodies.append(text)
                _ = writer.append(sequence: UInt64(bodies.count), body: text.span)
            }
            commit(writer)
        case 5: commit(writer)
        case 6:
            let end = writer.health.recordedThrough
            let isRestFlushed = writer.finisher.failures.unflushed == 0
            writer.sync()
            if case .interval = sync, isRestFlushed, !disk.isDead { durable = max(durable, end) }
        case 7:
            if let mark = writer.mark, let settled = writer.settle(mark), !disk.isDead { self.mark = settled }
        default: _ = disk.workOnce()
        }
        if !writer.health.isRecording && !disk.isDead && random.chance(0.5) { writer.retry() }
        tally.failedFlushes = max(tally.failedFlushes, disk.failedFlushes)
    }

    private mutating func commit(_ writer: DecisionLogWriter) {
        let last = UInt64(bodies.count)
        guard writer.commit(through: last) else { return }
        acknowledged = max(acknowledged, last)
        if sync == .always { durable = max(durable, last) }
    }
}

@Suite struct CrashTests {
    let folder = LogTestFolder()

    private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    @Test(arguments: [LogOptions.Sync.always, .interval(milliseconds: 3_600_000), .never])
    func `whatever a crash leaves behind, the log opens with all that it promised and nothing else`(
        sync: LogOptions.Sync
    ) throws {
        let first = UInt64(Self.number("SHROFF_SEED") ?? 1)
        let goal = Self.number("SHROFF_CRASHES") ?? 150
        // In memory where there is such a folder: flushes are simulated, and the real ones would only take time.
        let root = access("/dev/shm", W_OK) == 0 ? "/dev/shm/shroff-crash-\(getpid())-\(first)-\(sync)" : folder.path
        mkdir(root, 0o755)
        defer { LogTestFolder.remove(root) }
        var total = CrashRun.Tally()
        var seed = first
        while total.crashes < goal {
            let path = root + "/log"
            var run = CrashRun(sync, path, seed: seed)
            for life in 0..<25 {
                do {
                    try run.life()
                } catch {
                    let synced = SyncMark.read(in: LogFolder(path: path))
                    Issue.record(
                        """
                        SHROFF_SEED=\(seed), sync \(sync), life \(life): \(error)
                        \(String(describing: synced)), now \(run.disk.operations.bootName()), \
                        files \(((try? fileNames(in: path)) ?? []).suffix(9)) \(run.disk.lastDeath)
                        """)
                    return
                }
            }
            total.crashes += run.tally.crashes
            total.powerLosses += run.tally.powerLosses
            total.duringRecovery += run.tally.duringRecovery
            total.records += run.tally.records
            total.compressed += run.tally.compressed
            total.setAside += run.tally.setAside
            total.laterSegments += run.tally.laterSegments
            total.failedFlushes += run.tally.failedFlushes
            total.marksUsed += run.tally.marksUsed
            LogTestFolder.remove(path)
            seed += 1
        }
        print("sync \(sync), seeds \(first)..<\(seed): \(total)")
        #expect(total.duringRecovery > 0 && total.compressed > 0 && total.setAside > 0 && total.marksUsed > 0)
        #expect(sync != .always || total.failedFlushes > 0)
    }
}
