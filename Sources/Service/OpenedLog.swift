// The log of a data folder, opened for writing, with what it holds taken back into a sequencer. A service opens it so,
// and a batch over files does, so that one can go on where the other stopped.

import DecisionLog
import HTTP
import Platform
import Scoring

/// What a restart took back in.
public struct Recovery: Sendable {
    /// `report.startedAfter` is the sequence number of the snapshot that was used; 0 where none was.
    public let report: RecoveryReport
    /// Payments among the records behind the snapshot.
    public let payments: UInt64
    /// In all, and of it for the snapshot.
    public let seconds: Double
    public let snapshotSeconds: Double
    /// Newer snapshots that could not be used.
    public let refused: [RefusedSnapshot]
}

public struct OpenedLog: Sendable {
    public let log: DecisionLogWriter
    public let recovery: Recovery
    /// Where snapshots are kept; nil where none are to be.
    private let stateFolder: StateFolder?
    /// The mark of the snapshot that was used.
    let startedAfter: LogMark?
    private let kept: KeptConfigurations

    /// Opens `log` in the configuration's data folder, which is made when it is not there.
    ///
    /// - Parameters:
    ///   - sequencer: Takes in the newest snapshot and every record behind it, in order.
    ///   - isWholeLogChecked: Whether the records before the snapshot are checked now, too. Who does not ask for it checks
    ///     them later (`EarlierLog`).
    public static func open(
        _ configuration: ServiceConfiguration, restoring sequencer: inout Sequencer, isWholeLogChecked: Bool = false
    ) throws(ServiceError) -> OpenedLog {
        try open(configuration, restoring: &sequencer, isWholeLogChecked: isWholeLogChecked, disk: .system)
    }

    /// The same on a disk of the caller's choice.
    static func open(
        _ configuration: ServiceConfiguration, restoring sequencer: inout Sequencer, isWholeLogChecked: Bool,
        disk: FileOperations
    ) throws(ServiceError) -> OpenedLog {
        let started = MonotonicClock.nanoseconds()
        var restorer = LogRestorer()
        let folder = StateFolder(dataDirectory: configuration.dataDirectory)
        var snapshots = StateRecovery(folder)
        var mark: LogMark?
        do throws(LogError) {
            let (log, report) = try DecisionLogWriter.open(
                directory: configuration.dataDirectory + "/log", options: configuration.log,
                operations: disk,
                startingAfter: { log in
                    let (plan, limits) = (sequencer.core.plan, sequencer.core.limits)
                    guard let found = snapshots.newest(plan: plan, limits: limits, log: log) else { return nil }
                    let end = LogMark(found.header)
                    let logDirectory = configuration.dataDirectory + "/log"
                    // Where it is damaged the reading from its front says so, and stops the start.
                    if isWholeLogChecked, EarlierLog.read(logDirectory, through: end) != .sound { return nil }
                    sequencer.state = found.state
                    sequencer.resume(under: found.header.configuration)
                    mark = end
                    return end
                },
                onRecord: { record in try restorer.restore(record, into: &sequencer) })
            let seconds = Double(MonotonicClock.nanoseconds() - started) / 1e9
            return OpenedLog(
                log: log,
                recovery: Recovery(
                    report: report, payments: restorer.payments, seconds: seconds, snapshotSeconds: snapshots.seconds,
                    refused: snapshots.refused),
                stateFolder: configuration.snapshots.everyNanoseconds == nil ? nil : folder, startedAfter: mark,
                kept: KeptConfigurations(dataDirectory: configuration.dataDirectory))
        } catch {
            if let failure = restorer.failure { throw failure }
            throw .log(error)
        }
    }

    /// Keeps what the sequencer knows, so that the next start has it from there. The log is to be open and hold all of it.
    ///
    /// - Returns: The bytes of the snapshot; nil where the log does not hold it, or no snapshots are configured.
    @discardableResult
    public func keepSnapshot(of sequencer: borrowing Sequencer) throws(ServiceError) -> Int? {
        guard let source = copy(of: sequencer) else { return nil }
        return try keepSnapshot(source)
    }

    /// Copies what the sequencer knows, in microseconds; nil where the log does not hold it.
    public func copy(of sequencer: borrowing Sequencer) -> SnapshotSource? { try? SnapshotSource(of: sequencer, log) }

    /// Writes a copy down.
    ///
    /// - Returns: The bytes of the snapshot; nil where the log does not hold it, or no snapshots are configured.
    public func keepSnapshot(_ source: SnapshotSource) throws(ServiceError) -> Int? {
        guard let folder = stateFolder, let mark = log.settle(source.mark) else { return nil }
        do throws(PlatformError) {
            let bytes = try SnapshotFile.write(source.state, source.header(mark), log.relocations, in: folder)
            try folder.remove(recovery.refused.map(\.path), butNot: mark.sequence)
            try folder.removeOlder(than: mark.sequence)
            return bytes
        } catch {
            throw .data(error)
        }
    }

    /// A configuration that differs from the last one in the log gets a record of its own, before any payment. One that the
    /// governor took out of service stays out until it is mended. Its files are kept beside the log.
    ///
    /// - Returns: Why the files could not be kept; nil where they are.
    @discardableResult
    public func recordConfiguration(
        of assembly: Assembly, _ sequencer: inout Sequencer, receivedAtNanoseconds: Int64
    ) -> PlatformError? {
        if RecordDigests(plan: assembly.plan, model: assembly.model).areSuspended(in: sequencer.lastConfiguration) {
            sequencer.resumeGovernor(at: receivedAtNanoseconds)
        }
        let kept = kept.keep(assembly)
        guard
            let sequence = sequencer.begin(
                kept: kept.name, at: receivedAtNanoseconds, append: { sequence, body in log.put(sequence, body) })
        else { return kept.problem }
        _ = log.commit(through: sequence)
        return kept.problem
    }
}

extension DecisionLogWriter {
    /// Puts a record in line and says where it will stand; nil where there is no room for it.
    public func put(_ sequence: UInt64, _ body: Span<UInt8>) -> RecordReference? {
        switch append(sequence: sequence, body: body) {
        case .appended(let position):
            RecordReference(segment: position.segment, offset: position.offset, length: position.length)
        case .dropped: nil
        }
    }
}

/// Takes records back into a sequencer, in order.
struct LogRestorer {
    private var reader = RecordReader()
    private(set) var payments: UInt64 = 0
    private(set) var failure: ServiceError?

    mutating func restore(_ record: LogRecord, into sequencer: inout Sequencer) throws {
        do throws(RecordError) {
            let parts = try reader.read(record.line.span)
            let position = record.position
            sequencer.restore(
                parts, reader.payment,
                at: RecordReference(segment: position.segment, offset: position.offset, length: position.length))
            if let gap = record.gapThrough { sequencer.skip(through: gap) }
            if parts.kind == .payment { payments += 1 }
            if parts.kind == .config, let object = parts.object {
                sequencer.lastConfiguration = Array(record.line[object])
            }
        } catch {
            failure = .record(sequence: record.sequence, error)
            throw error
        }
    }
}
