// What one loop has counted. Loops share nothing while they run; their tallies are added up at the end. A few atomics
// tell the caller how it goes and the loops when to start and stop.

import Synchronization

struct Tally: Sendable {
    var scheduled: UInt64 = 0
    var answered: UInt64 = 0
    var answeredInWindow: UInt64 = 0
    var answerBytes: UInt64 = 0
    var sentInWindow: UInt64 = 0
    var errors = LoadErrorCounts()
    var statuses = [UInt64](repeating: 0, count: 600)
    var scan = AnswerScan()
    var latency = LatencyHistogram()
    var serviceTime = LatencyHistogram()
    var refusedLatency = LatencyHistogram()
    var overDeadline: UInt64 = 0
    var scheduleLag = LatencyHistogram()
    var waitedForConnection: UInt64 = 0
    var reconnects: UInt64 = 0
    var cpuShare = 0.0

    /// A latency that counts for the percentiles.
    mutating func record(latency nanoseconds: UInt64, deadline: UInt64) {
        latency.record(nanoseconds)
        if nanoseconds > deadline { overDeadline += 1 }
    }

    func add(to report: inout LoadReport) {
        report.scheduled += scheduled
        report.answered += answered
        report.answeredInWindow += answeredInWindow
        report.answerBytes += answerBytes
        report.sentInWindow += sentInWindow
        report.errors.connect += errors.connect
        report.errors.timeouts += errors.timeouts
        report.errors.resets += errors.resets
        report.errors.malformed += errors.malformed
        report.errors.unsent += errors.unsent
        report.errors.abandoned += errors.abandoned
        for (status, count) in statuses.enumerated() where count > 0 { report.statuses[status, default: 0] += count }
        let sources = AnswerScan.named(scan.sourceCounts, AnswerScan.sources)
        report.decisionSources.merge(sources) { $0 + $1 }
        report.decisions.merge(AnswerScan.named(scan.decisionCounts, AnswerScan.decisions)) { $0 + $1 }
        report.degraded += scan.degraded
        report.unrecorded += scan.unrecorded
        report.latency.merge(latency)
        report.serviceTime.merge(serviceTime)
        report.refusedLatency.merge(refusedLatency)
        report.overDeadline += overDeadline
        report.scheduleLag.merge(scheduleLag)
        report.waitedForConnection += waitedForConnection
        report.reconnects += reconnects
        report.generatorCPUShare = max(report.generatorCPUShare, cpuShare)
    }
}

/// What loops and caller tell each other while the test runs. A reader may see one counter before another.
final class LoadBoard: Sendable {
    let sent = Atomic<UInt64>(0)
    let answered = Atomic<UInt64>(0)
    let failed = Atomic<UInt64>(0)
    /// Longest latency since it was last taken, in nanoseconds.
    let worst = Atomic<UInt64>(0)
    /// Loops whose connections have been tried.
    let ready = Atomic<Int>(0)
    /// When the schedule starts on the monotonic clock; 0 until all loops are ready.
    let start = Atomic<UInt64>(0)
    /// When the run was stopped; `max` while it runs.
    let stop = Atomic<UInt64>(.max)
    var isRunning: Bool { stop.load(ordering: .relaxed) == .max }

    func stopNow() {
        stop.store(Clock.nanoseconds(), ordering: .relaxed)
    }

    private let results = Mutex<[Result<Tally, LoadError>]>([])

    func finished(_ result: Result<Tally, LoadError>) {
        results.withLock { $0.append(result) }
    }

    var hasFailure: Bool {
        results.withLock { results in
            results.contains { if case .failure = $0 { true } else { false } }
        }
    }

    var allResults: [Result<Tally, LoadError>] { results.withLock { $0 } }
}
