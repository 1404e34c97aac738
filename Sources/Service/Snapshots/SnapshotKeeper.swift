// Keeps snapshots while payments go on. Under the sequencer's lock the state is only copied, which shares its pages; a thread
// that runs when nobody else wants the core writes the copy down. A page that a payment writes to meanwhile is copied first,
// once. What fails is counted and told, and the next one is tried at its time: scoring does not notice.

import DecisionLog
import Dispatch
import HTTP
import Platform
import Scoring
import Synchronization

/// When snapshots are taken.
public struct SnapshotSchedule: Sendable, Equatable {
    /// nil: never, neither in between nor at the end.
    public var everyNanoseconds: UInt64?
    /// Records after which one is taken sooner.
    public var records: UInt64

    public init(everyNanoseconds: UInt64? = 300_000_000_000, records: UInt64 = 1_000_000) {
        self.everyNanoseconds = everyNanoseconds
        self.records = records
    }

    /// Whether it is time, so many records and nanoseconds after the last attempt. A log that stands still needs none.
    func isDue(recordsSince records: UInt64, nanosecondsSince nanoseconds: UInt64) -> Bool {
        guard let everyNanoseconds, records > 0 else { return false }
        return records >= self.records || nanoseconds >= everyNanoseconds
    }
}

/// What became of a snapshot.
public enum SnapshotEvent: Sendable {
    case written(sequence: UInt64, bytes: Int, seconds: Double)
    case failed(reason: String)
    /// None is taken until the next start, and nothing is wrong.
    case postponed(reason: String)
}

public struct SnapshotStatistics: Sendable, Equatable {
    public var written: UInt64 = 0
    public var failed: UInt64 = 0
    /// Of the newest one, which may be of an earlier run.
    public var sequence: UInt64 = 0
    public var takenAtNanoseconds: Int64 = 0
    public var bytes = 0
    /// From the copy to the file in its place.
    public var seconds = 0.0
    /// How long the copy held the sequencer.
    public var copyNanoseconds: UInt64 = 0
    /// Why the last attempt failed; nil where it did not.
    public var problem: String?
}

final class SnapshotKeeper: Sendable {
    /// Copies the state at one place of the sequence.
    typealias Copy = @Sendable () throws(SnapshotObstacle) -> SnapshotSource

    /// How often the schedule is looked at.
    private static let glanceNanoseconds: UInt64 = 1_000_000_000

    private struct State {
        var statistics = SnapshotStatistics()
        var attemptedSequence: UInt64
        var attemptedAt = MonotonicClock.nanoseconds()
        /// Snapshots that the start could not use: they go when there is a new one, lest one of them be the one before.
        var refused: [RefusedSnapshot]
        var report: (@Sendable (SnapshotEvent) -> Void)?
        var isStopped = false
    }

    let folder: StateFolder
    private let schedule: SnapshotSchedule
    private let log: DecisionLogWriter
    private let copy: Copy
    /// Told of each snapshot that was written, when those before the newest two are gone.
    private let onWritten: @Sendable () -> Void
    private let state: Mutex<State>
    /// One at a time.
    let queue = DispatchQueue(label: "shroff.snapshots")

    /// - Parameter recovery: What this run began with.
    init(
        folder: StateFolder, schedule: SnapshotSchedule, log: DecisionLogWriter, recovery: Recovery,
        onWritten: @escaping @Sendable () -> Void = {}, copy: @escaping Copy
    ) {
        self.folder = folder
        self.schedule = schedule
        self.log = log
        self.copy = copy
        self.onWritten = onWritten
        let sequence = recovery.report.startedAfter
        var state = State(attemptedSequence: sequence, refused: recovery.refused)
        state.statistics.sequence = sequence
        self.state = Mutex(state)
        if schedule.everyNanoseconds != nil { glanceLater() }
    }

    var statistics: SnapshotStatistics { state.withLock { $0.statistics } }

    /// Tells of every snapshot from now on.
    func report(_ report: @escaping @Sendable (SnapshotEvent) -> Void) { state.withLock { $0.report = report } }

    private func glanceLater() {
        let pause = min(Self.glanceNanoseconds, schedule.everyNanoseconds ?? Self.glanceNanoseconds)
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(pause))) { [weak self] in self?.glance() }
    }

    private func glance() {
        let recorded = log.health.appendedThrough
        let (isDue, isStopped) = state.withLock { state in
            let isDue = schedule.isDue(
                recordsSince: recorded - min(recorded, state.attemptedSequence),
                nanosecondsSince: MonotonicClock.nanoseconds() - state.attemptedAt)
            return (isDue, state.isStopped)
        }
        if isStopped { return }
        if isDue { take(isInBackground: true) }
        glanceLater()
    }

    /// Takes the last one, if anything came since the one before and none was refused for it, and no other after it. Nobody
    /// waits for a core any more, so it does not stand back.
    func stop() {
        let wasStopped = state.withLock { state in
            defer { state.isStopped = true }
            return state.isStopped
        }
        guard !wasStopped, schedule.everyNanoseconds != nil else { return }
        queue.sync {
            if log.health.appendedThrough > statistics.sequence { take(isInBackground: false) }
        }
    }

    /// Takes one; on `queue`.
    ///
    /// - Returns: Whether it was written.
    @discardableResult
    func take(isInBackground: Bool) -> Bool {
        let started = MonotonicClock.nanoseconds()
        let source: SnapshotSource?
        do throws(SnapshotObstacle) {
            source = try copy()
        } catch {
            source = nil
            if error == .inParts { return postponed(at: started) }
        }
        let copied = MonotonicClock.nanoseconds()
        state.withLock { state in
            state.attemptedAt = started
            state.attemptedSequence = source?.mark.sequence ?? log.health.appendedThrough
            state.statistics.copyNanoseconds = copied - started
        }
        // Before the low priority: whoever commits writes for payments too.
        guard let source, let mark = log.settle(source.mark) else {
            return failed("the log does not take records, and a snapshot must not be ahead of it")
        }
        let header = source.header(mark)
        let result = write(source, header, isInBackground: isInBackground)
        do throws(PlatformError) {
            let bytes = try result.get()
            let seconds = Double(MonotonicClock.nanoseconds() - started) / 1e9
            written(header, bytes: bytes, seconds: seconds)
            let refused = state.withLock { state in
                defer { state.refused = [] }
                return state.refused
            }
            try folder.remove(refused.map(\.path), butNot: header.sequence)
            try folder.removeOlder(than: header.sequence)
            onWritten()
            return true
        } catch {
            return failed(error.description)
        }
    }

    /// Writes the state on a thread that stands back, but lets go of it on this one: freed pages go back to a heap that
    /// payments share, and a thread that stands back must not hold that heap's lock.
    private func write(
        _ source: SnapshotSource, _ header: SnapshotHeader, isInBackground: Bool
    ) -> Result<Int, PlatformError> {
        let held = SnapshotInHand(source.state)
        let (folder, relocations) = (folder, log.relocations)
        let work: @Sendable () -> Void = {
            guard let state = held.state.withLock({ $0 }) else { return }
            let result: Result<Int, PlatformError>
            do throws(PlatformError) {
                result = .success(try SnapshotFile.write(state, header, relocations, in: folder))
            } catch {
                result = .failure(error)
            }
            held.result.withLock { $0 = result }
        }
        if isInBackground { LowPriorityWork.run(work) } else { work() }
        held.state.withLock { $0 = nil }
        return held.result.withLock { $0 }
    }

    private func written(_ header: SnapshotHeader, bytes: Int, seconds: Double) {
        let report = state.withLock { state in
            state.statistics.written += 1
            state.statistics.sequence = header.sequence
            state.statistics.takenAtNanoseconds = header.takenAtNanoseconds
            state.statistics.bytes = bytes
            state.statistics.seconds = seconds
            state.statistics.problem = nil
            return state.report
        }
        report?(.written(sequence: header.sequence, bytes: bytes, seconds: seconds))
    }

    private func postponed(at started: UInt64) -> Bool {
        let report = state.withLock { state in
            state.attemptedAt = started
            state.attemptedSequence = log.health.appendedThrough
            state.statistics.problem = nil
            return state.report
        }
        report?(.postponed(reason: "histories stand in parts since a reload; the next start makes one of them"))
        return false
    }

    private func failed(_ reason: String) -> Bool {
        let report = state.withLock { state in
            state.statistics.failed += 1
            state.statistics.problem = reason
            return state.report
        }
        report?(.failed(reason: reason))
        return false
    }
}

/// A state on its way to the disk, and what came of it.
private final class SnapshotInHand: Sendable {
    let state: Mutex<CoreState?>
    let result = Mutex(
        Result<Int, PlatformError>.failure(
            PlatformError(operation: "write", path: "a snapshot", reason: "it was not begun")))

    init(_ state: CoreState) { self.state = Mutex(state) }
}
