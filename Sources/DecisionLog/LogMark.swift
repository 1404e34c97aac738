// LogMark.swift: a place behind a record, told so that another log, or this one cut shorter, is not taken for it: the
// record's sequence number, where its line lies, and its chain, which covers every record before it. Whoever keeps a
// state beside the log keeps the mark of the last record that is in it.

/// The end of a record in a log.
public struct LogMark: Sendable, Equatable {
    /// The record's sequence number; of a gap record, the last one that it stands for.
    public var sequence: UInt64
    /// Where the record's line lies.
    public var position: LogPosition
    /// The record's chain, 64 hexadecimal digits.
    public var chain: [UInt8]

    public init(sequence: UInt64, position: LogPosition, chain: [UInt8]) {
        self.sequence = sequence
        self.position = position
        self.chain = chain
    }
}

/// Looks into a log before it is read.
public struct LogProbe: Sendable {
    let directory: String
    /// After a loss of power: how far the log was flushed. Behind it records may be gone before one that is there.
    var synced: SyncedPlace?

    /// Why reading can't begin behind the mark; nil where it can.
    ///
    /// - Complexity: O(bytes of the marked segment up to the mark), which are inflated where it is compressed.
    public func problem(with mark: LogMark) -> LogError? {
        do throws(LogError) {
            if let synced, synced.isBefore(mark.position.segment, mark.position.offset) {
                throw .notMarked(
                    sequence: mark.sequence, path: LogFolder(path: directory).plainPath(mark.position.segment))
            }
            _ = try LogReader(directory: directory, after: mark)
            return nil
        } catch {
            return error
        }
    }
}

extension DecisionLogWriter {
    /// The mark of the last record that was appended, recorded or not; nil where there is none, or while records are
    /// dropped for want of room.
    public var mark: LogMark? { monitor.withLock { $0.pending.mark } }

    /// Where records went since they were appended; of those that the kernel has none moves any more.
    public var relocations: LogRelocations { monitor.withLock { $0.pending.relocations } }

    /// Commits the marked record, and says where it stands now: a flush that the disk refused may have moved it.
    ///
    /// - Returns: nil where the kernel does not have it.
    public func settle(_ mark: LogMark) -> LogMark? {
        _ = commit(through: mark.sequence)
        return monitor.withLock { state in
            guard state.pending.recordedThrough >= mark.sequence else { return nil }
            var settled = mark
            settled.position = state.pending.resolve(mark.position)
            return settled
        }
    }
}
