// A decision as the log keeps it, for a repeated submission and for GET /v1/decisions. What a client sees as
// recorded is with the kernel here too: the record of a submission that is still under way elsewhere is waited for.

import DecisionLog
import JSON
import Scoring

struct StoredDecision: Sendable {
    /// The decision's object, as it was answered.
    private(set) var decision: [UInt8]
    /// The features' object.
    let features: [UInt8]

    /// Reads the record of a submission. May wait for the disk, for a budget.
    init(of submission: Submission, in engine: ScoringEngine) throws(Problem) {
        guard let reference = submission.reference else { throw .lostRecord }
        let isRecorded = engine.commit(through: submission.sequence)
        guard let line = try? engine.log.read(LogPosition(reference)) else { throw .unreadableRecord }
        try self.init(line: line)
        if !isRecorded, let offset = Self.recordedOffset(in: self.decision.span) {
            self.decision = ServiceHandler.unrecorded(self.decision, at: offset)
        }
    }

    /// Looks for the decision of a transaction in the whole log. Reads the disk.
    init(of transactionID: [UInt8], in index: DecisionIndex) throws(Problem) {
        let line: [UInt8]?
        do throws(LogError) {
            line = try index.line(of: transactionID)
        } catch {
            throw .unreadableRecord
        }
        guard let line else { throw .unknownTransaction }
        try self.init(line: line)
    }

    private init(line: [UInt8]) throws(Problem) {
        guard let parts = try? RecordReader.parts(of: line.span), let decision = parts.decision,
            let features = parts.features
        else { throw .unreadableRecord }
        self.decision = Array(line[decision])
        self.features = Array(line[features])
    }

    /// Of the payment's object in a record.
    static func transactionID(ofPayment payment: Span<UInt8>) -> [UInt8]? {
        var json = JSONReader(payment)
        do throws(JSONError) {
            try json.beginObject()
            while let key = try json.nextKey() {
                if json.equals(key, "transaction_id") { return Array(json.string(try json.readString()).utf8) }
                try json.skipValue()
            }
        } catch {
            return nil
        }
        return nil
    }

    /// Where the `true` of `recorded` stands.
    private static func recordedOffset(in decision: Span<UInt8>) -> Int? {
        var json = JSONReader(decision)
        do throws(JSONError) {
            try json.beginObject()
            while let key = try json.nextKey() {
                let isFound = json.equals(key, "recorded")
                _ = try json.peek()
                if isFound { return json.offset }
                try json.skipValue()
            }
        } catch {
            return nil
        }
        return nil
    }

    /// The decision's object with its features as one more member.
    var withFeatures: [UInt8] {
        var body = Array(decision.dropLast())
        body.append(contentsOf: ",\"features\":".utf8)
        body.append(contentsOf: features)
        body.append(0x7D)
        return body
    }
}
