// The record of one payment: what was known, what was computed from it, what was answered. The log puts the sequence
// number before these members and the chain behind them; a restart reads them back.
//
//   "kind":"payment","received_at":…,"payment":{…pseudonyms…},"features":{…},"margin":…,…,"digests":{…},"decision":{…}

import JSON
import Platform

public enum RecordKind: String, Sendable, CaseIterable {
    case payment, outcome, label, config, gap
}

public enum DecisionRecord {
    /// Appends the members of a payment's record.
    ///
    /// - Parameter answer: The decision's object as it is answered.
    public static func write(
        _ payment: borrowing Payment, _ decision: Decision, receivedAtNanoseconds: Int64, answer: Span<UInt8>,
        traceParent: Span<UInt8>, digests: RecordDigests, plan: ScoringPlan, to json: inout JSONWriter
    ) {
        json.key("kind")
        json.string("payment")
        json.key("received_at")
        json.timestamp(receivedAtNanoseconds)
        if !traceParent.isEmpty {
            json.key("traceparent")
            json.string(utf8: traceParent)
        }
        json.key("payment")
        payment.write(to: &json)
        json.key("features")
        json.object(keys: plan.featureKeys, keyRanges: plan.featureKeyRanges, values: decision.features)
        json.key("margin")
        if let margin = decision.margin { json.double(margin) } else { json.null() }
        json.key("truncated_trees")
        if let trees = decision.truncatedTrees { json.integer(Int64(trees)) } else { json.null() }
        json.key("rule_errors")
        json.integer(Int64(decision.failedRules))
        if decision.addressBits != 0 {
            json.key("address_lists")
            json.beginArray()
            for name in plan.shelf.addressLists(of: decision.addressBits) { json.string(name) }
            json.endArray()
        }
        json.key("digests")
        json.raw(digests.json.span)
        json.key("draw")
        json.null()
        json.key("decision")
        json.raw(answer)
    }

    /// Appends the members of a record that is no payment, with its JSON object as it was taken in.
    public static func write(
        _ kind: RecordKind, _ object: Span<UInt8>, receivedAtNanoseconds: Int64, to json: inout JSONWriter
    ) {
        json.key("kind")
        json.string(kind.rawValue)
        json.key("received_at")
        json.timestamp(receivedAtNanoseconds)
        json.key("\(kind.rawValue)")
        json.raw(object)
    }
}

/// Digests of what decided, whole, as the record carries them: one piece of JSON made once.
public struct RecordDigests: Sendable {
    public let json: [UInt8]

    /// - Parameter suspended: The digests of what the governor has taken out of service; nil where it is not engaged.
    public init(plan: ScoringPlan, model: ModelState, suspended: RecordDigests? = nil) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("features")
        writer.string(plan.digests.features.hexadecimal)
        writer.key("rules")
        writer.string(plan.digests.rules.hexadecimal)
        writer.key("policy")
        writer.string(plan.digests.policy.hexadecimal)
        writer.key("lists")
        if let lists = plan.digests.lists { writer.string(lists.hexadecimal) } else { writer.null() }
        writer.key("model")
        if case .serving(let model) = model {
            writer.string(model.manifest.model.digest.hexadecimal)
        } else {
            writer.null()
        }
        if let suspended {
            writer.key("governor")
            writer.string("engaged" as StaticString)
            writer.key("suspended")
            writer.raw(suspended.json.span)
        }
        writer.endObject()
        json = writer.bytes
    }

    /// Whether a configuration record says that the governor was engaged.
    static func sayEngaged(_ record: Span<UInt8>) -> Bool {
        do throws(JSONError) {
            var json = JSONReader(record)
            try json.beginObject()
            while let key = try json.nextKey() {
                if json.equals(key, "governor") { return json.string(try json.readString()) == "engaged" }
                try json.skipValue()
            }
        } catch {
            return false
        }
        return false
    }

    /// Whether a configuration record says that these decide from there on.
    func areSaid(by record: [UInt8]) -> Bool {
        record.count >= json.count && record.suffix(json.count - 1) == json.dropFirst()
    }

    /// Whether a configuration record says that the governor took these out of service.
    public func areSuspended(in record: [UInt8]) -> Bool {
        let tail = Array("\"suspended\":".utf8) + json + [UInt8(ascii: "}")]
        return record.count > tail.count && record.suffix(tail.count) == tail[...]
    }
}

public enum RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(JSONError)
    case missing(member: String)
    case unknownKind(String)
    case payment(PaymentProblem)

    public var description: String {
        switch self {
        case .malformed(let error): "is no JSON: \(error)"
        case .missing(let member): "has no \(member)"
        case .unknownKind(let kind): "is of kind \(kind), which this version does not know"
        case .payment(let problem):
            "holds a payment that can't be read: "
                + problem.fieldProblems.map { "\($0.pointer) \($0.detail)" }.joined(separator: ", ")
        }
    }
}

/// Reads records back, one after another.
public struct RecordReader {
    private var reader = PaymentReader(origin: .record)
    public private(set) var payment = Payment()

    public init() {}

    /// What a record holds, as ranges of its line.
    public struct Parts: Sendable, Equatable {
        public var kind = RecordKind.payment
        public var sequence: UInt64 = 0
        public var receivedAtNanoseconds: Int64 = 0
        public var payment: Range<Int>?
        public var features: Range<Int>?
        public var decision: Range<Int>?
        public var digests: Range<Int>?
        var traceParent: Range<Int>?
        var addressLists: Range<Int>?
        /// The object of a record that is no payment.
        public var object: Range<Int>?
        /// What was decided, as histories remember it, and what was told; only `read` finds these.
        public var recorded = RecordedDecision()
        public var feedback: Feedback?
        /// What a configuration record says; only `read` finds it.
        public var configuration: ConfigurationRecord?
    }

    /// Reads the record's own members; the payment in it is read into `payment` where there is one.
    public mutating func read(_ line: Span<UInt8>) throws(RecordError) -> Parts {
        var parts = try Self.parts(of: line)
        if let object = parts.object { parts.feedback = Feedback(parts.kind, line.extracting(object)) }
        if parts.kind == .config, let object = parts.object {
            do throws(JSONError) {
                parts.configuration = try ConfigurationRecord(line.extracting(object))
            } catch {
                throw .malformed(error)
            }
        }
        if parts.kind == .payment {
            guard let range = parts.payment else { throw .missing(member: "payment") }
            do throws(PaymentProblem) {
                try reader.read(line.extracting(range), into: &payment)
            } catch {
                throw .payment(error)
            }
            do throws(JSONError) {
                try parts.recorded.read(
                    decision: line.extracting(parts.decision ?? 0..<0),
                    features: line.extracting(parts.features ?? 0..<0))
            } catch {
                throw .malformed(error)
            }
        }
        return parts
    }

    public static func parts(of line: Span<UInt8>) throws(RecordError) -> Parts {
        var parts = Parts()
        var kind: String?
        var receivedAt: Int64?
        do throws(JSONError) {
            var json = JSONReader(line)
            try json.beginObject()
            while let key = try json.nextKey() {
                if json.equals(key, "kind") {
                    kind = json.string(try json.readString())
                } else if json.equals(key, "seq") {
                    if case .value(let value) = try json.readInteger() { parts.sequence = UInt64(clamping: value) }
                } else if json.equals(key, "received_at") {
                    receivedAt = Timestamp.nanoseconds(parsing: json.rawBytes(try json.readString()))
                } else {
                    _ = try json.peek()
                    let start = json.offset
                    try json.skipValue()
                    parts.note(json.string(key), start..<json.offset)
                }
            }
            try json.finish()
        } catch {
            throw .malformed(error)
        }
        guard let kind else { throw .missing(member: "kind") }
        guard let known = RecordKind(rawValue: kind) else { throw .unknownKind(kind) }
        parts.kind = known
        if known != .gap {
            guard let receivedAt else { throw .missing(member: "received_at") }
            parts.receivedAtNanoseconds = receivedAt
        }
        return parts
    }
}

extension RecordReader.Parts {
    fileprivate mutating func note(_ member: String, _ range: Range<Int>) {
        switch member {
        case "payment": payment = range
        case "features": features = range
        case "decision": decision = range
        case "digests": digests = range
        case "traceparent": traceParent = range
        case "address_lists": addressLists = range
        case "outcome", "label", "config": object = range
        default: break
        }
    }
}
