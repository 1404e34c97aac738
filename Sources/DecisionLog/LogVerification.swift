// LogVerification.swift: reads a whole log and says whether it is sound: form, order, chain, completeness.

/// What a reading of the whole log found.
public struct LogVerification: Sendable, Equatable {
    public var segments = 0
    public var records: UInt64 = 0
    /// Gap records, and the records that they stand for.
    public var gaps: UInt64 = 0
    public var droppedRecords: UInt64 = 0
    /// Uncompressed bytes of the records.
    public var bytes: UInt64 = 0
    public var firstSequence: UInt64?
    public var lastSequence: UInt64?
    /// The chain of the last sound record: equal chains mean equal logs.
    public var lastChain = String(decoding: LogFormat.firstChain, as: UTF8.self)
    /// Remains of refused flushes behind the end of a segment; no record is lost by them.
    public var remains: [LogRemains] = []
    /// Why the log is not sound, at the first place.
    public var problem: LogError?

    public var isSound: Bool { problem == nil }

    /// The first damage, when the problem is one.
    public var damage: LogDamage? {
        if case .damaged(let damage) = problem { damage } else { nil }
    }
}

/// Reads the log in `directory` from its first record to its last, and checks each. Changes nothing, needs no lock: the
/// last line of a log that is being written may be found unfinished, which is said as a torn tail.
///
/// - Parameter progress: Called with the number of records so far, every 65,536 of them.
public func verifyLog(directory: String, progress: ((UInt64) -> Void)? = nil) -> LogVerification {
    var found = LogVerification()
    do throws(LogError) {
        var reader = try LogReader(directory: directory)
        defer {
            found.segments = reader.segmentsRead
            found.remains = reader.remains
            found.lastChain = reader.lastChain
        }
        while let record = try reader.next() {
            found.records += 1
            found.bytes += UInt64(record.line.count) + 1
            if found.firstSequence == nil { found.firstSequence = record.sequence }
            found.lastSequence = record.gapThrough ?? record.sequence
            if let through = record.gapThrough {
                found.gaps += 1
                found.droppedRecords += through - record.sequence + 1
            }
            if found.records % 65_536 == 0 { progress?(found.records) }
        }
    } catch {
        found.problem = error
    }
    return found
}
