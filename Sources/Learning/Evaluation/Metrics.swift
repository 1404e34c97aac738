// The metrics by name, as a list of numbers in a fixed order: what is estimated, resampled, compared with an objective and
// printed is always this list.

/// How a value is written.
public enum MetricFormat: Sendable, Equatable {
    /// Three decimals.
    case plain
    /// A share, as a percentage.
    case share
    /// Five decimals, for what is small when it is good.
    case fine
}

public struct MetricDefinition: Sendable, Equatable {
    /// As in `--require` and in the JSON: `ap`, `recall@0.001`.
    public let id: String
    public let title: String
    public let format: MetricFormat
}

/// What is judged by.
public struct EvaluationSettings: Sendable, Equatable {
    /// Limits of the false-positive rate, ascending, each above 0 and below 1.
    public var falsePositiveRates = [0.001, 0.005, 0.01]
    /// Payments that are looked at a day.
    public var alertsPerDay = 100
    /// Entities that are looked at a day.
    public var cardsPerDay = 100
    /// Bins of the calibration errors, 2 to 1,000.
    public var calibrationBins = 15
    public var bootstrapRounds = 200
    public var seed: UInt64 = 1
    public var unit = ResamplingUnit.day
    /// Segments that are told one by one, the largest; the others are one.
    public var segmentLimit = 10

    public static let calibrationBinLimits = CalibrationBins.binLimits

    public init() {}

    /// The rate whose threshold segments and weeks are held against: the middle one.
    var referenceRate: Double { falsePositiveRates[falsePositiveRates.count / 2] }
}

/// Computes the list of metrics of one sample, under any weights.
struct MetricList {
    let definitions: [MetricDefinition]
    private let settings: EvaluationSettings
    private let sample: RankedSample
    private let bins: CalibrationBins?
    private let cards: CardPrecision?
    /// What each day finds, where weights are days': they do not change what happens within a day.
    private let dailyAlerts: [AlertDay]
    private let dailyCards: [Double]

    /// - Parameter places: The order of all entities, by their number.
    init(_ sample: RankedSample, _ settings: EvaluationSettings, places: [Int32], firstDay: Int64) {
        self.sample = sample
        self.settings = settings
        cards = sample.hasEntities ? CardPrecision(sample, places: places, firstDay: firstDay) : nil
        bins = sample.hasProbabilities ? CalibrationBins(sample, binCount: settings.calibrationBins) : nil
        dailyAlerts = DailyBudget.alerts(sample, perDay: Double(settings.alertsPerDay))
        dailyCards = cards?.days(perDay: Double(settings.cardsPerDay)) ?? []
        definitions = Self.definitions(
            settings, hasAmounts: sample.hasAmounts, hasEntities: sample.hasEntities,
            hasProbabilities: sample.hasProbabilities)
    }

    static func definitions(
        _ settings: EvaluationSettings, hasAmounts: Bool, hasEntities: Bool, hasProbabilities: Bool
    ) -> [MetricDefinition] {
        var list = [
            MetricDefinition(id: "ap", title: "average precision", format: .plain),
            MetricDefinition(id: "auc", title: "AUC ROC", format: .plain),
        ]
        for rate in settings.falsePositiveRates {
            list.append(
                MetricDefinition(
                    id: "recall@\(rate)", title: "recall at FPR \(ReportText.rate(rate))", format: .share))
        }
        if hasAmounts {
            for rate in settings.falsePositiveRates {
                list.append(
                    MetricDefinition(
                        id: "value@\(rate)", title: "fraud value at FPR \(ReportText.rate(rate))", format: .share))
            }
        }
        let alerts = "\(settings.alertsPerDay) alerts a day"
        list.append(MetricDefinition(id: "alert_precision", title: "precision, \(alerts)", format: .share))
        list.append(MetricDefinition(id: "alert_recall", title: "recall, \(alerts)", format: .share))
        if hasAmounts {
            list.append(MetricDefinition(id: "alert_value", title: "fraud value, \(alerts)", format: .share))
        }
        if hasEntities {
            list.append(
                MetricDefinition(
                    id: "card_precision", title: "card precision, \(settings.cardsPerDay) a day", format: .plain))
        }
        if hasProbabilities {
            list.append(MetricDefinition(id: "brier", title: "Brier score", format: .fine))
            list.append(MetricDefinition(id: "ece", title: "ECE, equal counts", format: .fine))
            list.append(MetricDefinition(id: "ece_width", title: "ECE, equal widths", format: .fine))
            list.append(MetricDefinition(id: "predicted_observed", title: "predicted / observed", format: .plain))
        }
        return list
    }

    /// A value for each definition, NaN where it is not defined.
    ///
    /// - Complexity: O(rows).
    func values(weights: [Double]) -> [Double] {
        let rank = RankMetrics(sample, weights: weights, limits: settings.falsePositiveRates)
        var values = [rank.averagePrecision, rank.areaUnderROC]
        values += rank.points.map { share($0.frauds, rank.frauds) }
        if sample.hasAmounts { values += rank.points.map { share($0.fraudValue, rank.fraudValue) } }
        let alerts = alerts(weights)
        values.append(share(alerts.frauds, alerts.alerts))
        values.append(share(alerts.frauds, rank.frauds))
        if sample.hasAmounts { values.append(share(alerts.fraudValue, rank.fraudValue)) }
        if let cards { values.append(cardPrecision(cards, weights)) }
        if let bins {
            let calibration = bins.calibration(sample, weights: weights)
            values.append(calibration.brier)
            values.append(calibration.equalCountError)
            values.append(calibration.equalWidthError)
            values.append(calibration.predictedPerObserved)
        }
        return values
    }

    private func alerts(_ weights: [Double]) -> AlertDay {
        var sum = AlertDay()
        let byEntity = settings.unit == .entity
        let days =
            byEntity
            ? DailyBudget.alerts(sample, perDay: Double(settings.alertsPerDay), weights: weights) : dailyAlerts
        for (day, found) in days.enumerated() {
            let weight = byEntity ? 1 : weights[day]
            sum.alerts += weight * found.alerts
            sum.frauds += weight * found.frauds
            sum.fraudValue += weight * found.fraudValue
        }
        return sum
    }

    private func cardPrecision(_ cards: CardPrecision, _ weights: [Double]) -> Double {
        if settings.unit == .entity {
            let days = cards.days(perDay: Double(settings.cardsPerDay), weights: weights)
            return share(days.reduce(0, +), Double(days.count))
        }
        var sum = 0.0
        for (day, precision) in dailyCards.enumerated() { sum += weights[day] * precision }
        return share(sum, weights.reduce(0, +))
    }

    private func share(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : .nan }
}
