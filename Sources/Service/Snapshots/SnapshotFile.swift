// A snapshot on the disk: written whole or not at all, read with every byte checked.

import DecisionLog
import HTTP
import Platform
import Scoring

/// Why a core can't be copied for a snapshot now.
enum SnapshotObstacle: Error {
    /// The log has no record of its last input, or not yet: a snapshot must not be ahead of it.
    case notRecorded
    /// Histories stand in parts since a reload; the next start makes one of them.
    case inParts
}

/// A copy of a core at one place of the sequence, with all that its snapshot says.
public struct SnapshotSource: Sendable {
    let state: CoreState
    /// Of the last record that is in the state.
    let mark: LogMark
    let plan: ScoringPlan
    /// What the log's last configuration record says.
    let configuration: [UInt8]
    let limits: CoreLimits

    /// Copies what the sequencer knows.
    ///
    /// The caller holds the sequencer, so that nothing is appended meanwhile.
    init(of sequencer: borrowing Sequencer, _ log: DecisionLogWriter) throws(SnapshotObstacle) {
        guard sequencer.core.isStateWhole else { throw .inParts }
        guard let mark = log.mark, mark.sequence == sequencer.core.sequence else { throw .notRecorded }
        state = sequencer.state
        self.mark = mark
        plan = sequencer.core.plan
        configuration = sequencer.lastConfiguration
        limits = sequencer.core.limits
    }

    func header(_ mark: LogMark) -> SnapshotHeader {
        SnapshotHeader(
            sequence: mark.sequence,
            reference: RecordReference(mark.position),
            chain: mark.chain, takenAtNanoseconds: WallClock.nanosecondsSince1970(),
            identity: plan.stateIdentity(limits: limits),
            configuration: configuration)
    }
}

enum SnapshotFile {
    /// Writes a state into a file of its own.
    ///
    /// - Parameter relocations: Of the log, behind the commit of the state's last record.
    /// - Returns: The bytes of the file.
    static func write(
        _ state: CoreState, _ header: SnapshotHeader, _ relocations: LogRelocations, in folder: StateFolder
    ) throws(PlatformError) -> Int {
        try makeDirectory(folder.path, mode: 0o700)
        let file = try NewFile(folder.path(of: header.sequence), mode: StateFolder.fileMode)
        var encoder = StateEncoder { (bytes) throws(PlatformError) in try file.write(bytes) }
        try state.write(header, to: &encoder) { RecordReference(relocations.resolve(LogPosition($0))) }
        try file.commit()
        return file.byteCount
    }

    /// A file that is being read: its header is known, its state not yet.
    struct Reading {
        let header: SnapshotHeader
        private var decoder: StateDecoder

        init(_ path: String) throws(StateError) {
            let file: OldFile
            do throws(PlatformError) {
                file = try OldFile(path)
            } catch {
                throw .platform(error)
            }
            decoder = StateDecoder { (bytes) throws(PlatformError) in try file.read(into: &bytes) }
            header = try SnapshotHeader(from: &decoder)
        }

        mutating func state(plan: ScoringPlan, limits: CoreLimits) throws(StateError) -> CoreState {
            try CoreState(header, plan: plan, limits: limits, from: &decoder)
        }
    }
}

extension RecordReference {
    init(_ position: LogPosition) {
        self.init(segment: position.segment, offset: position.offset, length: position.length)
    }
}

extension LogMark {
    init(_ header: SnapshotHeader) {
        self.init(sequence: header.sequence, position: LogPosition(header.reference), chain: header.chain)
    }
}
