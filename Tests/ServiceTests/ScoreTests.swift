// POST /v1/score when all is well: the answer's members, its headers, and what stands in the log by then.
import DecisionLog
import JSON
import Scoring
import Testing

@testable import Service

@Suite struct ScoreTests {
    static let members = [
        "transaction_id", "decision_id", "decision", "score", "probability", "risk_level", "decision_source",
        "degraded", "degraded_reason", "reasons", "explanation", "rules", "versions", "experiment", "recorded",
        "latency_us",
    ]

    @Test func `an answer of the rules has every member and says why it is degraded`() throws {
        let service = try TestService()
        let answer = try service.client().score(Body("t_1").text)
        #expect(answer.status == 200)
        #expect(answer.contentType == "application/json")
        let json = answer.json
        #expect(json.keys == Self.members)
        #expect(json["transaction_id"].text == "t_1")
        #expect(json["decision_id"].text.hasPrefix("dec_"))
        #expect(json["decision"].text == "approve")
        #expect(json["score"].integer == 0)
        #expect(json["probability"] == .null)
        #expect(json["risk_level"].text == "normal")
        #expect(json["decision_source"].text == "rules")
        #expect(json["degraded"].bool == true)
        #expect(json["degraded_reason"].text == "no_model")
        #expect(json["reasons"].elements.isEmpty)
        #expect(json["rules"].elements.isEmpty)
        #expect(json["versions"].keys == ["model", "rules", "features"])
        #expect(json["versions"]["model"] == .null)
        #expect(json["experiment"].keys == ["arm", "propensity"])
        #expect(json["recorded"].bool == true)
        #expect(json["latency_us"].keys == ["parse", "features", "rules", "model", "total"])
        for stage in json["latency_us"].keys { #expect(json["latency_us"][stage].integer ?? -1 >= 0) }
    }

    @Test func `an answer of the model carries its score, its probability and reasons that name features`() throws {
        let configuration = try TestConfiguration(model: "models/test")
        let bundle = TestBundle()
        try bundle.write(into: configuration)
        let service = try TestService(configuration)
        let client = try service.client()
        let calm = try client.score(Body("t_1").text).json
        #expect(calm["decision_source"].text == "model")
        #expect(calm["degraded"].bool == false)
        #expect(calm["degraded_reason"] == .null)
        #expect(calm["versions"]["model"].text == bundle.version)
        #expect(calm["decision"].text == "approve")
        for number in 2...3 { _ = try client.score(Body("t_\(number)").text) }

        // The fourth of the card in the hour, and high: margin 0.5 + 1.25 − 0.25; the rules many and high match too.
        let high = try client.score(Body("t_4", amount: 120_000).text).json
        #expect(high["score"].integer == 721)  // −333 · (−2 − 1/6), between the anchors at 1 and 4
        let q = 4.481_689_070_338_065 / 5.481_689_070_338_065  // the logistic function of 1.5
        #expect(abs((high["probability"].number ?? 0) - q / (q + (1 - q) / 0.1)) < 1e-6)
        #expect(high["decision"].text == "challenge")  // the band's, severer than the rule's review
        #expect(high["risk_level"].text == "elevated")
        #expect(
            high["rules"].elements.map(\.written) == [
                #"{"id":"many","action":"review"}"#, #"{"id":"high","action":"score"}"#,
            ])
        let reasons = high["reasons"].elements
        #expect(reasons.map { $0["feature"].text } == [#"count(card, "1h")"#, "card_count_1h", "amount"])
        #expect(reasons.map { $0["code"].text } == ["VELOCITY_CARD_1H", "VELOCITY_CARD_1H", "AMOUNT"])
        #expect(reasons.map { $0["value"].number } == [4, 4, 1_200])
        let contributions = reasons.map { $0["contribution"].number }
        #expect(contributions.map { $0.map { ($0 * 1e9).rounded() / 1e9 } } == [nil, 1.687_5, 1.5])
        for reason in reasons { #expect(reason.keys == ["code", "feature", "value", "contribution"]) }
    }

    @Test func `the record is with the kernel before the answer is out`() throws {
        let service = try TestService()
        let client = try service.client()
        for number in 1...20 {
            let answer = try client.score(Body("t_\(number)", card: "fp_\(number % 3)").text)
            let record = try #require(try service.payments()["t_\(number)"])
            #expect(record["decision"]?.written == answer.json.written)
        }
        #expect(verifyLog(directory: service.log).isSound)
    }

    @Test func `a trace's parent goes into the record and back when it is well formed, and only then`() throws {
        let service = try TestService()
        let client = try service.client()
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let cases: [(fields: [String], isGood: Bool)] = [
            (["traceparent: \(good)"], true),
            (["TraceParent:   \(good)  "], true),
            ([], false),
            (["traceparent: "], false),
            (["traceparent: \(good.uppercased())"], false),
            (["traceparent: \(good)-00"], false),
            (["traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01"], false),
            (["traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"], false),
            (["traceparent: ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"], false),
            (["traceparent: 00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"], false),
            (["traceparent: 00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"], false),
            (["traceparent: \(good)", "traceparent: \(good)"], false),
        ]
        for (number, example) in cases.enumerated() {
            let answer = try client.score(Body("t_\(number)").text, fields: example.fields)
            #expect(answer.status == 200)
            #expect(answer.fields["traceparent"] == (example.isGood ? good : nil), "\(example.fields)")
            let record = try #require(try service.payments()["t_\(number)"])
            #expect(record["traceparent"].text == (example.isGood ? good : ""), "\(example.fields)")
        }
        // Refused, repeated and batched payments say it too.
        #expect(try client.score("{", fields: ["traceparent: \(good)"]).fields["traceparent"] == good)
        #expect(try client.score(Body("t_0").text, fields: ["traceparent: \(good)"]).fields["traceparent"] == good)
        let batch = #"{"payments":[\#(Body("b_1").text)]}"#
        #expect(
            try client.post("/v1/score/batch", batch, fields: ["traceparent: \(good)"]).fields["traceparent"] == good)
        #expect(try service.payments()["b_1"]?["traceparent"].text == good)
    }

    @Test func `Server-Timing carries the stages in milliseconds, as the body has them in microseconds`() throws {
        let service = try TestService()
        let answer = try service.client().score(Body("t_1").text)
        let field = try #require(answer.fields["server-timing"])
        let stages = field.split(separator: ",").map { $0.drop { $0 == " " }.split(separator: ";dur=") }
        #expect(stages.map { $0.first ?? "" } == ["parse", "features", "rules", "model", "total"])
        for stage in stages {
            let milliseconds = try #require(Double(stage[1]))
            let microseconds = try #require(answer.json["latency_us"][String(stage[0])].number)
            #expect(abs(milliseconds * 1_000 - microseconds) < 0.01, "\(stage)")
        }
    }

    @Test(arguments: [0, 9, 41, 999, 1_000, 12_345, 9_999_999, 10_000_000, .max] as [Int64])
    func `a time in Server-Timing has three digits behind the point, however long it is`(microseconds: Int64) {
        var timing = ServerTiming()
        let latencies = StageLatencies(
            parse: microseconds, features: -1, rules: 0, model: microseconds, total: microseconds)
        for _ in 0..<2 { timing.write(latencies) }
        let digits = String(repeating: "0", count: max(0, 4 - "\(microseconds)".count)) + "\(microseconds)"
        let time = "\(digits.dropLast(3)).\(digits.suffix(3))"
        #expect(
            timing.text
                == "parse;dur=\(time), features;dur=0.000, rules;dur=0.000, model;dur=\(time), total;dur=\(time)")
    }

    @Test func `identifiers go into the log as pseudonyms, equal ones as equal ones`() throws {
        let service = try TestService()
        let client = try service.client()
        let body = Body("t_1", card: "fp_secret_1")
            .with("device", #"{"id":"dev_secret","ip":"203.0.113.77","session_id":"ses_secret"}"#)
            .with("customer", #"{"id":"cus_secret","email_hash":"mail_secret"}"#)
        #expect(try client.score(body.text).status == 200)
        #expect(try client.score(Body("t_2", card: "fp_secret_1").text).status == 200)
        let log = try bytes(below: service.engine.configuration.dataDirectory)
        for secret in ["secret", "203.0.113"] { #expect(!log.contains(text: secret), "\(secret)") }
        let payments = try service.payments()
        let pseudonyms = payments.values.map { $0["payment"]["card"]["fingerprint"].text }
        #expect(Set(pseudonyms).count == 1)
        #expect(pseudonyms[0].utf8.count == 32)
    }

    @Test func `pipelined payments are answered in order, from one connection and from many`() throws {
        let service = try TestService()
        let clients = try (0..<4).map { _ in try service.client() }
        for round in 0..<5 {
            for (index, client) in clients.enumerated() {
                for number in 0..<5 {
                    try client.begin("POST", "/v1/score", Array(Body("t_\(round)_\(index)_\(number)").text.utf8))
                }
            }
            for (index, client) in clients.enumerated() {
                for number in 0..<5 {
                    #expect(try client.receive().json["transaction_id"].text == "t_\(round)_\(index)_\(number)")
                }
            }
        }
        #expect(try service.payments().count == 100)
    }
}

extension [UInt8] {
    /// Whether the text stands somewhere in the bytes.
    func contains(text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard let first = wanted.first, count >= wanted.count else { return false }
        for i in 0...(count - wanted.count) where self[i] == first && self[i..<(i + wanted.count)].elementsEqual(wanted)
        {
            return true
        }
        return false
    }
}
