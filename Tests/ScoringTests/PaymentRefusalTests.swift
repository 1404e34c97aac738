// What a request may not say: every wrong field by its pointer and code, all in one go, and never its value.
import Testing

@testable import Scoring

@Suite struct PaymentRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let json: String
        let expected: [String]

        init(_ path: String, _ json: String, _ expected: String...) {
            self.path = path
            self.json = json
            self.expected = expected
        }

        var testDescription: String { "\(path): \(json.prefix(40))" }
    }

    private static func text(_ bytes: Int) -> String { "\"" + String(repeating: "x", count: bytes) + "\"" }

    static let types: [Case] = [
        Case("transaction_id", "1", "/transaction_id wrong_type"),
        Case("event_time", "1700000000", "/event_time wrong_type"),
        Case("amount", #""12""#, "/amount wrong_type"), Case("amount", "12.5", "/amount wrong_type"),
        Case("amount", "1e3", "/amount wrong_type"), Case("amount", "[1]", "/amount wrong_type"),
        Case("currency", "978", "/currency wrong_type"),
        Case("card", #""fp""#, "/card wrong_type", "/card/fingerprint missing"),
        Case("card.fingerprint", "{}", "/card/fingerprint wrong_type"),
        Case("card.bin", "411111", "/card/bin wrong_type"),
        Case("card.exp_month", #""12""#, "/card/exp_month wrong_type"),
        Case("merchant", "[]", "/merchant wrong_type", "/merchant/id missing"),
        Case("recurring", "1", "/recurring wrong_type"), Case("recurring", #""true""#, "/recurring wrong_type"),
        Case("verification.three_ds", "true", "/verification/three_ds wrong_type"),
        Case("verification.three_ds.liability_shift", "0", "/verification/three_ds/liability_shift wrong_type"),
        Case("stage", "true", "/stage wrong_type"), Case("device.ip", "1", "/device/ip wrong_type"),
        Case("metadata", "[]", "/metadata wrong_type"), Case("metadata", #""{}""#, "/metadata wrong_type"),
        Case("metadata", #"{"a":{}}"#, "/metadata/a wrong_type"),
        Case("metadata", #"{"a/b~c":[1,2]}"#, "/metadata/a~1b~0c wrong_type"),
    ]

    static let values: [Case] = [
        Case("amount", "-1", "/amount out_of_range"), Case("amount", "0"), Case("amount", "-0"),
        Case("amount", "999999999999"), Case("amount", "1000000000000", "/amount out_of_range"),
        Case("amount", "99999999999999999999", "/amount out_of_range"),
        Case("deadline_ms", "0", "/deadline_ms out_of_range"), Case("deadline_ms", "1"), Case("deadline_ms", "1000"),
        Case("deadline_ms", "1001", "/deadline_ms out_of_range"),
        Case("card.exp_month", "0", "/card/exp_month out_of_range"), Case("card.exp_month", "1"),
        Case("card.exp_month", "13", "/card/exp_month out_of_range"),
        Case("device.time_on_page_ms", "-1", "/device/time_on_page_ms out_of_range"),
        Case("transaction_id", text(128)), Case("transaction_id", text(129), "/transaction_id too_long"),
        Case("transaction_id", #""""#, "/transaction_id empty"),
        Case("card.fingerprint", text(128)), Case("card.fingerprint", text(129), "/card/fingerprint too_long"),
        Case("card.fingerprint", #""""#, "/card/fingerprint empty"),
        Case("merchant.id", text(129), "/merchant/id too_long"), Case("device.user_agent", text(1_024)),
        Case("device.user_agent", text(1_025), "/device/user_agent too_long"),
        Case("channel", text(32)), Case("channel", text(33), "/channel too_long"),
        Case("currency", #""EUX""#, "/currency not_allowed"), Case("currency", #""eur""#, "/currency not_allowed"),
        Case("currency", #""EU""#, "/currency not_allowed"), Case("currency", #""""#, "/currency empty"),
        Case("card.country", #""ZZ""#, "/card/country not_allowed"),
        Case("card.country", #""de""#, "/card/country not_allowed"),
        Case("card.country", #""DEU""#, "/card/country not_allowed"),
        Case("event_time", #""2026-11-23""#, "/event_time malformed"),
        Case("event_time", #""2026-11-23T10:15:00""#, "/event_time malformed"),
        Case("event_time", #""2026-02-29T10:15:00Z""#, "/event_time malformed"),
        Case("event_time", #""tomorrow""#, "/event_time malformed"), Case("event_time", #""""#, "/event_time empty"),
        Case("customer.created_at", #""2026-13-01T00:00:00Z""#, "/customer/created_at malformed"),
        Case("device.ip", #""192.0.2.1""#), Case("device.ip", #""::ffff:192.0.2.1""#),
        Case("device.ip", #""192.0.2.256""#, "/device/ip malformed"),
        Case("device.ip", #""192.0.2""#, "/device/ip malformed"),
        Case("device.ip", #""example.com""#, "/device/ip malformed"),
        Case("device.ip", #""fe80::1%eth0""#, "/device/ip malformed"),
        Case("card.bin", #""41111""#, "/card/bin malformed"), Case("card.bin", #""41111111""#),
        Case("card.bin", #""411111111""#, "/card/bin malformed"), Case("card.bin", #""41111a""#, "/card/bin malformed"),
        Case("card.last4", #""123""#, "/card/last4 malformed"),
        Case("merchant.mcc", #""12345""#, "/merchant/mcc malformed"),
        Case("stage", #""auth""#, "/stage not_allowed"), Case("initiator", #""Customer""#, "/initiator not_allowed"),
        Case("metadata", #"{"a":"\#(String(repeating: "v", count: 512))"}"#),
        Case("metadata", #"{"a":"\#(String(repeating: "v", count: 513))"}"#, "/metadata/a too_long"),
        Case("metadata", #"{"\#(String(repeating: "k", count: 64))":1}"#),
        Case("metadata", #"{"\#(String(repeating: "k", count: 65))":1}"#, "/metadata too_long"),
        Case("metadata", #"{"a":1,"b":2,"\u0061":3}"#, "/metadata/a duplicate"),
        Case("metadata", keys(16)), Case("metadata", keys(17), "/metadata too_many"),
        Case("metadata", keys(40), "/metadata too_many"),
    ]

    private static func keys(_ count: Int) -> String {
        "{" + (0..<count).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
    }

    static let unknown: [Case] = [
        Case("amuont", "1", "/amuont unknown"), Case("card.pan", "1", "/card/pan unknown"),
        Case("card.bin.x", "1", "/card/bin wrong_type"), Case("a/b~c", "{}", "/a~1b~0c unknown"),
        Case("verification.three_ds.x", "null", "/verification/three_ds/x unknown"),
        Case(String(repeating: "k", count: 65), "1", " unknown"),
    ]

    @Test(arguments: types + values + unknown)
    func `a field is taken or refused with its pointer and code`(item: Case) {
        #expect(refusals(RequestText.minimal.setting(item.path, item.json).text) == item.expected)
    }

    @Test(arguments: PaymentSchema.required.map(\.name).sorted())
    func `a required field that is absent is missing`(name: String) {
        let pointer = "/" + name.replacing(".", with: "/")
        #expect(refusals(RequestText.minimal.removing(name).text) == ["\(pointer) missing"])
    }

    @Test func `without card fingerprint and customer id the card is asked for`() {
        let text = RequestText.minimal.removing("card.fingerprint").text
        #expect(refusals(text) == ["/card/fingerprint missing"])
        let wrong = RequestText.minimal.removing("card.fingerprint").setting("customer.id", "7").text
        #expect(refusals(wrong) == ["/customer/id wrong_type"])
    }

    @Test func `a key that stands twice is a duplicate, at the root, nested and as an object, and the first counts`() {
        #expect(refusals(RequestText.minimal.text.dropLast() + #","amount":5}"#) == ["/amount duplicate"])
        #expect(refusals(RequestText.minimal.text.dropLast() + #","card":{"bin":"411111"}}"#) == ["/card duplicate"])
        let nested = RequestText.minimal.text.replacing(#""fp_1""#, with: #""fp_1","fingerprint":"b""#)
        #expect(refusals(nested) == ["/card/fingerprint duplicate"])
    }

    @Test func `all that is wrong is told in one go, in the order of the document`() {
        let text = #"""
            {"amount":-5,"currency":"XXQ","oops":1,"card":{"bin":"x","fingerprint":7},"merchant":null,
             "event_time":"now","metadata":{"a":[],"b":{}}}
            """#
        #expect(
            refusals(text) == [
                "/amount out_of_range", "/currency not_allowed", "/oops unknown", "/card/bin malformed",
                "/card/fingerprint wrong_type", "/event_time malformed", "/metadata/a wrong_type",
                "/metadata/b wrong_type", "/transaction_id missing", "/merchant/id missing",
            ])
    }

    @Test(arguments: [PaymentLimits.reportedProblems, PaymentLimits.reportedProblems + 1, 500])
    func `problems past the cap are counted, not listed`(count: Int) {
        let members = (0..<count).map { ("u\($0)", "1") }
        guard
            case .invalid(let problems, let unreported) = problem(
                RequestText(RequestText.minimal.members + members).text)
        else {
            Issue.record("unknown fields were taken")
            return
        }
        #expect(problems.count == min(count, PaymentLimits.reportedProblems))
        #expect(unreported == count - problems.count)
    }

    @Test(arguments: types + values + unknown)
    func `a problem never repeats the value`(item: Case) {
        let secret = "s3cretvalue"
        let text = RequestText.minimal.setting(item.path, item.json).text.replacing("xxxx", with: secret)
        for problem in problem(text)?.fieldProblems ?? [] {
            #expect(!problem.detail.contains(secret) && !problem.pointer.contains(secret))
        }
    }
}
