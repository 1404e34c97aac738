// WriterState.swift: what the writer keeps under its lock, and the work that the leading thread does outside of it:
// opening a segment, writing a batch, flushing. Whoever leads owns the open segment until it gives the turn back.
import Glibc
import Platform

/// Everything behind the writer's lock.
struct WriterState: Sendable {
    struct Failure: Sendable {
        var since: Int64
        var reason: String
    }

    /// What the leading thread does next.
    enum Work {
        /// Writes a batch, into the open segment when it is the batch's.
        case write(Batch, SegmentFile?, flushesFolder: Bool)
        /// Begins a segment to find out whether the disk is back, since nothing waits to be written.
        case begin(UInt64)

        var batch: Batch? {
            if case .write(let batch, _, _) = self { batch } else { nil }
        }
    }

    var pending: PendingRecords
    /// The segment that is written to, and how far records stand in it.
    var file: SegmentFile?
    var fileLength: UInt64 = 0
    /// Whether a thread has the turn to write, and since when it is at its piece of work (monotonic).
    var isLed = false
    var ledSince: UInt64 = 0
    var failure: Failure?
    /// Nobody tries a failing disk before this (monotonic).
    var retryAt: UInt64 = 0
    var isRetryScheduled = false
    var isSyncScheduled = false
    /// Whether the folder holds a new name that was not flushed.
    var isFolderUnflushed = false
    var syncFailures: UInt64 = 0
    var isClosed = false

    mutating func take(at now: UInt64) {
        isLed = true
        ledSince = now
    }

    /// What the leading thread does next; when there is nothing, the turn is free again.
    mutating func nextWork() -> Work? {
        ledSince = Clock.monotonicNanoseconds()
        if let batch = pending.beginFlight() { return .write(batch, file, flushesFolder: isFolderUnflushed) }
        if failure != nil && file == nil { return .begin(pending.firstUnrecorded) }
        isLed = false
        return nil
    }
}

/// What came of a piece of work.
struct WriteOutcome {
    struct Problem {
        var reason: String
        /// Set when the segment must not be written to again, because a flush of it failed.
        var givenUpSegment: UInt64?
        /// The bytes of that segment that were recorded before.
        var soundBytes: UInt64 = 0
    }

    var file: SegmentFile?
    var length: UInt64 = 0
    var madeFile = false
    var flushedFolder = false
    var problem: Problem?

    mutating func fail(_ operation: String, _ path: String, _ code: Int32) {
        problem = Problem(reason: "\(operation) \(path): \(PlatformError.text(of: code))")
    }
}

extension DecisionLogWriter {
    /// Does a piece of work on the disk; the caller has the turn and not the lock.
    func perform(_ work: WriterState.Work) -> WriteOutcome {
        var outcome = WriteOutcome()
        switch work {
        case .begin(let first):
            guard create(first, &outcome), let file = outcome.file else { return outcome }
            if options.sync != .never { flush(file, soundBytes: 0, flushesFolder: true, &outcome) }
        case .write(let batch, let file, let flushesFolder):
            outcome.file = file
            if let full = file, full.first != batch.segment {
                finisher.finish(full)
                outcome.file = nil
            }
            guard outcome.file != nil || create(batch.segment, &outcome), let file = outcome.file else {
                return outcome
            }
            guard write(batch, to: file, &outcome) else { return outcome }
            outcome.length = batch.offset + UInt64(batch.bytes.count)
            if options.sync == .always {
                flush(
                    file, soundBytes: batch.offset, flushesFolder: flushesFolder || outcome.madeFile, &outcome)
            }
        }
        return outcome
    }

    private func create(_ first: UInt64, _ outcome: inout WriteOutcome) -> Bool {
        let path = folder.plainPath(first)
        var descriptor = operations.create(path)
        if descriptor == -EEXIST, operations.rename(path, folder.tornPath(first)) == 0 {
            descriptor = operations.create(path)  // what stood there was given up; its records are still in memory
        }
        guard descriptor >= 0 else {
            outcome.fail("making", path, -descriptor)
            return false
        }
        outcome.file = SegmentFile(descriptor: descriptor, first: first)
        outcome.madeFile = true
        return true
    }

    /// Writes the whole batch at its place. What a refused write left is cut off again; where even that is refused, the
    /// next attempt writes the same bytes over it.
    private func write(_ batch: Batch, to file: SegmentFile, _ outcome: inout WriteOutcome) -> Bool {
        var done = 0
        while done < batch.bytes.count {
            let count = batch.bytes.withUnsafeBytes { bytes in
                operations.write(
                    file.descriptor, UnsafeRawBufferPointer(rebasing: bytes[done...]), batch.offset + UInt64(done))
            }
            if count > 0 {
                done += count
            } else if count != -Int(EINTR) {
                _ = operations.truncate(file.descriptor, batch.offset)
                outcome.fail("writing", folder.plainPath(file.first), count == 0 ? ENOSPC : Int32(-count))
                return false
            }
        }
        return true
    }

    /// Flushes the segment, and the folder when its name is new. When that fails the segment is cut back to what was
    /// sound before and left; an empty one is removed, for its name will be made again.
    private func flush(
        _ file: SegmentFile, soundBytes: UInt64, flushesFolder: Bool, _ outcome: inout WriteOutcome
    ) {
        var code = operations.flush(file.descriptor)
        if code >= 0 && flushesFolder {
            code = operations.flushFolder(folder.path)
            outcome.flushedFolder = code >= 0
        }
        guard code < 0 else { return }
        let path = folder.plainPath(file.first)
        outcome.fail("flushing", path, -code)
        outcome.problem?.givenUpSegment = file.first
        outcome.problem?.soundBytes = soundBytes
        outcome.file = nil
        if soundBytes == 0 {
            _ = operations.remove(path)
        } else {
            _ = operations.truncate(file.descriptor, soundBytes)
            finisher.finish(file)
        }
    }
}
