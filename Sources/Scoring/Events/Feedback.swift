// A label or an outcome as the core takes it: of which transaction, what, and since when it is known.

import Aggregates
import JSON

public struct Feedback: Sendable, Equatable {
    /// The transaction id's stable hash.
    let transaction: UInt64
    let knowledge: Aggregates.Knowledge
    /// `labelled_at` or `occurred_at`, in nanoseconds since 1970.
    let toldAtNanoseconds: Int64

    public init(_ label: Label) {
        transaction = stableHash(label.transactionID)
        knowledge = .label(label.value == .fraud ? .fraud : .legitimate)
        toldAtNanoseconds = label.labelledAtNanoseconds
    }

    /// A label or an outcome from its JSON object; nil where it is none, or lacks what the core asks for.
    public init?(_ kind: RecordKind, _ json: JSONValue) {
        guard let transactionID = json["transaction_id"]?.text else { return nil }
        let time: String?
        switch kind {
        case .label:
            guard let label = json["label"]?.text.flatMap(LabelValue.init(rawValue:)) else { return nil }
            knowledge = .label(label == .fraud ? .fraud : .legitimate)
            time = json["labelled_at"]?.text
        case .outcome:
            guard let status = json["status"]?.text.flatMap(OutcomeStatus.init(rawValue:)) else { return nil }
            knowledge = .outcome(OutcomeState(status))
            time = json["occurred_at"]?.text
        case .payment, .config, .gap: return nil
        }
        let bytes = Array((time ?? "").utf8)
        guard let nanoseconds = Timestamp.nanoseconds(parsing: bytes.span) else { return nil }
        toldAtNanoseconds = nanoseconds
        transaction = stableHash(transactionID)
    }

    /// The same from the object's bytes.
    init?(_ kind: RecordKind, _ object: Span<UInt8>) {
        guard kind == .label || kind == .outcome else { return nil }
        do throws(JSONError) {
            self.init(kind, try JSONValue(parsing: object))
        } catch {
            return nil
        }
    }

    /// When histories may see it, in microseconds: not before it was true, and not before it was received. Rounded up,
    /// because event times are rounded down.
    func knownAtMicroseconds(receivedAtNanoseconds: Int64) -> Int64 {
        -floorDivision(-max(toldAtNanoseconds, receivedAtNanoseconds), 1_000)
    }
}

extension OutcomeState {
    init(_ status: OutcomeStatus) {
        switch status {
        case .authorized: self = .authorized
        case .declined: self = .declined
        case .captured: self = .captured
        case .refunded: self = .refunded
        case .voided: self = .voided
        }
    }
}
