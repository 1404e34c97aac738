// What shroff evaluate is asked: columns, payments, metrics.

import ArgumentParser
import Learning
import Scoring

struct EvaluateSourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What ranks the payments, higher is worse (default: margin where the table has it, else score).",
            valueName: "column"))
    var score: String?

    @Option(help: ArgumentHelp("1 for fraud, 0 for legitimate, empty where unknown.", valueName: "column"))
    var label = EvaluationSource().label

    @Option(help: ArgumentHelp("The payment's time.", valueName: "column"))
    var time = EvaluationSource().time

    @Option(help: ArgumentHelp("When the label became known; may be absent.", valueName: "column"))
    var labelTime = EvaluationSource().labelTime

    @Option(help: ArgumentHelp("Money, for value found.", valueName: "column"))
    var amount: String?

    @Option(help: ArgumentHelp("The card, customer or other entity, for card precision.", valueName: "column"))
    var entity: String?

    @Option(help: ArgumentHelp("Also judges each value of this column.", valueName: "column"))
    var segment: String?

    @Option(
        help: ArgumentHelp(
            "A probability of 0 to 1, for calibration (default: probability where the table has it).",
            valueName: "column"))
    var probability: String?

    @Option(help: ArgumentHelp("Log-odds that become the probability instead.", valueName: "column"))
    var logOdds: String?

    @Option(
        help: ArgumentHelp(
            "Payments of shroff score --payments, in the table's order, for fields it does not have; may be repeated.",
            valueName: "file"))
    var payments: [String] = []

    func validate() throws {
        if probability != nil, logOdds != nil {
            throw ValidationError("--probability and --log-odds exclude each other")
        }
    }

    var source: EvaluationSource {
        var source = EvaluationSource()
        source.score = score
        source.label = label
        source.time = time
        source.labelTime = labelTime
        source.amount = amount
        source.entity = entity
        source.segment = segment
        source.probability = probability.map { .column($0) } ?? logOdds.map { .logOdds($0) }
        source.payments = payments
        return source
    }
}

struct EvaluatePeriodOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only payments from here on; also begins the first week.", valueName: "time"))
    var from: InstantArgument?

    @Option(help: ArgumentHelp("Only payments before.", valueName: "time"))
    var to: InstantArgument?

    @Option(
        help: ArgumentHelp(
            "Judges with what was known then (default: the latest time in the table).", valueName: "time"))
    var asOf: InstantArgument?

    @Option(help: ArgumentHelp("Leaves out payments that are younger, such as 7d or 12h.", valueName: "age"))
    var maturity = SpanArgument(nanoseconds: 0)

    @Option(
        help: ArgumentHelp(
            "Payments without a label count as legitimate at this age (default: they are left out).",
            valueName: "age"))
    var assumeLegitimateAfter: SpanArgument?

    @Option(
        help: ArgumentHelp(
            "Leaves out payments of an entity of which a fraud was known when the day began, from so long before the week.",
            valueName: "age"))
    var leaveOutKnown: SpanArgument?

    func validate() throws {
        if let from, let to, from.nanoseconds >= to.nanoseconds { throw ValidationError("--from is not before --to") }
    }

    var period: EvaluationPeriod {
        var period = EvaluationPeriod()
        period.from = from?.nanoseconds
        period.to = to?.nanoseconds
        period.asOf = asOf?.nanoseconds
        period.maturity = maturity.nanoseconds
        period.assumeLegitimateAfter = assumeLegitimateAfter?.nanoseconds
        period.leaveOutKnown = leaveOutKnown?.nanoseconds
        return period
    }
}

struct EvaluateMetricOptions: ParsableArguments {
    private static let roundLimit = 100_000

    @Option(help: ArgumentHelp("False-positive rates for recall and value.", valueName: "x,y,…"))
    var fpr = RatesArgument(rates: EvaluationSettings().falsePositiveRates)

    @Option(help: ArgumentHelp("Payments that are looked at a day.", valueName: "n"))
    var alertsPerDay = EvaluationSettings().alertsPerDay

    @Option(help: ArgumentHelp("Entities that are looked at a day, for card precision.", valueName: "n"))
    var cardsPerDay = EvaluationSettings().cardsPerDay

    @Option(help: ArgumentHelp("Bins of the calibration errors, 2 to 1000.", valueName: "n"))
    var bins = EvaluationSettings().calibrationBins

    @Option(help: ArgumentHelp("Segments that are told one by one.", valueName: "n"))
    var segmentLimit = EvaluationSettings().segmentLimit

    @Option(help: ArgumentHelp("Resamplings for the intervals; 0 for none.", valueName: "n"))
    var bootstrap = EvaluationSettings().bootstrapRounds

    @Option(help: ArgumentHelp("What is resampled: day or entity.", valueName: "unit"))
    var bootstrapBy = EvaluationSettings().unit

    @Option(help: ArgumentHelp("What resamplings are drawn from; equal seeds give equal intervals.", valueName: "n"))
    var seed = EvaluationSettings().seed

    func validate() throws {
        for (name, value) in [("--alerts-per-day", alertsPerDay), ("--cards-per-day", cardsPerDay)] where value < 1 {
            throw ValidationError("\(name) \(value) is less than 1")
        }
        guard EvaluationSettings.calibrationBinLimits.contains(bins) else {
            throw ValidationError("--bins \(bins) is outside 2 to 1000")
        }
        guard (0...Self.roundLimit).contains(bootstrap) else {
            throw ValidationError("--bootstrap \(bootstrap) is outside 0 to \(Self.roundLimit)")
        }
        guard segmentLimit >= 1 else { throw ValidationError("--segment-limit \(segmentLimit) is less than 1") }
    }

    var settings: EvaluationSettings {
        var settings = EvaluationSettings()
        settings.falsePositiveRates = fpr.rates
        settings.alertsPerDay = alertsPerDay
        settings.cardsPerDay = cardsPerDay
        settings.calibrationBins = bins
        settings.segmentLimit = segmentLimit
        settings.bootstrapRounds = bootstrap
        settings.unit = bootstrapBy
        settings.seed = seed
        return settings
    }
}

/// An RFC 3339 time, or a date, which is its first instant in UTC.
struct InstantArgument: ExpressibleByArgument {
    let nanoseconds: Int64

    init?(argument: String) {
        let text = argument.utf8.count == 10 ? argument + "T00:00:00Z" : argument
        let bytes = Array(text.utf8)
        guard let nanoseconds = Timestamp.nanoseconds(parsing: bytes.span) else { return nil }
        self.nanoseconds = nanoseconds
    }
}

/// A length of time: `7d`, `12h`, `90m`, `30s`.
struct SpanArgument: ExpressibleByArgument {
    let nanoseconds: Int64

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    init?(argument: String) {
        let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = argument.last.flatMap({ seconds[$0] }), let count = Int64(argument.dropLast()), count >= 0
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit * 1_000_000_000)
        guard !overflow else { return nil }
        nanoseconds = product
    }

    var defaultValueDescription: String { "\(nanoseconds / 86_400_000_000_000)d" }
}

/// Shares above 0 and below 1, in ascending order.
struct RatesArgument: ExpressibleByArgument {
    private static let limit = 20

    let rates: [Double]

    init(rates: [Double]) { self.rates = rates }

    init?(argument: String) {
        let rates = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? 0 }
        guard !rates.isEmpty, rates.count <= Self.limit, rates.allSatisfy({ $0 > 0 && $0 < 1 }),
            Set(rates).count == rates.count
        else { return nil }
        self.rates = rates.sorted()
    }

    var defaultValueDescription: String { rates.map { "\($0)" }.joined(separator: ",") }
}
