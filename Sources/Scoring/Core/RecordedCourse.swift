// What a record says of the way in which its payment was decided, as far as that was no function of what the core knew:
// when it came, which rung of the ladder the time allowed, how it was explained, how long it took. With this and the
// payment the core decides again, and everything else must come out as it stands in the record.

import JSON

public struct RecordedCourse: Sendable, Equatable {
    public private(set) var receivedAtNanoseconds: Int64 = 0
    /// nil: the record names none that is known; the payment is then decided as if nobody waited.
    private(set) var source: DecisionSource?
    private(set) var degradedReason: DegradedReason?
    private(set) var truncatedTrees: Int?
    private(set) var explanation: ExplanationMethod?
    private(set) var latencies = StageLatencies.none
    private(set) var traceParent: [UInt8] = []
    /// The lists that the payment's address was in; the record does not have the address.
    private(set) var addressLists: [String] = []

    /// - Parameter line: The record that `parts` are of.
    public init(_ parts: RecordReader.Parts, _ line: Span<UInt8>) throws(RecordError) {
        receivedAtNanoseconds = parts.receivedAtNanoseconds
        guard let decision = parts.decision else { throw .missing(member: "decision") }
        do throws(JSONError) {
            try read(decision: line.extracting(decision))
            if let range = parts.traceParent {
                var json = JSONReader(line.extracting(range))
                traceParent = Array(json.string(try json.readString()).utf8)
            }
            if let range = parts.addressLists {
                var json = JSONReader(line.extracting(range))
                try json.beginArray()
                while try json.nextElement() { addressLists.append(json.string(try json.readString())) }
            }
            truncatedTrees = try Self.trees(line)
        } catch {
            throw .malformed(error)
        }
    }

    private mutating func read(decision: Span<UInt8>) throws(JSONError) {
        var json = JSONReader(decision)
        try json.beginObject()
        while let key = try json.nextKey() {
            switch json.string(key) {
            case "decision_source": source = try json.text().flatMap(DecisionSource.init(rawValue:))
            case "degraded_reason": degradedReason = try json.text().flatMap(DegradedReason.init(rawValue:))
            case "explanation": explanation = try json.text().flatMap(ExplanationMethod.init(rawValue:))
            case "latency_us": try readLatencies(&json)
            default: try json.skipValue()
            }
        }
    }

    private mutating func readLatencies(_ json: inout JSONReader) throws(JSONError) {
        try json.beginObject()
        while let key = try json.nextKey() {
            let name = json.string(key)
            let value = try json.number() ?? 0
            switch name {
            case "parse": latencies.parse = value
            case "features": latencies.features = value
            case "rules": latencies.rules = value
            case "model": latencies.model = value
            case "total": latencies.total = value
            default: break
            }
        }
    }

    private static func trees(_ line: Span<UInt8>) throws(JSONError) -> Int? {
        var json = JSONReader(line)
        try json.beginObject()
        while let key = try json.nextKey() {
            if json.equals(key, "truncated_trees") { return try json.number().map { Int($0) } }
            try json.skipValue()
        }
        return nil
    }

    // MARK: What the core makes of it

    /// The rung that the time allowed then, before anything on it could fail; nil where the record names none.
    func rung(_ model: ModelState) -> (source: DecisionSource, reason: DegradedReason?)? {
        guard let source else { return nil }
        if source == .fallback { return (.fallback, .budgetShort) }
        guard case .serving = model else {
            return (.rules, degradedReason == .modelRefused ? .modelRefused : .noModel)
        }
        // What failed is tried again.
        if degradedReason == .modelFailed || source == .model { return (.model, nil) }
        return (source, .budgetShort)
    }

    /// The shorter ensemble that answered; nil: none did.
    func ensemble(_ model: ModelState) -> Int? {
        guard case .serving(let model) = model, let truncatedTrees else { return nil }
        return model.manifest.truncated.firstIndex { $0.trees == truncatedTrees }
    }
}

extension JSONReader {
    /// A string; nil for any other value.
    fileprivate mutating func text() throws(JSONError) -> String? {
        guard try peek() == .string else {
            try skipValue()
            return nil
        }
        return string(try readString())
    }

    /// An integer; nil for any other value.
    fileprivate mutating func number() throws(JSONError) -> Int64? {
        guard try peek() == .number else {
            try skipValue()
            return nil
        }
        guard case .value(let value) = try readInteger() else { return nil }
        return value
    }
}
