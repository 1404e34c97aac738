// Examples stand beside the rule that they are about, and `shroff rules test` runs them: a payment, what came before it,
// and whether the rule matches.
//
//   examples:
//     - { payment: { amount: 100, card: { fingerprint: c } }, before: [{ ago: 2m, times: 4 }], matches: true }
//     - { payment: examples/ordinary.json, matches: false }
//
// Required fields that an example leaves out have defaults, and each earlier payment has the fields of the payment itself
// where it does not say otherwise: most histories are about the same card.

import JSON
import Platform

public struct RuleExample: Sendable {
    public static let maximumPerRule = 64
    public static let maximumEarlierPayments = 1_000
    static let standardAgoNanoseconds: Int64 = 60_000_000_000
    private static let defaults: [(PaymentField, String)] = [
        (.eventTime, "2026-01-14T12:00:00Z"), (.amount, "1000"), (.currency, "EUR"), (.merchantID, "merchant"),
    ]

    /// Values of fields as text, in the order of the schema.
    typealias Values = [PaymentField: String]

    struct Earlier: Sendable {
        let values: Values
        let agoNanoseconds: Int64
        let times: Int
    }

    public let file: String
    public let line: Int
    public let matches: Bool
    let payment: Values
    let earlier: [Earlier]

    // MARK: Reading

    /// - Parameter node: nil where there are none.
    static func read(_ node: ConfigurationNode?) throws(ConfigurationError) -> [RuleExample] {
        guard let node else { return [] }
        var examples: [RuleExample] = []
        for element in try node.elements() { examples.append(try RuleExample(element)) }
        guard examples.count <= maximumPerRule else {
            throw node.error("has \(examples.count) examples; at most \(maximumPerRule)")
        }
        return examples
    }

    private init(_ node: ConfigurationNode) throws(ConfigurationError) {
        let fields = try node.fields(known: ["payment", "before", "matches", "description"])
        guard let payment = fields["payment"], let matches = fields["matches"] else {
            throw node.error("needs payment and matches")
        }
        file = node.file
        line = node.line
        self.matches = try matches.boolean()
        let values = try Self.values(payment)
        self.payment = values
        var earlier: [Earlier] = []
        var count = 0
        for element in try fields["before"]?.elements() ?? [] {
            let one = try Self.earlier(element, beside: values)
            earlier.append(one)
            count += one.times
        }
        if let before = fields["before"], count > Self.maximumEarlierPayments {
            throw before.error("has \(count) payments; at most \(Self.maximumEarlierPayments)")
        }
        self.earlier = earlier
    }

    private static func earlier(
        _ node: ConfigurationNode, beside payment: Values
    ) throws(ConfigurationError) -> Earlier {
        var ago = standardAgoNanoseconds
        var times = 1
        var values = payment
        values[.eventTime] = nil
        values[.transactionID] = nil
        guard node.isMapping else {
            for (field, text) in try Self.values(node) { values[field] = text }
            return Earlier(values: values, agoNanoseconds: ago, times: times)
        }
        for (key, value) in try node.members() {
            switch key {
            case "ago": ago = try value.durationNanoseconds()
            case "times": times = try value.integer(in: 1...maximumEarlierPayments)
            default: try read(key, value, into: &values)
            }
        }
        return Earlier(values: values, agoNanoseconds: ago, times: times)
    }

    /// The fields of a mapping, or of the JSON file that a path names.
    private static func values(_ node: ConfigurationNode) throws(ConfigurationError) -> Values {
        var values: Values = [:]
        var mapping = node
        if !node.isMapping {
            let name = try node.string()
            let path = name.hasPrefix("/") ? name : parentDirectory(of: node.file) + "/" + name
            let text: String
            do throws(PlatformError) {
                text = String(decoding: try readFile(path), as: UTF8.self)
            } catch {
                throw node.error(error.description)
            }
            mapping = try ConfigurationNode(yaml: text, file: path)
        }
        for (key, value) in try mapping.members() { try read(key, value, into: &values) }
        return values
    }

    private static func read(
        _ name: String, _ node: ConfigurationNode, into values: inout Values
    ) throws(ConfigurationError) {
        if let field = PaymentField.allCases.first(where: { $0.name == name }), field != .metadata {
            if !node.isNull { values[field] = try node.string() }
            return
        }
        let below = PaymentField.allCases.filter { $0.name.hasPrefix(name + ".") }
        guard !below.isEmpty, node.isMapping else {
            let hint = nearest(to: name, among: PaymentField.allCases.map(\.name)).map { "; did you mean \($0)?" }
            throw node.error("is no field of a payment that an example can have\(hint ?? "")")
        }
        for (key, value) in try node.members() { try read("\(name).\(key)", value, into: &values) }
    }

    // MARK: Payments

    /// The request bodies in order, the one that the example is about last.
    func bodies() -> [[UInt8]] {
        var whole = payment
        for (field, text) in Self.defaults where whole[field] == nil { whole[field] = text }
        let asked = whole[.eventTime].flatMap { Self.time($0) } ?? 0
        var bodies: [(time: Int64, body: [UInt8])] = []
        for earlier in earlier {
            for _ in 0..<earlier.times {
                var values = earlier.values
                let own = values[.eventTime].flatMap { Self.time($0) }
                let moment = own ?? asked - earlier.agoNanoseconds
                for (field, text) in Self.defaults where values[field] == nil { values[field] = text }
                values[.eventTime] = Timestamp.text(nanoseconds: moment)
                bodies.append((moment, Self.body(values, "before-\(bodies.count + 1)")))
            }
        }
        bodies.sort { $0.time < $1.time }
        return bodies.map(\.body) + [Self.body(whole, "example")]
    }

    private static func time(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        return Timestamp.nanoseconds(parsing: bytes.span)
    }

    private static func body(_ values: Values, _ transaction: String) -> [UInt8] {
        var builder = PaymentBuilder()
        for (field, text) in values { builder.set(field, text) }
        if values[.transactionID] == nil { builder.set(.transactionID, transaction) }
        if values[.cardFingerprint] == nil, values[.customerID] == nil { builder.set(.cardFingerprint, "card") }
        var json = JSONWriter()
        builder.write(to: &json)
        return json.bytes
    }
}
