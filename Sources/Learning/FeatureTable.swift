// The training matrix as it is written: a row a payment, with what the model would have seen at that instant, in the
// order of features.yaml, and the label where one is known.
//
//   transaction_id,event_time,label,labelled_at,decision,score,amount,card_count_1h,…
//   txn_1,2026-06-01T00:00:04Z,0,2026-07-02T00:00:00Z,approve,211,12.99,1,…

import JSON
import Scoring

public struct FeatureTable {
    public static let leadingColumns = ["transaction_id", "event_time", "label", "labelled_at", "decision", "score"]

    public init() {}

    public func appendHeader(features: [String], to bytes: inout [UInt8]) {
        bytes.append(contentsOf: (Self.leadingColumns + features).joined(separator: ",").utf8)
        bytes.append(0x0A)
    }

    /// Appends one row. Missing values are empty cells; a label is 1 for fraud, 0 for legitimate, empty where unknown.
    public func appendRow(_ payment: Payment, _ decision: Decision, label: Label?, to bytes: inout [UInt8]) {
        CSVRow.append(payment.string(.transactionID) ?? "", to: &bytes)
        bytes.append(0x2C)
        bytes.append(contentsOf: Timestamp.text(nanoseconds: payment.eventTimeNanoseconds).utf8)
        bytes.append(0x2C)
        if let label { bytes.append(label.value == .fraud ? 0x31 : 0x30) }
        bytes.append(0x2C)
        if let label { bytes.append(contentsOf: Timestamp.text(nanoseconds: label.labelledAtNanoseconds).utf8) }
        bytes.append(0x2C)
        bytes.append(contentsOf: decision.verdict.rawValue.utf8)
        bytes.append(0x2C)
        bytes.append(contentsOf: String(decision.score).utf8)
        for value in decision.features {
            bytes.append(0x2C)
            if !value.isNaN { appendShortest(value, to: &bytes) }
        }
        bytes.append(0x0A)
    }
}
