// The training matrix of a log: a row for each payment as it was recorded, with the features that its decision saw, and
// the label as it is known at the end of the log. The rows have the bytes of those that `shroff score --features` writes
// of the same payments.

import DecisionLog
import JSON
import Scoring

/// What is wrong with a log as a source of payments.
public enum RecordedPaymentsError: Error, Sendable, CustomStringConvertible {
    case log(LogError)
    case record(sequence: UInt64, RecordError)

    public var description: String {
        switch self {
        case .log(let error): error.description
        case .record(let sequence, let error): "the log's record \(sequence) \(error)"
        }
    }
}

public struct RecordedPayments {
    private let folder: String
    private let plan: ScoringPlan
    private let table: FeatureTable
    private var reader = RecordReader()

    /// - Parameters:
    ///   - folder: The folder with the segments.
    ///   - plan: Whose features are the columns; one that a record does not have is missing in its row.
    public init(logFolder folder: String, plan: ScoringPlan) {
        self.folder = folder
        self.plan = plan
        table = FeatureTable(assumeLegitimateAfterNanoseconds: plan.assumeLegitimateAfterNanoseconds)
    }

    public func appendHeader(to bytes: inout [UInt8]) {
        table.appendHeader(features: plan.featureNames, to: &bytes)
    }

    /// Adds every label of the log to a book. A torn last record ends the log.
    ///
    /// - Parameter progress: Is told the sequence number now and then.
    public func readLabels(
        into book: inout LabelBook, progress: (UInt64) -> Void = { _ in }
    ) throws(RecordedPaymentsError) {
        let mark = Array("\"kind\":\"label\"".utf8)
        try forEachRecord(progress) { record throws(RecordedPaymentsError) in
            guard record.line[record.bodyRange].starts(with: mark) else { return }
            do throws(RecordError) {
                let parts = try RecordReader.parts(of: record.line.span)
                if let object = parts.object, let label = Self.label(Array(record.line[object])) {
                    book.add(label, isTold: false)
                }
            } catch {
                throw .record(sequence: record.sequence, error)
            }
        }
    }

    /// What is no label is left out: the service checked it before it was recorded.
    private static func label(_ object: [UInt8]) -> Label? {
        guard let value = try? JSONValue(parsing: object.span) else { return nil }
        return try? Label(value)
    }

    /// Appends the rows of all payments whose event time is in a range.
    ///
    /// - Parameters:
    ///   - times: In nanoseconds since 1970.
    ///   - row: Is called behind each row, with all that was appended; it may write that and remove it.
    public mutating func forEachRow(
        in times: Range<Int64>, labels: LabelBook, progress: (UInt64) -> Void = { _ in },
        _ row: (inout [UInt8]) throws -> Void
    ) throws {
        var bytes: [UInt8] = []
        var reader = RecordReader()
        swap(&reader, &self.reader)
        defer { swap(&reader, &self.reader) }
        var failure: (any Error)?
        try forEachRecord(progress) { record throws(RecordedPaymentsError) in
            guard failure == nil, record.line[record.bodyRange].starts(with: Self.paymentMark) else { return }
            do throws(RecordError) {
                let parts = try reader.read(record.line.span)
                guard times.contains(reader.payment.eventTimeNanoseconds) else { return }
                let recorded = parts.recorded
                table.appendRow(
                    reader.payment, verdict: recorded.verdict, score: recorded.score,
                    features: recorded.features(of: plan),
                    label: reader.payment.string(.transactionID).flatMap { labels[$0] }, to: &bytes)
            } catch {
                throw .record(sequence: record.sequence, error)
            }
            do {
                try row(&bytes)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private static let paymentMark = Array("\"kind\":\"payment\"".utf8)
    private static let recordsBetweenGlances: UInt64 = 1 << 14

    private func forEachRecord(
        _ progress: (UInt64) -> Void, _ body: (LogRecord) throws(RecordedPaymentsError) -> Void
    ) throws(RecordedPaymentsError) {
        var log = try Self.log { () throws(LogError) in try LogReader(directory: folder) }
        while true {
            let record: LogRecord?
            do throws(LogError) {
                record = try log.next()
            } catch .damaged(let damage) where damage.isTornTail {
                return  // a record that a service is writing, or that a kill cut
            } catch {
                throw .log(error)
            }
            guard let record else { return }
            if record.sequence % Self.recordsBetweenGlances == 0 { progress(record.sequence) }
            try body(record)
        }
    }

    private static func log<Value>(
        _ body: () throws(LogError) -> Value
    ) throws(RecordedPaymentsError) -> Value {
        do throws(LogError) {
            return try body()
        } catch {
            throw .log(error)
        }
    }
}
