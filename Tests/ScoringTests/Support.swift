// What the tests of this target share: seeded numbers, requests as text that can be changed field by field, and the
// shortest ways to read a payment and to make a plan.
import JSON
import Testing

@testable import Scoring

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A request as text: raw JSON values by dotted path, in an order.
struct RequestText: Sendable {
    var members: [(path: String, json: String)]

    init(_ members: [(path: String, json: String)]) { self.members = members }

    /// What every payment needs.
    static let minimal = RequestText([
        ("transaction_id", #""txn_1""#), ("event_time", #""2026-11-23T10:15:00Z""#), ("amount", "1299"),
        ("currency", #""EUR""#), ("card.fingerprint", #""fp_1""#), ("merchant.id", #""m_1""#),
    ])

    /// Every field of the schema.
    static let full = RequestText(
        minimal.members + [
            ("stage", #""pre_auth""#), ("type", #""purchase""#), ("channel", #""ecommerce""#),
            ("card.bin", #""411111""#), ("card.last4", #""1234""#), ("card.brand", #""visa""#),
            ("card.funding", #""credit""#), ("card.country", #""DE""#), ("card.exp_month", "12"),
            ("card.exp_year", "2029"), ("card.token_type", #""network""#), ("merchant.mcc", #""5411""#),
            ("merchant.country", #""FR""#), ("merchant.terminal_id", #""t_1""#), ("customer.id", #""cus_1""#),
            ("customer.email_hash", #""e_1""#), ("customer.email_domain", #""example.com""#),
            ("customer.phone_country", #""GB""#), ("customer.created_at", #""2020-02-29T23:59:59.123456789+02:00""#),
            ("device.id", #""dev_1""#), ("device.ip", #""2001:db8::1""#), ("device.user_agent", #""Mozilla/5.0""#),
            ("device.session_id", #""s_1""#), ("device.time_on_page_ms", "35012"), ("billing.country", #""XK""#),
            ("billing.postal_code_hash", #""p_1""#), ("shipping.country", #""US""#),
            ("shipping.address_hash", #""a_1""#), ("verification.avs", #""Y""#), ("verification.cvc", #""M""#),
            ("verification.three_ds.version", #""2.2.0""#), ("verification.three_ds.status", #""Y""#),
            ("verification.three_ds.eci", #""05""#), ("verification.three_ds.liability_shift", "true"),
            ("initiator", #""customer""#), ("credential_on_file", "false"), ("recurring", "true"),
            ("authorization.status", #""approved""#), ("authorization.response_code", #""00""#),
            ("metadata", #"{"basket":3,"gift":true,"note":"x"}"#), ("deadline_ms", "50"),
        ])

    func setting(_ path: String, _ json: String) -> RequestText {
        var copy = RequestText(members.filter { !$0.path.hasPrefix(path + ".") })
        if let index = copy.members.firstIndex(where: { $0.path == path }) {
            copy.members[index].json = json
        } else {
            copy.members.append((path, json))
        }
        return copy
    }

    func removing(_ path: String) -> RequestText { RequestText(members.filter { $0.path != path }) }

    var text: String { text(space: "") }

    /// - Parameter space: White space to put between all tokens.
    func text(space: String) -> String {
        Self.render(members.map { ($0.path.split(separator: ".").map(String.init), $0.json) }, space)
    }

    private static func render(_ members: [(path: [String], json: String)], _ space: String) -> String {
        var parts: [String] = []
        var done: Set<String> = []
        for (path, json) in members where done.insert(path[0]).inserted {
            guard path.count > 1 else {
                parts.append("\(space)\"\(path[0])\"\(space):\(space)\(json)\(space)")
                continue
            }
            let inner = members.filter { $0.path[0] == path[0] && $0.path.count > 1 }
            let object = render(inner.map { (Array($0.path.dropFirst()), $0.json) }, space)
            parts.append("\(space)\"\(path[0])\"\(space):\(object)")
        }
        return "\(space){\(parts.joined(separator: ","))}\(space)"
    }
}

func read(_ text: String, origin: PaymentReader.Origin = .request) throws(PaymentProblem) -> Payment {
    var reader = PaymentReader(origin: origin)
    var payment = Payment()
    let bytes = Array(text.utf8)
    try reader.read(bytes.span, into: &payment)
    return payment
}

/// What is wrong with a request; nil where nothing is.
func problem(_ text: String) -> PaymentProblem? {
    do throws(PaymentProblem) {
        _ = try read(text)
        return nil
    } catch {
        return error
    }
}

/// `/pointer code` of every wrong field, in order.
func refusals(_ text: String) -> [String] {
    problem(text)?.fieldProblems.map { "\($0.pointer) \($0.code.rawValue)" } ?? []
}

func json(_ payment: Payment) -> String {
    var writer = JSONWriter()
    payment.write(to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// What the fields say, apart from where in the buffer their texts lie.
func contents(_ payment: Payment) -> [String: String] {
    var contents: [String: String] = [:]
    for definition in PaymentSchema.definitions where payment.has(definition.field) {
        let slot = payment.slots[definition.field.rawValue]
        let isText = FieldRule(definition.kind).shape.isText
        contents[definition.name] = isText ? payment.string(definition.field) ?? "" : "\(slot.bits)"
    }
    return contents
}

// MARK: - Plans

let defaultEntities = """
    entities:
      card: card.fingerprint
      customer: customer.id
      device: device.id
      merchant: merchant.id
    """

let defaultPolicy = """
    bands:
      - { at_least: 300, decision: challenge }
      - { at_least: 600, decision: review }
      - { at_least: 900, decision: decline }
    risk_levels: { elevated: 300, highest: 900 }
    default: review
    """

/// A plan of expressions as they would stand behind `- name: ` and of rules as YAML list elements.
func makePlan(
    entities: String = defaultEntities, features: [(String, String)] = [("amount", "amount")], rules: String = "[]",
    policy: String = defaultPolicy
) throws(ConfigurationError) -> ScoringPlan {
    let list = features.map { "\n  - \($0.0): '\($0.1)'" }.joined()
    return try ScoringPlan(
        ScoringPlan.Sources(
            features: ("features.yaml", "\(entities)\nfeatures:\(list.isEmpty ? " []" : list)\n"),
            rules: ("rules.yaml", "rules: \(rules)\n"), policy: ("policy.yaml", policy)))
}

/// The error that making something gives; nil where it is made.
func configurationError(_ body: () throws(ConfigurationError) -> Void) -> ConfigurationError? {
    do throws(ConfigurationError) {
        try body()
        return nil
    } catch {
        return error
    }
}
