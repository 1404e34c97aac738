// Endless payments for a load test: a simulation whose event times are replaced by those of the caller. Who pays, where,
// with what and how often in proportion is as simulated; time is compressed, so windows of minutes see more of each
// customer than they would in life. More customers bring that back down.

import JSON

public struct LivePaymentSource: Sendable {
    /// Bodies kept for re-submission.
    public static let keptBodies = 256

    private var simulator: Simulator
    private var json = JSONWriter(capacity: 4_096)
    private var random: RandomSource
    private let duplicateShare: Double
    private var kept: [[UInt8]] = []
    private var oldest = 0

    /// The world of a load test: 50,000 customers and 2,000 merchants.
    public static var standardConfiguration: SimulationConfiguration {
        var configuration = SimulationConfiguration()
        configuration.customers = 50_000
        configuration.merchants = 2_000
        return configuration
    }

    /// - Parameters:
    ///   - configuration: The world; `startNanoseconds` should be about the first event time, for customers' ages and
    ///     cards' expiry dates. `days` has no meaning here.
    ///   - transactionPrefix: What the transaction ids begin with; to be unique over runs against one service.
    ///   - duplicateShare: Part of the bodies that repeat, byte for byte, one of the last `keptBodies`.
    public init(
        _ configuration: SimulationConfiguration = Self.standardConfiguration, transactionPrefix: String,
        duplicateShare: Double = 0
    ) throws(SimulationError) {
        var configuration = configuration
        configuration.days = SimulationLimits.days.upperBound
        try configuration.validate()
        try SimulationConfiguration.check("duplicateShare", duplicateShare, SimulationLimits.otherShares)
        let prefix = try Self.checked(transactionPrefix)
        simulator = Simulator(validated: configuration, transactionPrefix: prefix + [0x5F])
        random = RandomSource(seed: configuration.seed, stream: RandomStream.live)
        self.duplicateShare = duplicateShare
        if duplicateShare > 0 { kept.reserveCapacity(Self.keptBodies) }
    }

    /// Appends the body of the next request for a score, with this event time in nanoseconds since 1970; or, at the
    /// share asked for, a body that was given before.
    public mutating func next(at eventTimeNanoseconds: Int64, into body: inout [UInt8]) {
        if duplicateShare > 0, !kept.isEmpty, random.chance(duplicateShare) {
            body.append(contentsOf: kept[random.below(kept.count)])
            return
        }
        var payment = nextPayment()
        payment.facts.time = eventTimeNanoseconds
        json.removeAll()
        payment.writeRequest(to: &json)
        body.append(contentsOf: json.bytes)
        if duplicateShare > 0 { keep() }
    }

    private mutating func nextPayment() -> SimulatedPayment {
        while true {
            if let payment = simulator.next() { return payment }
            simulator.beginAnew()  // ten simulated years are over
        }
    }

    private mutating func keep() {
        if kept.count < Self.keptBodies {
            kept.append(json.bytes)
            return
        }
        kept[oldest].removeAll(keepingCapacity: true)
        kept[oldest].append(contentsOf: json.bytes)
        oldest = (oldest + 1) % Self.keptBodies
    }

    /// Letters, digits, `_` and `-`, and too few digits for a card number.
    private static func checked(_ prefix: String) throws(SimulationError) -> [UInt8] {
        let bytes = Array(prefix.utf8)
        try SimulationConfiguration.check(
            "transactionPrefix.bytes", bytes.count, SimulationLimits.transactionPrefixBytes)
        var digits = 0
        for (offset, byte) in bytes.enumerated() {
            let letter = byte | 0x20
            let isDigit = byte >= 0x30 && byte <= 0x39
            guard isDigit || (letter >= 0x61 && letter <= 0x7A) || byte == 0x5F || byte == 0x2D else {
                throw .transactionPrefixByte(offset: offset)
            }
            if isDigit { digits += 1 }
        }
        try SimulationConfiguration.check("transactionPrefix.digits", digits, SimulationLimits.transactionPrefixDigits)
        return bytes
    }
}
