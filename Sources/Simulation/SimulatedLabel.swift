// What a payment truly was, and what the service is told of it, when. The two differ: frauds that nobody reports,
// payers who charge back what they bought, and weeks between the payment and the word of it.

public struct SimulatedLabel: Sendable, Equatable {
    public enum Truth: Sendable, Hashable {
        case legitimate
        case fraud(FraudKind)

        public var isFraud: Bool { self != .legitimate }
    }

    public enum Source: String, Sendable, CaseIterable {
        case chargeback
        case earlyFraudWarning = "early_fraud_warning"
        case manualReview = "manual_review"
        case refund
        case customerConfirmed = "customer_confirmed"
    }

    /// The word that reaches the service.
    public struct Report: Sendable, Equatable {
        /// What it says, which is wrong where a payer charges back his own purchase.
        public var saysFraud: Bool
        public var reportedAtNanoseconds: Int64
        public var source: Source
        /// The card scheme's code, where it has one.
        public var reasonCode: String?
    }

    public var truth: Truth
    /// Nil where no word ever comes.
    public var report: Report?

    public var reportedAtNanoseconds: Int64? { report?.reportedAtNanoseconds }
    public var source: Source? { report?.source }
    public var reasonCode: String? { report?.reasonCode }
}

/// A delay that is log-normal within bounds.
struct LabelDelay: Sendable {
    let medianDays: Double
    let sigma: Double
    let days: ClosedRange<Double>

    static let chargeback = LabelDelay(medianDays: 20, sigma: 0.6, days: 3...120)
    static let earlyFraudWarning = LabelDelay(medianDays: 4, sigma: 0.5, days: 0.5...30)
    static let manualReview = LabelDelay(medianDays: 0.3, sigma: 1.0, days: 0.01...5)
    static let refund = LabelDelay(medianDays: 1.2, sigma: 0.8, days: 0.1...14)
    static let customerConfirmed = LabelDelay(medianDays: 1.5, sigma: 0.9, days: 0.02...21)

    static func of(_ source: SimulatedLabel.Source) -> LabelDelay {
        switch source {
        case .chargeback: chargeback
        case .earlyFraudWarning: earlyFraudWarning
        case .manualReview: manualReview
        case .refund: refund
        case .customerConfirmed: customerConfirmed
        }
    }

    func draw(_ random: inout RandomSource) -> Int64 {
        let drawn = random.logNormal(median: medianDays, sigma: sigma)
        return Nanoseconds.days(min(max(drawn, days.lowerBound), days.upperBound))
    }
}

/// Decides what is reported of a payment.
struct LabelOffice: Sendable {
    let unreportedShare: Double
    let friendlyFraudShare: Double
    let reviewedShare: Double
    /// Card tests are small; many go unnoticed.
    private static let unnoticedCardTests = 1.5
    /// What looks odd is looked into more often.
    private static let oddReviewFactor = 10.0

    init(_ configuration: SimulationConfiguration) {
        unreportedShare = configuration.unreportedShare
        friendlyFraudShare = configuration.friendlyFraudShare
        reviewedShare = configuration.reviewedShare
    }

    func report(
        onFraud kind: FraudKind, at time: Int64, brand: CardBrand, isCardPresent: Bool, random: inout RandomSource
    ) -> SimulatedLabel.Report? {
        let unreported = kind == .cardTesting ? unreportedShare * Self.unnoticedCardTests : unreportedShare
        if random.chance(unreported) { return nil }
        let source = Self.source(ofFraud: kind, draw: random.uniform())
        return SimulatedLabel.Report(
            saysFraud: true,
            reportedAtNanoseconds: time + LabelDelay.of(source).draw(&random),
            source: source,
            reasonCode: Self.reasonCode(source, kind, brand, isCardPresent: isCardPresent))
    }

    func report(
        onLegitimateAt time: Int64, brand: CardBrand, isCardPresent: Bool, isOdd: Bool, random: inout RandomSource
    ) -> SimulatedLabel.Report? {
        var draw = random.uniform()
        if !isCardPresent {
            if draw < friendlyFraudShare {
                return SimulatedLabel.Report(
                    saysFraud: true,
                    reportedAtNanoseconds: time + LabelDelay.chargeback.draw(&random),
                    source: .chargeback,
                    reasonCode: Self.reasonCode(.chargeback, .stolenCard, brand, isCardPresent: false))
            }
            draw -= friendlyFraudShare
        }
        guard draw < (isOdd ? reviewedShare * Self.oddReviewFactor : reviewedShare) else { return nil }
        let source: SimulatedLabel.Source = random.chance(0.7) ? .manualReview : .customerConfirmed
        return SimulatedLabel.Report(
            saysFraud: false,
            reportedAtNanoseconds: time + LabelDelay.of(source).draw(&random),
            source: source,
            reasonCode: nil)
    }

    private static func source(ofFraud kind: FraudKind, draw: Double) -> SimulatedLabel.Source {
        switch kind {
        case .cardTesting:
            draw < 0.35
                ? .refund : draw < 0.60 ? .chargeback : draw < 0.75 ? .manualReview : .earlyFraudWarning
        case .stolenCard:
            draw < 0.60
                ? .chargeback : draw < 0.85 ? .earlyFraudWarning : draw < 0.93 ? .customerConfirmed : .manualReview
        case .compromisedTerminal:
            draw < 0.55 ? .chargeback : draw < 0.90 ? .earlyFraudWarning : .customerConfirmed
        case .accountTakeover:
            draw < 0.45
                ? .chargeback : draw < 0.65 ? .earlyFraudWarning : draw < 0.90 ? .customerConfirmed : .manualReview
        case .merchantBustOut:
            draw < 0.90 ? .chargeback : .manualReview
        }
    }

    private static func reasonCode(
        _ source: SimulatedLabel.Source, _ kind: FraudKind, _ brand: CardBrand, isCardPresent: Bool
    ) -> String? {
        switch source {
        case .earlyFraudWarning:
            return brand == .visa ? "TC40" : brand == .mastercard ? "SAFE" : nil
        case .manualReview, .refund, .customerConfirmed:
            return nil
        case .chargeback:
            if kind == .merchantBustOut {  // goods or services not received
                switch brand {
                case .visa: return "13.1"
                case .mastercard: return "4853"
                case .amex: return "C08"
                case .jcb: return "502"
                }
            }
            switch brand {
            case .visa: return isCardPresent ? "10.3" : "10.4"
            case .mastercard: return isCardPresent ? "4870" : "4837"
            case .amex: return isCardPresent ? "F24" : "F29"
            case .jcb: return "546"
            }
        }
    }
}
