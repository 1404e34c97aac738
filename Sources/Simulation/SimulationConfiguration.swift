// What a simulation is made from. Equal configurations give equal bytes, on any machine.

/// The ways in which the simulation's fraudsters work.
public enum FraudKind: Int, Sendable, CaseIterable, CustomStringConvertible {
    /// Bursts of small payments that find out which of many cards live, or what the rest of one card's data is.
    case cardTesting
    /// A few payments on one card, mostly high, mostly where its holder would not shop.
    case stolenCard
    /// A terminal that skims the cards used there, or at which cloned cards are used.
    case compromisedTerminal
    /// A customer's account used from a new device, for goods that go to a new address.
    case accountTakeover
    /// A merchant that behaves, then takes as much as it can and is gone.
    case merchantBustOut

    public var description: String {
        switch self {
        case .cardTesting: "card_testing"
        case .stolenCard: "stolen_card"
        case .compromisedTerminal: "compromised_terminal"
        case .accountTakeover: "account_takeover"
        case .merchantBustOut: "merchant_bust_out"
        }
    }
}

/// What part of the fraudulent payments each kind makes. Weights: only their proportions matter; 0 leaves a kind out.
public struct FraudMix: Sendable, Equatable {
    public var cardTesting = 0.30
    public var stolenCard = 0.27
    public var compromisedTerminal = 0.20
    public var accountTakeover = 0.11
    public var merchantBustOut = 0.12

    public init() {}

    public subscript(kind: FraudKind) -> Double {
        switch kind {
        case .cardTesting: cardTesting
        case .stolenCard: stolenCard
        case .compromisedTerminal: compromisedTerminal
        case .accountTakeover: accountTakeover
        case .merchantBustOut: merchantBustOut
        }
    }

    var sum: Double { FraudKind.allCases.reduce(0) { $0 + self[$1] } }
}

/// The bounds of a configuration, inclusive.
public enum SimulationLimits {
    public static let customers = 1...1_000_000
    public static let merchants = 16...100_000
    public static let days = 1...3_650
    public static let paymentsPerCustomerPerDay = 0.01...100.0
    public static let fraudShare = 0.0...0.2
    public static let otherShares = 0.0...1.0
    public static let mixWeight = 0.0...1_000.0
    /// 2000-01-01 to 2200-01-01: with ten simulated years behind it, nanoseconds since 1970 still fit.
    public static let startNanoseconds: ClosedRange<Int64> = 946_684_800_000_000_000...7_258_118_400_000_000_000
    public static let transactionPrefixBytes = 1...64
    public static let transactionPrefixDigits = 0...12
}

/// What is wrong with a configuration.
public enum SimulationError: Error, Equatable, Sendable, CustomStringConvertible {
    case integerOutOfRange(name: String, value: Int64, limits: ClosedRange<Int64>)
    case numberOutOfRange(name: String, value: Double, limits: ClosedRange<Double>)
    /// Fraud is wanted, but every weight of the mix is 0.
    case emptyFraudMix
    /// The byte at `offset` is neither an ASCII letter or digit nor `_` or `-`.
    case transactionPrefixByte(offset: Int)

    public var description: String {
        switch self {
        case .integerOutOfRange(let name, let value, let limits):
            "\(name) is \(value); it must be from \(limits.lowerBound) to \(limits.upperBound)"
        case .numberOutOfRange(let name, let value, let limits):
            "\(name) is \(value); it must be from \(limits.lowerBound) to \(limits.upperBound)"
        case .emptyFraudMix:
            "fraudMix is 0 for every kind; raise one weight, or set fraudShare to 0"
        case .transactionPrefixByte(let offset):
            "transactionPrefix, byte \(offset): only ASCII letters, digits, '_' and '-' may stand there"
        }
    }
}

public struct SimulationConfiguration: Sendable, Equatable {
    public var seed: UInt64 = 42
    /// 2026-06-01T00:00:00Z.
    public var startNanoseconds: Int64 = 1_780_272_000_000_000_000
    public var days = 30
    public var customers = 2_000
    /// At least 16: eight trades in each of two countries. The full set of countries takes 112.
    public var merchants = 400
    /// On average over customers and days, without subscriptions, which add about 0.03.
    public var paymentsPerCustomerPerDay = 1.5
    /// Expected part of all payments that is fraud. Campaigns come at even intervals with jitter, so a kind whose
    /// interval is longer than `days` may not occur; with the defaults the longest is about 15 days.
    public var fraudShare = 0.0045
    public var fraudMix = FraudMix()
    /// Part of each kind's frauds that nobody ever reports; card testing has half as many again.
    public var unreportedShare = 0.15
    /// Part of the legitimate e-commerce payments that their own payers charge back as fraud.
    public var friendlyFraudShare = 0.000_2
    /// Part of the legitimate payments that somebody looks into and reports as legitimate; ten times that of odd ones.
    public var reviewedShare = 0.003

    public init() {}

    /// Throws the first thing that is wrong.
    public func validate() throws(SimulationError) {
        try Self.check("customers", customers, SimulationLimits.customers)
        try Self.check("merchants", merchants, SimulationLimits.merchants)
        try Self.check("days", days, SimulationLimits.days)
        guard SimulationLimits.startNanoseconds.contains(startNanoseconds) else {
            throw .integerOutOfRange(
                name: "startNanoseconds", value: startNanoseconds, limits: SimulationLimits.startNanoseconds)
        }
        try Self.check(
            "paymentsPerCustomerPerDay", paymentsPerCustomerPerDay, SimulationLimits.paymentsPerCustomerPerDay)
        try Self.check("fraudShare", fraudShare, SimulationLimits.fraudShare)
        try Self.check("unreportedShare", unreportedShare, SimulationLimits.otherShares)
        try Self.check("friendlyFraudShare", friendlyFraudShare, SimulationLimits.otherShares)
        try Self.check("reviewedShare", reviewedShare, SimulationLimits.otherShares)
        for kind in FraudKind.allCases {
            try Self.check("fraudMix.\(kind)", fraudMix[kind], SimulationLimits.mixWeight)
        }
        if fraudShare > 0, fraudMix.sum <= 0 { throw .emptyFraudMix }
    }

    var endNanoseconds: Int64 { startNanoseconds + Int64(days) * Nanoseconds.day }

    static func check(_ name: String, _ value: Int, _ limits: ClosedRange<Int>) throws(SimulationError) {
        guard limits.contains(value) else {
            throw .integerOutOfRange(
                name: name, value: Int64(value), limits: Int64(limits.lowerBound)...Int64(limits.upperBound))
        }
    }

    static func check(_ name: String, _ value: Double, _ limits: ClosedRange<Double>) throws(SimulationError) {
        guard limits.contains(value) else {  // not a number is in no range
            throw .numberOutOfRange(name: name, value: value, limits: limits)
        }
    }
}
