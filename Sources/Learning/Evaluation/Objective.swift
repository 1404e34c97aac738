// Objectives: `ap>=0.7`, `weeks.ap>=0.745`, `recall@0.001.low>=0.5`. What a pipeline asks before it takes a model.

/// A comparison of a metric with a number.
public struct EvaluationObjective: Sendable, Equatable, CustomStringConvertible {
    public enum Comparison: String, Sendable, CaseIterable {
        case atLeast = ">="
        case atMost = "<="
        case above = ">"
        case below = "<"
    }

    /// What of the metric is compared.
    public enum Part: Sendable, Equatable {
        case value
        /// The mean over the weeks: `weeks.ap`.
        case weekMean
        /// The ends of the interval: `ap.low`, `ap.high`.
        case low
        case high
    }

    public let metric: String
    public let part: Part
    public let comparison: Comparison
    public let bound: Double
    public let description: String

    /// nil where the text is no objective.
    public init?(_ text: String) {
        guard let comparison = Comparison.allCases.first(where: { text.contains($0.rawValue) }),
            let place = text.firstRange(of: comparison.rawValue),
            let bound = Double(Self.trimmed(text[place.upperBound...])), !bound.isNaN
        else { return nil }
        var name = Self.trimmed(text[..<place.lowerBound])
        var part = Part.value
        if name.hasPrefix("weeks.") {
            (name, part) = (String(name.dropFirst(6)), .weekMean)
        } else if name.hasSuffix(".low") {
            (name, part) = (String(name.dropLast(4)), .low)
        } else if name.hasSuffix(".high") {
            (name, part) = (String(name.dropLast(5)), .high)
        }
        guard !name.isEmpty else { return nil }
        metric = name
        self.part = part
        self.comparison = comparison
        self.bound = bound
        description = text
    }

    /// Whether the judgement meets it, and with which number; a number that is not defined meets nothing.
    ///
    /// - Returns: nil where there is no such metric.
    public func judge(_ evaluation: Evaluation) -> (isMet: Bool, found: Double)? {
        guard let place = evaluation.overall.metrics.firstIndex(where: { $0.definition.id == metric }) else {
            return nil
        }
        let result = evaluation.overall.metrics[place]
        let found =
            switch part {
            case .value: result.value
            case .weekMean: evaluation.weekMeans[place]
            case .low: result.interval?.low ?? .nan
            case .high: result.interval?.high ?? .nan
            }
        let isMet =
            switch comparison {
            case .atLeast: found >= bound
            case .atMost: found <= bound
            case .above: found > bound
            case .below: found < bound
            }
        return (isMet, found)
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
