// The log of a data folder, opened for writing, with what it holds taken back into a sequencer. A service opens it so,
// and a batch over files does, so that one can go on where the other stopped.

import DecisionLog
import HTTP
import Scoring

/// What a restart took back in.
public struct Recovery: Sendable {
    public let report: RecoveryReport
    public let payments: UInt64
    public let seconds: Double
}

public struct OpenedLog: Sendable {
    public let log: DecisionLogWriter
    public let recovery: Recovery
    /// The digests that the log's last configuration record says; empty where there is none.
    let lastConfiguration: [UInt8]

    /// Opens `log` in the configuration's data folder, which is made when it is not there.
    ///
    /// - Parameter sequencer: Takes in every record, in order.
    public static func open(
        _ configuration: ServiceConfiguration, restoring sequencer: inout Sequencer
    ) throws(ServiceError) -> OpenedLog {
        let started = MonotonicClock.nanoseconds()
        var restorer = LogRestorer()
        do throws(LogError) {
            let (log, report) = try DecisionLogWriter.open(
                directory: configuration.dataDirectory + "/log", options: configuration.log
            ) { record in try restorer.restore(record, into: &sequencer) }
            let seconds = Double(MonotonicClock.nanoseconds() - started) / 1e9
            return OpenedLog(
                log: log, recovery: Recovery(report: report, payments: restorer.payments, seconds: seconds),
                lastConfiguration: restorer.lastConfiguration)
        } catch {
            if let failure = restorer.failure { throw failure }
            throw .log(error)
        }
    }

    /// A configuration that differs from the last one in the log gets a record of its own, before any payment.
    public func recordConfiguration(
        of assembly: Assembly, _ sequencer: inout Sequencer, receivedAtNanoseconds: Int64
    ) {
        let digests = RecordDigests(plan: assembly.plan, model: assembly.model).json
        guard digests != lastConfiguration else { return }
        let sequence = sequencer.take(
            .config, digests.span, receivedAtNanoseconds: receivedAtNanoseconds
        ) { sequence, body in log.put(sequence, body) }
        _ = log.commit(through: sequence)
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
    private(set) var lastConfiguration: [UInt8] = []
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
            if parts.kind == .config, let object = parts.object { lastConfiguration = Array(record.line[object]) }
        } catch {
            failure = .record(sequence: record.sequence, error)
            throw error
        }
    }
}
