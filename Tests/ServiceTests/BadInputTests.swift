// Bad input of every kind: each gets its problem document, by pointer and code, and the connection goes on.
import DecisionLog
import JSON
import Testing

@testable import Service

@Suite struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let body: String
        let status: Int
        let code: String
        var errors: [String] = []
        var testDescription: String { name }
    }

    static let card = "4111111111111111"

    static let cases: [Case] = [
        Case(name: "not JSON", body: "{\"amount\":12,", status: 400, code: "malformed_json"),
        Case(name: "empty", body: "", status: 400, code: "malformed_json"),
        Case(name: "two documents", body: Body("x").text + "{}", status: 400, code: "malformed_json"),
        Case(name: "too deep", body: String(repeating: "[", count: 100), status: 400, code: "malformed_json"),
        Case(
            name: "a wrong type", body: Body("x").with("amount", "\"12\"").text, status: 422, code: "invalid_fields",
            errors: ["/amount wrong_type"]),
        Case(
            name: "a fraction of a cent", body: Body("x").with("amount", "12.5").text, status: 422,
            code: "invalid_fields", errors: ["/amount wrong_type"]),
        Case(
            name: "a wrong object", body: Body("x").with("device", "7").text, status: 422, code: "invalid_fields",
            errors: ["/device wrong_type"]),
        Case(
            name: "a missing field", body: Body("x").with("currency", nil).text, status: 422, code: "invalid_fields",
            errors: ["/currency missing"]),
        Case(
            name: "an unknown field", body: Body("x").with("amuont", "5").text, status: 422, code: "invalid_fields",
            errors: ["/amuont unknown"]),
        Case(
            name: "a name to escape", body: Body("x").with("a~b/c", "5").text, status: 422, code: "invalid_fields",
            errors: ["/a~0b~1c unknown"]),
        Case(
            name: "a negative amount", body: Body("x").with("amount", "-1").text, status: 422, code: "invalid_fields",
            errors: ["/amount out_of_range"]),
        Case(
            name: "an unknown currency", body: Body("x").with("currency", "\"EUX\"").text, status: 422,
            code: "invalid_fields", errors: ["/currency not_allowed"]),
        Case(
            name: "no such time", body: Body("x").with("event_time", "\"2026-02-30T00:00:00Z\"").text, status: 422,
            code: "invalid_fields", errors: ["/event_time malformed"]),
        Case(
            name: "a field that stands twice",
            body: Body("x").text.replacing("}", with: ",\"amount\":5}", maxReplacements: 1),
            status: 422, code: "invalid_fields", errors: ["/card/amount unknown"]),
        Case(
            name: "a card number in metadata", body: Body("x").with("metadata", "{\"note\":\"card \(card)\"}").text,
            status: 422, code: "invalid_fields", errors: ["/metadata/note card_data"]),
        Case(
            name: "several at once",
            body: Body("x").with("amount", "-1").with("currency", "\"EUX\"").with("merchant", "{}").text, status: 422,
            code: "invalid_fields", errors: ["/amount out_of_range", "/currency not_allowed", "/merchant/id missing"]),
        Case(
            name: "a megabyte",
            body: Body("x").with("metadata", "{\"a\":\"\(String(repeating: "x", count: 1 << 20))\"}").text,
            status: 413, code: "body_too_large"),
    ]

    @Test func `bad input of each kind gets its problem, and the next payment on the connection its decision`() throws {
        let service = try TestService()
        let client = try service.client()
        for (number, example) in Self.cases.enumerated() {
            let answer = try client.score(example.body)
            #expect(answer.status == example.status, "\(example.name)")
            #expect(answer.contentType == "application/problem+json", "\(example.name)")
            let problem = answer.json
            #expect(problem["status"].integer == Int64(example.status))
            #expect(problem["code"].text == example.code)
            #expect(answer.errors.sorted() == example.errors, "\(example.name)")
            if example.status == 413 {
                #expect(problem["type"].text == "about:blank")
                #expect(problem["title"].text == "Content Too Large")
            } else {
                #expect(problem["type"].text == "urn:shroff:problem:" + example.code.replacing("_", with: "-"))
            }
            for error in problem["errors"].elements { #expect(!error["detail"].text.isEmpty) }
            #expect(!problem["title"].text.isEmpty && !problem["detail"].text.isEmpty)
            let good = try client.score(Body("good_\(number)").text)
            #expect(good.status == 200 && good.json["recorded"].bool == true, "\(example.name)")
        }
        // Nothing of what was refused is in the log, and nothing was counted as decided.
        let payments = try service.payments()
        #expect(payments.count == Self.cases.count)
        #expect(verifyLog(directory: service.log).isSound)
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_malformed_total"] == 4)
        #expect(metrics["shroff_invalid_total"] == Double(Self.cases.count - 5))
        #expect(metrics[#"shroff_http_refused_total{reason="body_too_large"}"#] == 1)
    }

    @Test func `a body at the limit is taken and one byte more is not`() throws {
        let service = try TestService(more: "")
        let client = try service.client()
        let limit = service.engine.configuration.paymentBodyBytes
        let body = Body("t_1").text
        let padded = body + String(repeating: " ", count: limit - body.utf8.count)
        #expect(try client.score(padded).status == 200)
        #expect(try client.score(padded + " ").status == 413)
        #expect(try client.score(Body("t_2").text).status == 200)
    }

    @Test func `a card number is refused wherever it stands, and is nowhere afterwards`() throws {
        let service = try TestService()
        let client = try service.client()
        let digits = Self.card
        let grouped = "4111 1111 1111 1111"
        let bodies = [
            Body(digits).text,
            Body("t", card: digits).text,
            Body("t", merchant: digits).text,
            Body("t").with("type", "\"\(grouped)\"").text,
            Body("t").with("device", "{\"user_agent\":\"Mozilla \(digits)\"}").text,
            Body("t").with("metadata", "{\"\(digits)\":1}").text,
            Body("t").with("metadata", "{\"note\":\(digits)}").text,
            Body("t").with("metadata", "{\"note\":\"\(grouped)\"}").text,
            Body("t").with(digits, "1").text,
            Body("t").with("verification", "{\"cvc\":\"123\"}").text.replacing("123", with: "737"),
        ]
        for body in bodies {
            let answer = try client.score(body)
            #expect(answer.status == 422, "\(body)")
            #expect(!answer.bytes.contains(text: digits) && !answer.bytes.contains(text: grouped), "\(answer.text)")
        }
        let label = #"{"transaction_id":"t","label":"fraud","source":"refund","labelled_at":"2026-06-01T00:00:00Z","#
        let feedback = [
            ("/v1/labels", label + #""reason_code":"\#(digits)"}"#), ("/v1/labels", label + #""\#(digits)":1}"#),
            ("/v1/labels", "[\(label.replacing(#""t""#, with: "\"\(digits)\"").dropLast())}]"),
            (
                "/v1/outcomes",
                #"{"transaction_id":"\#(digits)","status":"voided","occurred_at":"2026-06-01T00:00:00Z"}"#
            ),
            ("/v1/score/batch", "{\"\(digits)\":[]}"),
        ]
        for (path, body) in feedback {
            let answer = try client.post(path, body)
            #expect(answer.status == 422, "\(path) \(body)")
            #expect(!answer.bytes.contains(text: digits), "\(answer.text)")
        }
        let batch = try client.post("/v1/score/batch", "{\"payments\":[\(bodies.joined(separator: ","))]}")
        #expect(batch.status == 200)
        #expect(batch.json["decisions"].elements.allSatisfy { $0["status"].integer == 422 })
        for text in [digits, grouped] {
            #expect(!batch.bytes.contains(text: text))
            #expect(try !client.get("/metrics").bytes.contains(text: text))
            #expect(try !bytes(below: service.engine.configuration.dataDirectory).contains(text: text))
        }
        #expect(try client.score(Body("t").text).status == 200)
    }

    @Test func `as many wrong fields are listed as the limit says, and the rest is counted`() throws {
        let service = try TestService()
        var body = Body("t")
        for number in 0..<80 { body = body.with("unknown_\(number)", "1") }
        let problem = try service.client().score(body.text).json
        #expect(problem["errors"].elements.count == 64)
        #expect(problem["unreported"].integer == 16)
    }
}
