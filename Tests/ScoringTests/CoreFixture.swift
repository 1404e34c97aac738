// A core with everything around it that a service would have: reader, pseudonyms, sequencer, and the log as an array.
import Aggregates
import JSON
import Testing

@testable import Scoring

let midnight: Int64 = 1_795_392_000_000_000_000  // 2026-11-23
let second: Int64 = 1_000_000_000

/// Payments of a few cards, devices and merchants, close in time, so that histories are full of each other.
struct PaymentStream {
    struct Facts: Equatable {
        var transaction = ""
        var time: Int64 = 0
        var amount: Int64 = 0
        var card: String?
        var customer: String?
        var device: String?
        var merchant = ""
    }

    var rng: SplitMix64
    var cards = 6
    /// Seconds between two payments, at most.
    var pause: Int64 = 120
    private(set) var count = 0
    private var time = midnight

    init(seed: UInt64) { rng = SplitMix64(seed: seed) }

    mutating func next() -> Facts {
        count += 1
        // One in four shares its instant with the one before.
        if Int.random(in: 0...3, using: &rng) > 0 { time += Int64.random(in: 1...pause, using: &rng) * second }
        var facts = Facts(transaction: "txn_\(count)", time: time, amount: Int64.random(in: 1...2_000, using: &rng))
        facts.merchant = "m_\(Int.random(in: 0..<4, using: &rng))"
        facts.card = Int.random(in: 0...9, using: &rng) == 0 ? nil : "c_\(Int.random(in: 0..<cards, using: &rng))"
        let hasCustomer = facts.card == nil || Bool.random(using: &rng)
        facts.customer = hasCustomer ? "u_\(Int.random(in: 0..<cards, using: &rng))" : nil
        facts.device = Bool.random(using: &rng) ? "d_\(Int.random(in: 0..<3, using: &rng))" : nil
        return facts
    }

    static func request(_ facts: Facts) -> RequestText {
        var request = RequestText.minimal.setting("transaction_id", "\"\(facts.transaction)\"")
            .setting("event_time", "\"\(Timestamp.text(nanoseconds: facts.time))\"").setting(
                "amount", "\(facts.amount)"
            )
            .setting("merchant.id", "\"\(facts.merchant)\"").removing("card.fingerprint")
        if let card = facts.card { request = request.setting("card.fingerprint", "\"\(card)\"") }
        if let customer = facts.customer { request = request.setting("customer.id", "\"\(customer)\"") }
        if let device = facts.device { request = request.setting("device.id", "\"\(device)\"") }
        return request
    }
}

/// One run: payments in, decisions and records out.
struct Run {
    var sequencer: Sequencer
    /// The lines of the log, without their chain.
    private(set) var lines: [[UInt8]] = []
    private var reader = PaymentReader()
    private var payment = Payment()
    private let pseudonymizer = Pseudonymizer(key: Array("a key of the tests".utf8))
    /// Records that the log refuses from now on.
    var isLogFull = false

    init(
        _ plan: ScoringPlan, model: ModelState = .none,
        costs: LadderCosts = LadderCosts(rulesNanoseconds: 1, modelNanoseconds: 1),
        limits: CoreLimits = CoreLimits()
    ) throws {
        sequencer = Sequencer(core: try Core(plan: plan, model: model, costs: costs, limits: limits))
    }

    var decision: Decision { sequencer.core.decision }
    var answer: String { String(decoding: sequencer.answer.bytes, as: UTF8.self) }

    /// - Parameters:
    ///   - now: By default the time of the payment.
    ///   - remaining: Of the budget, in nanoseconds.
    @discardableResult
    mutating func submit(
        _ request: String, at now: Int64? = nil, remaining: Int64 = .max, traceParent: String = ""
    ) throws -> SubmissionOutcome {
        let body = Array(request.utf8)
        try reader.read(body.span, into: &payment)
        pseudonymizer.apply(to: &payment)
        let arrival = Arrival(
            receivedAtNanoseconds: now ?? payment.eventTimeNanoseconds, firstByteNanoseconds: 1_000,
            parsedNanoseconds: 3_000, budgetNanoseconds: remaining == .max ? .max : remaining + 4_000)
        var lines: [[UInt8]] = []
        swap(&lines, &self.lines)
        defer { swap(&lines, &self.lines) }
        let trace = Array(traceParent.utf8)
        let isLogFull = isLogFull
        return sequencer.submit(payment, arrival, traceParent: trace.span, clock: { 5_000 }) { sequence, body in
            if isLogFull { return nil }
            lines.append(Self.line(sequence, body))
            return Self.reference(lines.count)
        }
    }

    @discardableResult
    mutating func submit(_ facts: PaymentStream.Facts, remaining: Int64 = .max) throws -> SubmissionOutcome {
        try submit(PaymentStream.request(facts).text, remaining: remaining)
    }

    mutating func take(_ kind: RecordKind, _ object: String, at now: Int64) -> UInt64 {
        let bytes = Array(object.utf8)
        var lines: [[UInt8]] = []
        swap(&lines, &self.lines)
        defer { swap(&lines, &self.lines) }
        return sequencer.take(kind, bytes.span, receivedAtNanoseconds: now) { sequence, body in
            lines.append(Self.line(sequence, body))
            return Self.reference(lines.count)
        }
    }

    mutating func replacePlan(_ plan: ScoringPlan, at now: Int64) throws {
        var lines: [[UInt8]] = []
        swap(&lines, &self.lines)
        defer { swap(&lines, &self.lines) }
        _ = try sequencer.replacePlan(
            plan, model: .none, costs: LadderCosts(rulesNanoseconds: 1, modelNanoseconds: 1), at: now
        ) { sequence, body in
            lines.append(Self.line(sequence, body))
            return Self.reference(lines.count)
        }
    }

    /// Begins to decide behind what was taken back in.
    mutating func begin(at now: Int64) {
        var lines: [[UInt8]] = []
        swap(&lines, &self.lines)
        defer { swap(&lines, &self.lines) }
        _ = sequencer.begin(kept: nil, at: now) { sequence, body in
            lines.append(Self.line(sequence, body))
            return Self.reference(lines.count)
        }
    }

    /// Takes back in what another run recorded.
    mutating func restore(_ lines: some Sequence<[UInt8]>) throws {
        var records = RecordReader()
        for line in lines {
            let parts = try records.read(line.span)
            self.lines.append(line)
            sequencer.restore(parts, records.payment, at: Self.reference(self.lines.count))
        }
    }

    static func reference(_ count: Int) -> RecordReference {
        RecordReference(segment: 1, offset: UInt64(count), length: 7)
    }

    private static func line(_ sequence: UInt64, _ body: Span<UInt8>) -> [UInt8] {
        Array("{\"seq\":\(sequence),".utf8) + body.indices.map { body[$0] } + Array("}".utf8)
    }
}

/// The JSON value of a text; an issue and null where it is none.
func jsonValue(_ text: some Collection<UInt8>) -> JSONValue {
    let bytes = Array(text)
    do throws(JSONError) {
        return try JSONValue(parsing: bytes.span)
    } catch {
        Issue.record("\(error): \(String(decoding: bytes, as: UTF8.self))")
        return .null
    }
}

/// A plan with histories of every kind, rules of every action.
func makeRichPlan() throws(ConfigurationError) -> ScoringPlan {
    try makePlan(
        features: [
            ("amount", "major_units(amount, currency)"), ("card_count_10m", #"count(card, "10m")"#),
            ("card_before_10m", #"before(count(card, "10m"))"#), ("card_sum_1h", #"sum(card, amount, "1h")"#),
            ("card_mean_1h", #"before(mean(card, amount, "1h"))"#),
            ("card_merchants", #"distinct(card, merchant.id, "1h")"#),
            ("card_age", "since_first(card)"), ("card_gap", "since_last(card)"),
            ("user_cards", #"distinct(customer, card, "1d")"#),
            ("device_count", #"count(device, "20m")"#), ("merchant_mean", #"mean(merchant, amount, "20m")"#),
            ("ratio", "amount / feature.card_mean_1h"), ("is_night", "event_time.getHours() <= 6"),
        ],
        rules: """

              - { id: fast, when: 'feature.card_count_10m >= 3', action: challenge, points: 250 }
              - { id: many, when: 'feature.user_cards >= 4', action: review, points: 100 }
              - { id: high, when: 'feature.ratio > 3.0', points: 400 }
              - { id: trusted, when: 'merchant.id == "m_3" && amount < 100', action: approve }
              - { id: seen, when: 'amount > 1990', action: observe, points: 9 }
              - { id: block, when: 'amount > 1980 && feature.device_count > 1', action: decline }
            """)
}
