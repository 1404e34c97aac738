// The judgement of a table: all of it, its weeks and its segments by the same list of metrics with their intervals, what a
// threshold costs and saves, and the curves that are drawn.

public struct MetricResult: Sendable, Equatable {
    public let definition: MetricDefinition
    /// NaN where it is not defined, such as a recall without a fraud.
    public let value: Double
    public let interval: MetricInterval?
}

/// A part of the rows.
public struct EvaluationGroup: Sendable, Equatable {
    public let name: String
    public let payments: Int
    public let frauds: Int
    /// Sums of the amounts; 0 without a column of amounts.
    public let value: Double
    public let fraudValue: Double
    public let days: Int
    public let metrics: [MetricResult]
    /// At the threshold that the whole table has at the reference rate: the share of legitimate payments that it flags
    /// here, and of frauds that it finds here.
    public internal(set) var flaggedShare = Double.nan
    public internal(set) var foundShare = Double.nan

    public func value(of id: String) -> Double? { metrics.first { $0.definition.id == id }?.value }
}

/// What a limit of the false-positive rate finds and costs.
public struct ThresholdRow: Sendable, Equatable {
    public let limit: Double
    /// nil where even the highest score flags too many.
    public let threshold: Double?
    public let falsePositiveRate: Double
    public let flagged: Double
    public let frauds: Double
    public let recall: Double
    public let precision: Double
    public let fraudValue: Double
    public let legitimateValue: Double
}

/// What was decided at the time.
public struct DecisionRow: Sendable, Equatable {
    public let decision: String
    public internal(set) var payments = 0
    public internal(set) var frauds = 0
    public internal(set) var value = 0.0
    public internal(set) var fraudValue = 0.0
}

public struct Evaluation: Sendable {
    public let settings: EvaluationSettings
    public let scoreName: String
    public let amountName: String?
    public let entityName: String?
    public let segmentName: String?
    public let probabilityName: String?
    public let counts: EvaluationSelection.Counts
    public let ages: [LabelAge]
    /// Nanoseconds since 1970.
    public let asOf: Int64
    public let firstTime: Int64
    public let lastTime: Int64
    public let overall: EvaluationGroup
    /// Seven days each from the first day on; the last may be shorter.
    public let weeks: [EvaluationGroup]
    /// The mean over the weeks that have a value, for each metric; NaN where none has.
    public let weekMeans: [Double]
    public let segments: [EvaluationGroup]
    public let thresholds: [ThresholdRow]
    public let decisions: [DecisionRow]
    public let curves: EvaluationCurves

    /// Judges the rows that `period` leaves.
    ///
    /// - Parameters:
    ///   - names: What the columns were read from, for the report.
    ///   - progress: Called with what is being done.
    /// - Throws: `nothingToJudge` where no row is left.
    /// - Complexity: O(n log n + rounds × n).
    public init(
        _ table: EvaluationTable, names: EvaluationNames, period: EvaluationPeriod, settings: EvaluationSettings,
        progress: (String) -> Void = { _ in }
    ) throws(EvaluationError) {
        let selection = EvaluationSelection(table, period)
        guard !selection.rows.isEmpty else { throw .nothingToJudge(Self.emptiness(selection.counts)) }
        self.settings = settings
        (scoreName, amountName, entityName) = (names.score, names.amount, names.entity)
        (segmentName, probabilityName) = (names.segment, names.probability)
        counts = selection.counts
        ages = selection.ages
        asOf = selection.asOf
        let judge = Judge(table, selection, settings)
        firstTime = judge.times.min() ?? 0
        lastTime = judge.times.max() ?? 0

        progress("the whole table")
        let sample = judge.sample(Array(selection.rows.indices))
        var overall = judge.group("all", sample, days: judge.days(sample))
        let weights = [Double](repeating: 1, count: sample.clusterCount)
        let rank = RankMetrics(sample, weights: weights, limits: settings.falsePositiveRates)
        thresholds = rank.points.map { ThresholdRow($0, of: rank) }
        let reference = thresholds.first { $0.limit == settings.referenceRate }?.threshold
        overall.hold(sample, against: reference)
        self.overall = overall
        curves = EvaluationCurves(sample, rank)
        decisions = judge.decisions()

        weeks = judge.weeks { part, name in
            progress("week \(name)")
            let sample = judge.sample(part)
            var group = judge.group(name, sample, days: judge.days(sample))
            group.hold(sample, against: reference)
            return group
        }
        segments = judge.segments { part, name in
            progress("segment \(name)")
            let sample = judge.sample(part)
            var group = judge.group(name, sample, days: judge.days(sample))
            group.hold(sample, against: reference)
            return group
        }
        let weeks = weeks
        weekMeans = overall.metrics.indices.map { place in
            let values = weeks.map { $0.metrics[place].value }.filter { !$0.isNaN }
            return values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
        }
    }

    private static func emptiness(_ counts: EvaluationSelection.Counts) -> String {
        """
        none of \(counts.read) rows can be judged: \(counts.outside) are outside the period, \(counts.withoutScore) \
        have no score, \(counts.immature) are younger than --maturity, \(counts.withoutLabel) have no label, \
        \(counts.ofKnownEntities) are of known entities
        """
    }
}

/// What the columns are called in the report.
public struct EvaluationNames: Sendable {
    public var score: String
    public var amount: String?
    public var entity: String?
    public var segment: String?
    public var probability: String?

    public init(score: String, amount: String?, entity: String?, segment: String?, probability: String?) {
        self.score = score
        self.amount = amount
        self.entity = entity
        self.segment = segment
        self.probability = probability
    }
}

extension ThresholdRow {
    fileprivate init(_ point: OperatingPoint, of rank: RankMetrics) {
        limit = point.limit
        threshold = point.threshold
        falsePositiveRate = point.falsePositiveRate
        flagged = point.flagged
        frauds = point.frauds
        recall = rank.frauds > 0 ? point.frauds / rank.frauds : .nan
        precision = point.flagged > 0 ? point.frauds / point.flagged : .nan
        fraudValue = point.fraudValue
        legitimateValue = point.legitimateValue
    }
}

extension EvaluationGroup {
    /// Flags what scores at least `threshold`; nil flags nothing.
    fileprivate mutating func hold(_ sample: RankedSample, against threshold: Double?) {
        var found = 0
        var flagged = 0
        if let threshold {
            for row in 0..<sample.count where sample.scores[row] >= threshold {
                if sample.isFraud[row] { found += 1 } else { flagged += 1 }
            }
        }
        if payments > frauds { flaggedShare = Double(flagged) / Double(payments - frauds) }
        if frauds > 0 { foundShare = Double(found) / Double(frauds) }
    }
}
