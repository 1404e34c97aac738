// Decides again what a log says was decided, record by record, and holds what comes out against what stands there, byte
// for byte. What was no function of the core's knowledge is taken from the records: when a payment came, on which rung it
// was decided, where a process began, what a reload brought.
//
//   payment  ─▶ decide on the recorded rung ─▶ the record's bytes again ─▶ equal?
//   label    ─▶ learn
//   start    ─▶ the state as a start has it: carried on where the histories are the same, else made from the records before
//   reload   ─▶ the same swap at the same place

import DecisionLog
import JSON
import Platform
import Scoring

/// What a replay is to do.
public struct ReplayRequest: Sendable {
    /// The folder that holds `log` and `config`.
    public var dataDirectory: String
    public var logDirectory: String
    /// Stands in where the files of a configuration are not kept.
    public var given: ServiceConfiguration?
    /// nil: the one in the data folder.
    public var identityKeyPath: String?
    /// The last record to look at.
    public var to: UInt64 = .max
    /// The first record to compare; those before are decided all the same.
    public var from: UInt64 = 0

    public init(dataDirectory: String, logDirectory: String) {
        self.dataDirectory = dataDirectory
        self.logDirectory = logDirectory
    }
}

/// What a replay has seen so far.
public struct ReplayTally: Sendable, Equatable {
    public var records: UInt64 = 0
    public var payments: UInt64 = 0
    /// Payments of which something came out differently, and how much that was.
    public var differing: UInt64 = 0
    public var differences: UInt64 = 0
    public var starts = 0
    public var reloads = 0
    /// Records that were dropped for want of a disk: what was decided there is not known.
    public var dropped: UInt64 = 0
    /// The record behind which a snapshot stood in for records that are gone; 0: the log was replayed from its first.
    public var startedAfter: UInt64 = 0
    /// When the first and the last record were taken in, in nanoseconds since 1970.
    public var firstReceivedAtNanoseconds: Int64?
    public var lastReceivedAtNanoseconds: Int64 = 0

    public var recordedSeconds: Double {
        firstReceivedAtNanoseconds.map { Double(lastReceivedAtNanoseconds - $0) / 1e9 } ?? 0
    }
}

public struct LogReplay {
    public internal(set) var tally = ReplayTally()
    /// The sequence number of the record that was taken last.
    public private(set) var sequence: UInt64 = 0
    let request: ReplayRequest
    let configurations: ReplayConfigurations
    var log: LogReader
    private var reader = RecordReader()
    var sequencer: Sequencer?
    /// What the next record must be: the governor took the word from the rules.
    private var expectedConfiguration: [UInt8]?

    public init(_ request: ReplayRequest) throws(ReplayError) {
        self.request = request
        configurations = ReplayConfigurations(
            dataDirectory: request.dataDirectory, given: request.given, identityKeyPath: request.identityKeyPath)
        do throws(LogError) {
            log = try LogReader(directory: request.logDirectory)
        } catch {
            throw .log(error)
        }
        if let first = log.firstSequence, first > 1 { try beginWithSnapshot(firstSequence: first) }
    }

    /// The decision of the payment that `next` has decided last, as it would be answered.
    public var answer: [UInt8] { sequencer?.answer.bytes ?? [] }

    /// What a record gave.
    public enum Step: Sendable {
        case payment([RecordDifference])
        case other([RecordDifference])
    }

    /// Takes the next record; nil at the end.
    ///
    /// - Throws: `ReplayError.log(.damaged)` where the log is damaged; otherwise where it can't be replayed on.
    public mutating func next() throws(ReplayError) -> Step? {
        guard let record = try nextRecord(&log), record.sequence <= request.to else { return nil }
        let parts = try read(record)
        sequence = record.sequence
        tally.records += 1
        if parts.kind != .gap {
            if tally.firstReceivedAtNanoseconds == nil {
                tally.firstReceivedAtNanoseconds = parts.receivedAtNanoseconds
            }
            tally.lastReceivedAtNanoseconds = parts.receivedAtNanoseconds
        }
        var found: [RecordDifference] = []
        if let expected = expectedConfiguration, parts.kind != .config {
            expectedConfiguration = nil
            found.append(
                difference(record, "kind", parts.kind.rawValue, "config \(Self.text(expected.span))"))
        }
        switch parts.kind {
        case .payment: found += try decide(record, parts)
        case .config: found += try configure(record, parts)
        case .outcome, .label, .gap:
            try learn(record, parts)
        }
        if record.sequence < request.from { found = [] }
        tally.differences += UInt64(found.count)
        if parts.kind == .payment, !found.isEmpty { tally.differing += 1 }
        return parts.kind == .payment ? .payment(found) : .other(found)
    }

    func nextRecord(_ log: inout LogReader) throws(ReplayError) -> LogRecord? {
        do throws(LogError) {
            return try log.next()
        } catch {
            throw .log(error)
        }
    }

    private mutating func read(_ record: LogRecord) throws(ReplayError) -> RecordReader.Parts {
        do throws(RecordError) {
            return try reader.read(record.line.span)
        } catch {
            throw .record(sequence: record.sequence, error)
        }
    }

    private mutating func learn(_ record: LogRecord, _ parts: RecordReader.Parts) throws(ReplayError) {
        guard var sequencer = sequencer.take() else { throw .noConfiguration(sequence: record.sequence, kept: nil) }
        sequencer.restore(parts, reader.payment, at: record.reference)
        if let through = record.gapThrough {
            tally.dropped += through - record.sequence + 1
            sequencer.skip(through: through)
        }
        self.sequencer = sequencer
    }

    // MARK: Payments

    private mutating func decide(
        _ record: LogRecord, _ parts: RecordReader.Parts
    ) throws(ReplayError) -> [RecordDifference] {
        let course: RecordedCourse
        do throws(RecordError) {
            course = try RecordedCourse(parts, record.line.span)
        } catch {
            throw .record(sequence: record.sequence, error)
        }
        guard var sequencer = sequencer.take() else { throw .noConfiguration(sequence: record.sequence, kept: nil) }
        defer { self.sequencer = sequencer }
        tally.payments += 1
        sequencer.skip(through: record.sequence - 1)
        let replayed = sequencer.replay(reader.payment, as: course)
        if replayed.hasTripped { expectedConfiguration = sequencer.configurationDigests.json }
        _ = sequencer.takeRetired()
        let recorded = record.line.span.extracting(record.bodyRange)
        var found: [RecordDifference] = []
        if let earlier = replayed.decidedBefore {
            found.append(
                difference(record, "payment.transaction_id", "a new payment", "that of record \(earlier) again"))
        }
        if Self.isEqual(recorded, sequencer.recordBody) { return found }
        return found + RecordDifference.find(record.sequence, recorded: recorded, replayed: sequencer.recordBody)
    }

    private func difference(
        _ record: LogRecord, _ field: String, _ recorded: String, _ replayed: String?
    ) -> RecordDifference {
        RecordDifference(sequence: record.sequence, field: field, recorded: recorded, replayed: replayed)
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    private static func isEqual(_ a: Span<UInt8>, _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        for i in 0..<b.count where a[i] != b[i] { return false }
        return true
    }

    // MARK: Configurations

    private mutating func configure(
        _ record: LogRecord, _ parts: RecordReader.Parts
    ) throws(ReplayError) -> [RecordDifference] {
        guard let range = parts.object, let told = parts.configuration else {
            throw .record(sequence: record.sequence, .missing(member: "config"))
        }
        let object = record.line.span.extracting(range)
        let expected = expectedConfiguration.take()
        if let expected, Self.isEqual(object, expected) {
            sequencer?.skip(through: record.sequence)
            return []
        }
        var found: [RecordDifference] = []
        if let expected { found.append(difference(record, "config", Self.text(object), Self.text(expected.span))) }
        if told.isStart || sequencer == nil {
            try start(told, record, at: parts.receivedAtNanoseconds)
        } else if told.isGoverned {
            if expected == nil { found.append(difference(record, "config", Self.text(object), nil)) }
            sequencer?.skip(through: record.sequence)
        } else {
            try reload(told, record, at: parts.receivedAtNanoseconds)
        }
        return found
    }
}
