// Where a process began, and where a reload came: the replay does at that record what the service did. A process that
// begins knows what the log before it says, by the histories that it was configured with; so does the replay.

import DecisionLog
import Platform
import Scoring

extension LogReplay {
    /// A process began: nothing of a plan before is left, histories that reloads had added know everything.
    mutating func start(_ told: ConfigurationRecord, _ record: LogRecord, at now: Int64) throws(ReplayError) {
        let (assembly, limits) = try configurations.assembly(for: told, sequence: record.sequence)
        var fresh = Sequencer(core: assembly.makeCore(limits: limits))
        let earlier = sequencer.take()
        if let earlier, earlier.core.isStateWhole, Self.identity(earlier) == Self.identity(fresh) {
            fresh.state = earlier.state
        } else if tally.startedAfter > 0 {
            throw .noHistory(sequence: record.sequence)
        } else if record.sequence > 1 {
            try restore(&fresh, before: record.sequence)
        }
        fresh.resume(told, at: now)
        fresh.skip(through: record.sequence)
        tally.starts += 1
        sequencer = fresh
    }

    private static func identity(_ sequencer: borrowing Sequencer) -> SHA256Digest {
        sequencer.core.plan.stateIdentity(limits: sequencer.core.limits)
    }

    /// Takes in all records before one, as a start without a snapshot does.
    private func restore(_ fresh: inout Sequencer, before sequence: UInt64) throws(ReplayError) {
        var restorer = LogRestorer()
        do throws(LogError) {
            var earlier = try LogReader(directory: request.logDirectory)
            while earlier.nextSequence < sequence, let record = try earlier.next() {
                do {
                    try restorer.restore(record, into: &fresh)
                } catch {
                    throw LogError.refused(sequence: record.sequence, reason: "\(error)")
                }
            }
        } catch {
            throw .log(error)
        }
    }

    /// The beginning of the log is gone: the oldest snapshot that leads into it stands in.
    mutating func beginWithSnapshot(firstSequence: UInt64) throws(ReplayError) {
        let folder = StateFolder(dataDirectory: request.dataDirectory)
        var refused: [RefusedSnapshot] = []
        for sequence in ((try? folder.sequences()) ?? []).reversed() {
            let path = folder.path(of: sequence)
            do {
                try begin(with: SnapshotFile.Reading(path))
                return
            } catch {
                refused.append(RefusedSnapshot(path: path, reason: "\(error)"))
            }
        }
        throw .noBeginning(firstSequence: firstSequence, refused: refused)
    }

    private mutating func begin(with snapshot: SnapshotFile.Reading) throws {
        var snapshot = snapshot
        let header = snapshot.header
        let behind = try LogReader(directory: request.logDirectory, after: LogMark(header))
        let told = try ConfigurationRecord(header.configuration.span)
        let (assembly, limits) = try configurations.assembly(for: told, sequence: header.sequence)
        var fresh = Sequencer(core: assembly.makeCore(limits: limits))
        fresh.state = try snapshot.state(plan: assembly.plan, limits: limits)
        fresh.resume(under: header.configuration)
        if told.isGoverned { fresh.resumeGovernor(at: header.takenAtNanoseconds) }
        log = behind
        sequencer = fresh
        tally.startedAfter = header.sequence
    }

    mutating func reload(_ told: ConfigurationRecord, _ record: LogRecord, at now: Int64) throws(ReplayError) {
        let (assembly, _) = try configurations.assembly(for: told, sequence: record.sequence)
        guard var sequencer = sequencer.take() else {
            throw .noConfiguration(sequence: record.sequence, kept: told.kept)
        }
        sequencer.skip(through: record.sequence - 1)
        do throws(ReloadError) {
            _ = try sequencer.replacePlan(
                assembly.plan, model: assembly.model, costs: assembly.costs, kept: told.kept, at: now
            ) { _, _ in nil }
        } catch {
            throw .reload(sequence: record.sequence, error)
        }
        _ = sequencer.takeRetired()
        self.sequencer = sequencer
        tally.reloads += 1
    }
}

extension LogRecord {
    var reference: RecordReference {
        RecordReference(segment: position.segment, offset: position.offset, length: position.length)
    }
}
