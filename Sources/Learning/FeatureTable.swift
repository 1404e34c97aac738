// The training matrix as it is written: a row a payment, with what the model would have seen at that instant, in the
// order of features.yaml, and the label as it is known at last.
//
//   transaction_id,event_time,label,labelled_at,decision,score,amount,card_count_1h,…
//   txn_1,2026-06-01T00:00:04Z,0,2026-07-02T00:00:00Z,approve,211,12.99,1,…
//
// A payment without a label counts as legitimate where features.yaml says after which time; labelled_at is then that
// time, which may lie behind the last payment. Who trains as of some day takes the rows that were labelled by then.

import JSON
import Scoring

public struct FeatureTable: Sendable {
    public static let leadingColumns = ["transaction_id", "event_time", "label", "labelled_at", "decision", "score"]

    private let assumeLegitimateAfterNanoseconds: Int64?

    public init(assumeLegitimateAfterNanoseconds: Int64? = nil) {
        self.assumeLegitimateAfterNanoseconds = assumeLegitimateAfterNanoseconds
    }

    public func appendHeader(features: [String], to bytes: inout [UInt8]) {
        bytes.append(contentsOf: (Self.leadingColumns + features).joined(separator: ",").utf8)
        bytes.append(0x0A)
    }

    /// Appends one row. Missing values are empty cells; a label is 1 for fraud, 0 for legitimate, empty where unknown.
    public func appendRow(_ payment: Payment, _ decision: Decision, label: Label?, to bytes: inout [UInt8]) {
        appendRow(
            payment, verdict: decision.verdict, score: decision.score, features: decision.features, label: label,
            to: &bytes)
    }

    /// Appends the row of a payment that was recorded.
    public func appendRow(
        _ payment: Payment, verdict: Verdict?, score: Int?, features: [Double], label: Label?,
        to bytes: inout [UInt8]
    ) {
        CSVRow.append(payment.string(.transactionID) ?? "", to: &bytes)
        bytes.append(0x2C)
        bytes.append(contentsOf: Timestamp.text(nanoseconds: payment.eventTimeNanoseconds).utf8)
        bytes.append(0x2C)
        if let (isFraud, labelledAt) = knowledge(of: payment, label) {
            bytes.append(isFraud ? 0x31 : 0x30)
            bytes.append(0x2C)
            bytes.append(contentsOf: Timestamp.text(nanoseconds: labelledAt).utf8)
        } else {
            bytes.append(0x2C)
        }
        bytes.append(0x2C)
        if let verdict { bytes.append(contentsOf: verdict.rawValue.utf8) }
        bytes.append(0x2C)
        if let score { bytes.append(contentsOf: String(score).utf8) }
        for value in features {
            bytes.append(0x2C)
            if !value.isNaN { appendShortest(value, to: &bytes) }
        }
        bytes.append(0x0A)
    }

    private func knowledge(of payment: Payment, _ label: Label?) -> (isFraud: Bool, labelledAt: Int64)? {
        if let label { return (label.value == .fraud, label.labelledAtNanoseconds) }
        guard let age = assumeLegitimateAfterNanoseconds else { return nil }
        let (time, overflow) = payment.eventTimeNanoseconds.addingReportingOverflow(age)
        return overflow ? nil : (false, time)
    }
}
