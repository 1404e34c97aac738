// A payment of the simulation, and how it is written: the body of a request for a score, and the body of its label.

import JSON

public struct SimulatedPayment: Sendable {
    let world: World
    let number: UInt64
    var facts: PaymentFacts
    public internal(set) var label: SimulatedLabel

    /// Nanoseconds since 1970, in whole milliseconds.
    public var eventTimeNanoseconds: Int64 { facts.time }
    /// In minor units of `currency`.
    public var amount: Int64 { facts.amount }
    public var currency: String { world.country(ofMerchant: Int(facts.merchant)).currency }
    /// The customer who pays or in whose name a thief does, where the payment names one.
    public var customerIndex: Int? { facts.customer >= 0 ? Int(facts.customer) : nil }
    public var merchantIndex: Int { Int(facts.merchant) }
    public var isCardPresent: Bool { facts.isCardPresent }
    public var transactionID: String { transactionIDText.string }

    private var transactionIDText: TextBuffer {
        var text = TextBuffer()
        text.append(world.transactionPrefix)
        text.append(decimal: Int64(number))
        return text
    }

    /// Writes the body of `POST /v1/score`. Allocates nothing beyond the writer's growth.
    public func writeRequest(to json: inout JSONWriter) {
        json.beginObject()
        json.key("transaction_id")
        json.string(utf8: transactionIDText.span)
        json.key("event_time")
        json.string(instant: facts.time)
        json.key("amount")
        json.integer(facts.amount)
        json.key("currency")
        json.string(currency)
        json.key("stage")
        json.string(facts.authorization == .notAsked ? "pre_auth" as StaticString : "post_auth")
        json.key("type")
        switch facts.type {
        case .purchase: json.string("purchase" as StaticString)
        case .subscription: json.string("subscription" as StaticString)
        case .accountVerification: json.string("account_verification" as StaticString)
        }
        json.key("channel")
        json.string(facts.isCardPresent ? "card_present" as StaticString : "ecommerce")
        writeCard(to: &json)
        writeMerchant(to: &json)
        writeCustomer(to: &json)
        writeDevice(to: &json)
        writeAddresses(to: &json)
        writeVerification(to: &json)
        json.key("initiator")
        json.string(facts.isMerchantInitiated ? "merchant" as StaticString : "customer")
        json.key("credential_on_file")
        json.bool(facts.credentialOnFile)
        json.key("recurring")
        json.bool(facts.isRecurring)
        writeAuthorization(to: &json)
        writeMetadata(to: &json)
        json.endObject()
    }

    /// Writes the body of `POST /v1/labels`, or nothing and false where no label ever comes.
    @discardableResult
    public func writeLabel(to json: inout JSONWriter) -> Bool {
        guard let report = label.report else { return false }
        json.beginObject()
        json.key("transaction_id")
        json.string(utf8: transactionIDText.span)
        json.key("label")
        json.string(report.saysFraud ? "fraud" as StaticString : "legitimate")
        json.key("source")
        json.string(report.source.rawValue)
        if let code = report.reasonCode {
            json.key("reason_code")
            json.string(code)
        }
        json.key("event_at")
        json.string(instant: facts.time)
        json.key("labelled_at")
        json.string(instant: report.reportedAtNanoseconds)
        json.key("amount")
        json.integer(facts.amount)
        json.endObject()
        return true
    }
}

extension JSONWriter {
    mutating func string(instant nanoseconds: Int64) {
        var text = TextBuffer()
        text.append(instant: nanoseconds)
        string(utf8: text.span)
    }

    /// A name for a thing, such as `cus_mkdjaghbciplneof`.
    mutating func string(_ prefix: StaticString, lettersOf key: UInt64) {
        var text = TextBuffer()
        text.append(prefix)
        text.append(lettersOf: key)
        string(utf8: text.span)
    }

    /// A digest of 16 or 32 bytes that stands for a thing.
    mutating func string(_ prefix: StaticString, digestOf key: UInt64, bytes: Int = 16) {
        var text = TextBuffer()
        text.append(prefix)
        text.append(digestOf: key, words: bytes / 8)
        string(utf8: text.span)
    }

    mutating func string(_ prefix: StaticString, decimal value: Int64, digits: Int) {
        var text = TextBuffer()
        text.append(prefix)
        text.append(decimal: value, digits: digits)
        string(utf8: text.span)
    }

    mutating func string(letter: UInt8) {
        var text = TextBuffer()
        text.append(byte: letter)
        string(utf8: text.span)
    }
}
