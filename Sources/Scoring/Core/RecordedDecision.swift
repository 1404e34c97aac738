// What a record says was decided: as much of it as the histories remember of a payment. The features are taken by their
// names, so that a record of another configuration gives what it has, and the rest is missing.

import JSON

public struct RecordedDecision: Sendable, Equatable {
    public var verdict: Verdict?
    public var score: Int?
    /// The object of the features, as the record has it; empty where it has none.
    var featureObject: [UInt8] = []

    public init() {}

    /// - Parameters:
    ///   - decision: The object of the decision.
    ///   - features: The object of the features.
    mutating func read(decision: Span<UInt8>, features: Span<UInt8>) throws(JSONError) {
        verdict = nil
        score = nil
        featureObject.removeAll(keepingCapacity: true)
        features.withUnsafeBufferPointer { featureObject.append(contentsOf: $0) }
        guard !decision.isEmpty else { return }
        var json = JSONReader(decision)
        try json.beginObject()
        while let key = try json.nextKey() {
            if json.equals(key, "decision") {
                verdict = Verdict(rawValue: json.string(try json.readString()))
            } else if json.equals(key, "score") {
                if case .value(let value) = try json.readInteger() { score = Int(value) }
            } else {
                try json.skipValue()
                continue
            }
            if verdict != nil, score != nil { return }
        }
    }

    /// The features of a plan, in its order; NaN is missing.
    ///
    /// A record says which features.yaml was in service, not which definition a value had: a value that was recorded under
    /// another definition of the same name is taken for one of this.
    public func features(of plan: ScoringPlan) -> [Double] {
        var values = [Double](repeating: .nan, count: plan.features.count)
        guard !featureObject.isEmpty else { return values }
        let bytes = featureObject.span
        do throws(JSONError) {
            var json = JSONReader(bytes)
            try json.beginObject()
            var next = 0
            while let key = try json.nextKey() {
                // Most often they stand in the order of the plan.
                if next >= values.count || json.string(key) != plan.features[next].definition.name {
                    next = plan.featureIndices[json.string(key)] ?? values.count
                }
                if next < values.count, try json.peek() == .number {
                    values[next] = try json.readDouble()
                } else {
                    try json.skipValue()
                }
                next += 1
            }
        } catch {
            // What stands behind a place that can't be read is missing; the record as a whole was read before.
            return values
        }
        return values
    }
}
