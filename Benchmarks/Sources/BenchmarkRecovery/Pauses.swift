// How long single payments take, and a snapshot that is written meanwhile.

import DecisionLog
import Glibc
import Platform
import Service
import Synchronization

struct Pauses {
    /// The payments right behind a copy, which meet most pages that must be copied.
    static let firstCount = 1_000

    private static let longestCount = 5

    private var elapsed: [UInt64] = []
    /// Of the processor, which tells what others on the machine had no part in; but a virtual machine that the host did not
    /// run meanwhile counts that time too.
    private var processor: [UInt64] = []
    /// Pages of memory that the payment was the first to touch: none of a long one's tells that it copied nothing.
    private var faults: [Int] = []

    var count: Int { elapsed.count }

    mutating func measure(_ body: () throws -> Void) rethrows {
        let faultsBefore = Self.pageFaults()
        let started = (nanoseconds(), nanoseconds(CLOCK_THREAD_CPUTIME_ID))
        try body()
        let ended = (nanoseconds(), nanoseconds(CLOCK_THREAD_CPUTIME_ID))
        // Behind both clocks: these arrays grow, too.
        faults.append(Self.pageFaults() - faultsBefore)
        elapsed.append(ended.0 - started.0)
        processor.append(ended.1 - started.1)
    }

    private static func pageFaults() -> Int {
        var usage = rusage()
        // RUSAGE_THREAD, a macro that is not imported.
        getrusage(__rusage_who_t(1), &usage)
        return usage.ru_minflt
    }

    /// The payments that took the processor longest.
    var longest: String {
        processor.indices.sorted { processor[$0] > processor[$1] }.prefix(Self.longestCount).map { place in
            "number \(place + 1) \(processor[place] / 1_000) us of \(elapsed[place] / 1_000), \(faults[place]) page faults"
        }.joined(separator: "; ")
    }

    var summary: String { "\(Self.summary(elapsed)); on the processor \(Self.summary(processor))" }
    var firstSummary: String {
        let (elapsed, processor) = (elapsed.prefix(Self.firstCount), processor.prefix(Self.firstCount))
        return "\(Self.summary(Array(elapsed))); on the processor \(Self.summary(Array(processor)))"
    }

    private static func summary(_ times: [UInt64]) -> String {
        let sorted = times.sorted()
        func microseconds(_ share: Double) -> Double {
            Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1_000
        }
        let slow = [1, 5].map { milliseconds in
            "\(sorted.filter { $0 > UInt64(milliseconds) * 1_000_000 }.count) above \(milliseconds) ms"
        }
        return "\(sorted.count), p50 \(microseconds(0.5)) us, p99 \(microseconds(0.99)) us, "
            + "p99.9 \(microseconds(0.999)) us, longest \(microseconds(1)) us, " + slow.joined(separator: ", ")
    }
}

/// A snapshot on its way to the disk, on a thread that stands back.
final class BackgroundWrite: Sendable {
    private struct State {
        var source: SnapshotSource?
        var result: Result<Int, BenchmarkFailure>?
        var finishedAt: UInt64 = 0
    }

    private let state: Mutex<State>

    init(_ opened: OpenedLog, _ source: SnapshotSource) {
        state = Mutex(State(source: source))
        Task.detached { [self] in
            LowPriorityWork.run { self.write(opened) }
            self.state.withLock { $0.source = nil }
        }
    }

    private func write(_ opened: OpenedLog) {
        guard let source = state.withLock({ $0.source }) else { return }
        let result: Result<Int, BenchmarkFailure>
        do {
            result = .success(try opened.keepSnapshot(source) ?? 0)
        } catch {
            result = .failure(BenchmarkFailure("\(error)"))
        }
        state.withLock { state in
            state.result = result
            state.finishedAt = nanoseconds()
        }
    }

    var isDone: Bool { state.withLock { $0.result != nil } }
    var finishedAt: UInt64 { state.withLock { $0.finishedAt } }

    func bytes() throws -> Int {
        try state.withLock { $0.result ?? .failure(BenchmarkFailure("not done")) }.get()
    }
}
