// What a client and the log are told: every member of the contract, reasons that name features, records that read back.
import JSON
import Platform
import Testing

@testable import Scoring

@Suite struct AnswerTests {
    private func decide(
        _ request: RequestText, rules: String = "[]", withModel: Bool = false, traceParent: String = ""
    ) throws -> Run {
        let plan = try makePlan(rules: rules)
        let model: ModelState = withModel ? .serving(try BundleFixture(plan: plan).load()) : .none
        var run = try Run(plan, model: model)
        #expect(try run.submit(request.text, traceParent: traceParent) == .decided)
        return run
    }

    private func keys(_ value: JSONValue?) -> [String] {
        if case .object(let members)? = value { members.map(\.key) } else { [] }
    }

    @Test(arguments: [true, false])
    func `an answer has every member of the contract, in its order`(withModel: Bool) throws {
        let run = try decide(.full.setting("amount", "1000"), withModel: withModel)
        let answer = jsonValue(run.answer.utf8)
        #expect(
            keys(answer) == [
                "transaction_id", "decision_id", "decision", "score", "probability", "risk_level", "decision_source",
                "degraded", "degraded_reason", "reasons", "explanation", "rules", "versions", "experiment", "recorded",
                "latency_us",
            ])
        #expect(keys(answer["versions"]) == ["model", "rules", "features"])
        #expect(keys(answer["experiment"]) == ["arm", "propensity"])
        #expect(keys(answer["latency_us"]) == ["parse", "features", "rules", "model", "total"])
        #expect(answer["transaction_id"]?.text == "txn_1" && answer["recorded"] == .bool(true))
        let id = try #require(answer["decision_id"]?.text)
        #expect(id.hasPrefix("dec_") && id.utf8.count == 24)
        #expect(answer["degraded"] == .bool(!withModel))
        #expect(answer["degraded_reason"] == (withModel ? .null : .string("no_model")))
        #expect(answer["decision_source"]?.text == (withModel ? "model" : "rules"))
        #expect(answer["versions"]?["model"] == (withModel ? .string("v1") : .null))
        #expect(answer["versions"]?["features"]?.text?.utf8.count == 12)
        #expect(answer["decision"]?.text == (withModel ? "decline" : "approve"))
        #expect(answer["latency_us"]?["parse"] == .integer(2) && answer["latency_us"]?["total"] == .integer(4))
    }

    @Test func `the offset of recorded is that of its true`() throws {
        let run = try decide(.minimal)
        let bytes = run.sequencer.answer.bytes
        let offset = run.sequencer.recordedOffset
        #expect(String(decoding: bytes[(offset - 11)..<(offset + 5)], as: UTF8.self) == #""recorded":true,"#)
    }

    @Test func `ids with quotes, line breaks and other scripts stay what they are`() throws {
        let run = try decide(.minimal.setting("transaction_id", #""a\"\n\u0001é😀\\""#))
        #expect(jsonValue(run.answer.utf8)["transaction_id"]?.text == "a\"\n\u{1}é😀\\")
        #expect(!run.lines[0].contains(0x0A))
    }

    @Test func `decision ids follow sequence and transaction`() throws {
        var run = try decide(.minimal)
        let first = jsonValue(run.answer.utf8)["decision_id"]
        try run.submit(RequestText.minimal.setting("transaction_id", #""txn_2""#).text)
        #expect(jsonValue(run.answer.utf8)["decision_id"] != first)
        #expect(try jsonValue(decide(.minimal).answer.utf8)["decision_id"] == first)
    }

    // MARK: - Reasons

    private func reasons(_ run: Run) -> [[JSONValue?]] {
        guard case .array(let reasons)? = jsonValue(run.answer.utf8)["reasons"] else { return [] }
        return reasons.map { [$0["code"], $0["feature"], $0["value"], $0["contribution"]] }
    }

    @Test func `rules tell their reason, what they read first and their points`() throws {
        let rules = """

              - { id: high, when: 'amount > 1000', points: 300, reason: HIGH }
              - { id: fast, when: 'count(card, "1h") >= 1 && amount > 5', action: review, points: 10 }
              - { id: gone, when: 'since_first(card) < duration("1h")', action: review }
              - { id: named, when: 'currency == "EUR" && feature.amount > 3', action: review }
              - { id: who, when: 'has(card.fingerprint)', action: review }
              - { id: seen, when: 'amount > 0', action: observe }
              - { id: at, when: 'event_time > timestamp("2020-01-01T00:00:00Z")', points: 1 }
            """
        let run = try decide(.minimal, rules: rules)
        #expect(
            reasons(run) == [
                [.string("HIGH"), .string("amount"), .integer(1_299), .integer(300)],
                [.string("FAST"), .string(#"count(card, "1h")"#), .integer(1), .integer(10)],
                [.string("GONE"), .string("since_first(card)"), .integer(0), .integer(0)],
                [.string("NAMED"), .string("amount"), .integer(1_299), .integer(0)],
                [.string("WHO"), .string("card.fingerprint"), .null, .integer(0)],
                [.string("AT"), .string("event_time"), .string("2026-11-23T10:15:00Z"), .integer(1)],
            ])
        guard case .array(let fired)? = jsonValue(run.answer.utf8)["rules"] else {
            Issue.record("no rules")
            return
        }
        #expect(fired.map { $0["id"]?.text } == ["high", "fast", "gone", "named", "who", "seen", "at"])
        #expect(
            fired.map { $0["action"]?.text } == ["score", "review", "review", "review", "review", "observe", "score"])
    }

    @Test func `a model tells the features that raised its margin, the strongest first`() throws {
        let plan = try makePlan(
            features: [("amount", "amount"), ("hour", "event_time.getHours()"), ("absent", "device.time_on_page_ms")])
        let stumps = [
            Stump(column: 1, threshold: "5", low: "-1", high: "0.5"),
            Stump(column: 0, threshold: "1000", low: "-2", high: "3"),
            Stump(column: 2, threshold: "5", low: "-0.5", high: "1"),
        ]
        let model = try BundleFixture(
            plan: plan, features: ["amount", "hour", "absent"], stumps: stumps, rows: [[1, 1, 1]]
        ).load()
        var run = try Run(plan, model: .serving(model))
        try run.submit(RequestText.minimal.setting("amount", "2000").text)
        let told = reasons(run)
        #expect(told.map { $0[0] } == [.string("AMOUNT"), .string("HOUR")])
        #expect(told.map { $0[2] } == [.integer(2_000), .integer(10)])
        for reason in told {
            guard case .double(let contribution)? = reason[3] else {
                Issue.record("no contribution: \(reason)")
                continue
            }
            #expect(contribution > 0)
        }
    }

    @Test func `an approval tells no reasons unless the policy asks, and there are at most six`() throws {
        let many = "\n" + (0..<9).map { "  - { id: r\($0), when: 'amount > 0', points: 10 }\n" }.joined()
        #expect(try reasons(decide(.minimal, rules: many)).isEmpty)
        var run = try Run(makePlan(rules: many, policy: defaultPolicy + "\nexplain: [approve]"))
        try run.submit(RequestText.minimal.text)
        #expect(reasons(run).count == Reason.maximumCount)
    }

    // MARK: - Records

    @Test(arguments: [true, false])
    func `a record reads back as the payment, the features, the answer and the digests`(withModel: Bool) throws {
        let run = try decide(
            .full, withModel: withModel, traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        let line = run.lines[0]
        var records = RecordReader()
        let parts = try records.read(line.span)
        #expect(
            parts.kind == .payment && parts.sequence == 1
                && parts.receivedAtNanoseconds == records.payment.eventTimeNanoseconds)
        let record = jsonValue(line)
        #expect(
            keys(record) == [
                "seq", "kind", "received_at", "traceparent", "payment", "features", "margin", "truncated_trees",
                "rule_errors", "digests", "draw", "decision",
            ])
        #expect(String(decoding: line[try #require(parts.decision)], as: UTF8.self) == run.answer)
        #expect(jsonValue(line[try #require(parts.features)])["amount"] == .integer(1_299))
        #expect(record["margin"] == (withModel ? .integer(3) : .null))
        #expect(
            record["digests"]?["model"]
                == (withModel ? .string(SHA256.hash(modelText(BundleFixture.stumps, features: 1)).hexadecimal) : .null))
        #expect(keys(record["digests"]) == ["features", "rules", "policy", "lists", "model"])
        for field in PaymentField.allCases { #expect(records.payment.has(field)) }
        let text = String(decoding: line, as: UTF8.self)
        for secret in ["fp_1", "cus_1", "dev_1", "2001:db8", "e_1", "s_1", "p_1\"", "a_1"] {
            #expect(!text.contains(secret), "\(secret)")
        }
    }

    @Test func `a missing feature is null in the record`() throws {
        var run = try Run(makePlan(features: [("a", "device.time_on_page_ms"), ("b", "amount / 3.0")]))
        try run.submit(RequestText.minimal.setting("amount", "1").text)
        let features = jsonValue(run.lines[0])["features"]
        #expect(features?["a"] == .null && features?["b"] == .double(1.0 / 3))
    }

    @Test(arguments: [
        ("", "is no JSON"), ("{", "is no JSON"), ("[]", "is no JSON"), (#"{"seq":1}"#, "has no kind"),
        (#"{"kind":"x"}"#, "of kind x"),
        (#"{"kind":"payment"}"#, "has no received_at"),
        (#"{"kind":"payment","received_at":"x"}"#, "has no received_at"),
        (#"{"kind":"payment","received_at":"2026-11-23T00:00:00Z"}"#, "has no payment"),
        (#"{"kind":"payment","received_at":"2026-11-23T00:00:00Z","payment":{}}"#, "/transaction_id is required"),
    ])
    func `a record that can't be read says why`(line: String, message: String) throws {
        var records = RecordReader()
        let bytes = Array(line.utf8)
        do throws(RecordError) {
            _ = try records.read(bytes.span)
            Issue.record("read")
        } catch {
            #expect(error.description.contains(message), "\(error)")
        }
    }
}
