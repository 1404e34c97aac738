// DecisionLogWriter.swift: the writing side. `append` moves a record into memory and makes its chain; `commit` gives
// what waits to the kernel. Of the threads that call `commit` at once one leads: it writes everything that waits, in one
// write, and the others, whose records went with it, wake up done. A disk that refuses stops nobody: `commit` says false
// at once, the records stay, and one attempt every `retryMilliseconds` finds out when it takes them again. Nor does a
// disk that stalls: with `sync: always` a thread of the log's own writes and flushes, and who waits for it names a time.
//
//   commit(through: 7, by: t) ──▶ recorded by t ──▶ true
//                             └─▶ t is over, or the disk has been silent for longer than its patience ──▶ false
import Dispatch
import Glibc
import Platform

/// Appends records to the log of one folder. Any thread may call any method.
public final class DecisionLogWriter: Sendable {
    /// A disk that has not answered for so long is reported as failing, and nobody with a deadline waits for it any more.
    static let patienceNanoseconds: UInt64 = 250_000_000

    /// The folder, as it was given.
    public let directory: String
    public let options: LogOptions

    let folder: LogFolder
    let operations: FileOperations
    let monitor: Monitor<WriterState>
    let finisher: SegmentFinisher
    private let lock: FolderLock
    let syncMark: SyncMark
    private let timers = DispatchQueue(label: "decision-log.timers")
    /// Where `sync: always` writes and flushes.
    private let leaders = DispatchQueue(label: "decision-log.writer", qos: .userInteractive)

    init(
        folder: LogFolder, options: LogOptions, operations: FileOperations, lock: FolderLock,
        finisher: SegmentFinisher, syncMark: SyncMark, state: WriterState
    ) {
        directory = folder.path
        self.folder = folder
        self.options = options
        self.operations = operations
        self.lock = lock
        self.finisher = finisher
        self.syncMark = syncMark
        monitor = Monitor(state)
    }

    // MARK: Recording

    /// Puts a record in line behind the one before it. Memory only; `commit` makes it last.
    ///
    /// - Parameters:
    ///   - sequence: One more than the sequence number before; 1 is the first of an empty folder.
    ///   - body: The record's members as JSON without braces and line breaks: `"kind":"payment","amount":5`. The kind
    ///     "gap" is the log's own.
    /// - Returns: Where the record will lie, or that there was no room for it (or the log is closed).
    /// - Complexity: one copy and one SHA-256 of the body.
    public func append(sequence: UInt64, body: Span<UInt8>) -> AppendResult {
        precondition(!containsNewline(body), "record \(sequence) has a line break in it")
        return monitor.withLock { state in
            state.isClosed ? .dropped : state.pending.append(sequence: sequence, body: body)
        }
    }

    private func containsNewline(_ body: Span<UInt8>) -> Bool {
        body.withUnsafeBytes { bytes in
            bytes.baseAddress.map { memchr($0, 0x0a, bytes.count) != nil } ?? false
        }
    }

    private enum Turn {
        case recorded
        case refused
        case lead
    }

    /// Gives the kernel all records up to `sequence`, or joins the thread that is doing so. Waits as long as the disk takes.
    ///
    /// - Returns: Whether the kernel has the record (and with `.always`, the disk). False means that the disk refuses, or
    ///   that the record was dropped; a record in line stays there and is recorded when the disk takes it again.
    public func commit(through sequence: UInt64) -> Bool {
        finish(monitor.await { state in self.turn(&state, through: sequence, isPatient: true) }, sequence)
    }

    /// The same for one who has other things to do: waits until `deadline`, and for no disk that has been silent for longer
    /// than `patienceNanoseconds`. With another `sync` than `.always` records go into the kernel's memory: that takes
    /// microseconds or the machine is busy, so only the patience counts, and the caller may itself be the one who writes.
    ///
    /// - Parameter deadline: By CLOCK_MONOTONIC, in nanoseconds.
    /// - Returns: As above; false also where the disk has not said so in time. Such a record may yet be recorded.
    public func commit(through sequence: UInt64, by deadline: UInt64) -> Bool {
        let patient = Clock.monotonicNanoseconds() + Self.patienceNanoseconds
        let last = options.sync == .always ? min(deadline, patient) : patient
        let turn = monitor.await(until: last) { state in self.turn(&state, through: sequence, isPatient: false) }
        return finish(turn ?? .refused, sequence)
    }

    /// What a caller of `commit` does now; nil to wait.
    private func turn(_ state: inout WriterState, through sequence: UInt64, isPatient: Bool) -> Turn? {
        if state.pending.isDropped(sequence) { return .refused }
        if sequence <= state.pending.recordedThrough { return .recorded }
        if state.isClosed || sequence >= state.pending.nextSequence { return .refused }
        let now = Clock.monotonicNanoseconds()
        if state.isLed {
            let isSilent = now > state.ledSince && now - state.ledSince > Self.patienceNanoseconds
            return state.failure != nil || (isSilent && !isPatient) ? .refused : nil
        }
        if now < state.retryAt { return .refused }
        state.take(at: now)
        guard options.sync == .always else { return .lead }
        leaders.async { self.lead(through: .max) }
        return nil
    }

    private func finish(_ turn: Turn, _ sequence: UInt64) -> Bool {
        switch turn {
        case .recorded: return true
        case .refused: return false
        case .lead:
            lead(through: sequence)
            return monitor.withLock { state in
                sequence <= state.pending.recordedThrough && !state.pending.isDropped(sequence)
            }
        }
    }

    /// Reads the line of a record (without its newline), wherever it is by now: in memory, in a segment, or in a
    /// compressed one, which is inflated up to the record.
    public func read(_ position: LogPosition) throws(LogError) -> [UInt8] {
        let (place, line) = monitor.withLock { state in
            let place = state.pending.resolve(position)
            return (place, state.pending.line(at: place))
        }
        if let line { return line }
        return try folder.readLine(at: place)
    }

    /// What the log says of itself now.
    public var health: LogHealth {
        let finished = finisher.failures
        let now = Clock.monotonicNanoseconds()
        return monitor.withLock { state in
            var report = LogHealth(
                state: .recording, pendingBytes: state.pending.pendingBytes,
                droppedRecords: state.pending.droppedRecords, recordedThrough: state.pending.recordedThrough,
                appendedThrough: state.pending.nextSequence - 1,
                syncFailures: state.syncFailures + finished.flushes, compressionProblem: finished.compression)
            if let failure = state.failure {
                report.state = .failing(sinceNanoseconds: failure.since, reason: failure.reason)
            } else if state.isLed, now > state.ledSince, now - state.ledSince > Self.patienceNanoseconds {
                let stalled = now - state.ledSince
                report.state = .failing(
                    sinceNanoseconds: Clock.nanosecondsSince1970() - Int64(stalled),
                    reason: "the disk has not answered for \(stalled / 1_000_000) ms")
            }
            return report
        }
    }

    /// Records what waits, flushes it, waits for the compression of full segments, and gives the folder free. What the
    /// disk refuses now is lost; the answers for it said so.
    ///
    /// - Returns: Whether everything was recorded and flushed.
    @discardableResult
    public func close() -> Bool {
        let isFirst = monitor.await { state -> Bool? in
            if state.isClosed { return false }
            if state.isLed { return nil }
            state.take(at: Clock.monotonicNanoseconds())
            state.isClosed = true
            return true
        }
        guard isFirst else { return false }
        lead(through: .max)
        let (file, isEmpty, flushesFolder, length) = monitor.withLock { state in
            (state.file, state.pending.isEmpty, state.isFolderUnflushed, state.fileLength)
        }
        var isFlushed = true
        if let file, options.sync != .never { isFlushed = operations.flush(file.descriptor) >= 0 }
        if isFlushed, flushesFolder, options.sync != .never { isFlushed = operations.flushFolder(folder.path) >= 0 }
        finisher.waitUntilIdle()
        if let file, isFlushed, options.sync != .never, finisher.failures.unflushed == 0 {
            syncMark.advance(to: file.first, length)
        }
        monitor.withLock { $0.file = nil }
        lock.release()
        return isEmpty && isFlushed
    }

    // MARK: Leading

    /// Writes batch after batch until `sequence` is recorded, nothing waits or the disk refuses; then gives the turn
    /// back, under the same lock as the outcome is entered: a retry that fires meanwhile would find the turn taken, and
    /// nobody left to try again. The caller has the turn.
    private func lead(through sequence: UInt64) {
        var work = monitor.withLock { $0.nextWork() }
        while let next = work {
            let outcome = perform(next)
            work = monitor.withLock { state in
                let goesOn = settle(outcome, of: next, in: &state) && state.pending.recordedThrough < sequence
                if goesOn { return state.nextWork() }
                state.isLed = false
                return nil
            }
            monitor.broadcast()
        }
        monitor.broadcast()
    }

    /// Enters what came of a piece of work; true when it was done.
    private func settle(_ outcome: WriteOutcome, of work: WriterState.Work, in state: inout WriterState) -> Bool {
        state.file = outcome.file
        if outcome.madeFile { state.isFolderUnflushed = true }
        if outcome.flushedFolder { state.isFolderUnflushed = false }
        if work.batch != nil {
            if outcome.problem == nil { state.pending.endFlight() } else { state.pending.abortFlight() }
        }
        guard let problem = outcome.problem else {
            state.fileLength = outcome.length
            state.failure = nil
            state.retryAt = 0
            scheduleSync(&state)
            return true
        }
        if let givenUp = problem.givenUpSegment {
            state.syncFailures += 1
            state.pending.giveUp(segment: givenUp, behind: problem.soundBytes)
        }
        fail(problem.reason, in: &state)
        return false
    }

    private func fail(_ reason: String, in state: inout WriterState) {
        let since = state.failure?.since ?? Clock.nanosecondsSince1970()
        state.failure = WriterState.Failure(since: since, reason: reason)
        let milliseconds = max(1, options.retryMilliseconds)
        state.retryAt = Clock.monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
        guard !state.isRetryScheduled, !state.isClosed else { return }
        state.isRetryScheduled = true
        timers.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in self?.retry() }
    }

    /// Tries a disk that refused, for all that wait.
    func retry() {
        let leads = monitor.withLock { state in
            state.isRetryScheduled = false
            guard state.failure != nil, !state.isLed, !state.isClosed else { return false }
            state.take(at: Clock.monotonicNanoseconds())
            return true
        }
        if leads { lead(through: .max) }
    }

    // MARK: Flushing by interval

    private func scheduleSync(_ state: inout WriterState) {
        let milliseconds: Int
        switch options.sync {
        case .interval(let chosen): milliseconds = chosen
        case .always: milliseconds = SyncMark.intervalMilliseconds
        case .never: return
        }
        guard !state.isSyncScheduled, !state.isClosed else { return }
        state.isSyncScheduled = true
        timers.asyncAfter(deadline: .now() + .milliseconds(max(1, milliseconds))) { [weak self] in self?.sync() }
    }

    /// Flushes the segment, without the turn: records go on being written meanwhile. A flush that failed is not tried
    /// again, for the kernel would call it done: the segment is given up, and a new one begun. With `sync: always` all is
    /// flushed that `fileLength` counts, and only the mark is moved.
    func sync() {
        let (file, length, flushesFolder) = monitor.withLock { state in
            state.isSyncScheduled = false
            if options.sync == .always { return (state.isClosed ? nil : state.file, state.fileLength, false) }
            let flushesFolder = state.isFolderUnflushed
            state.isFolderUnflushed = false
            return (state.isClosed ? nil : state.file, state.fileLength, flushesFolder)
        }
        guard let file else { return }
        // Asked now: a full segment is counted before the one behind it is the open one.
        let isRestFlushed = finisher.failures.unflushed == 0
        var code = options.sync == .always ? 0 : operations.flush(file.descriptor)
        if code >= 0 && flushesFolder { code = operations.flushFolder(folder.path) }
        guard code < 0 else {
            if isRestFlushed || options.sync == .always { syncMark.advance(to: file.first, length) }
            return
        }
        monitor.await { state -> Void? in
            if state.isLed { return nil }  // whoever leads owns the segment
            state.syncFailures += 1
            guard !state.isClosed, state.file === file else { return () }
            finisher.finish(file)
            state.file = nil
            state.pending.giveUp(segment: file.first, behind: state.fileLength)
            fail("flushing \(folder.plainPath(file.first)): \(PlatformError.text(of: -code))", in: &state)
            return ()
        }
    }
}
