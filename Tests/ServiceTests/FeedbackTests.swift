// Labels and outcomes: one, an array, all or nothing, each with its place in the log.
import DecisionLog
import JSON
import Testing

@testable import Service

@Suite struct FeedbackTests {
    static func label(_ id: String, _ more: String = "") -> String {
        """
        {"transaction_id":"\(id)","label":"fraud","source":"chargeback","reason_code":"10.4",\
        "event_at":"2026-06-01T12:00:00Z","labelled_at":"2026-06-09T08:30:00.5Z","amount":1299\(more)}
        """
    }

    static func outcome(_ id: String, status: String = "declined") -> String {
        #"{"transaction_id":"\#(id)","status":"\#(status)","response_code":"05","occurred_at":"2026-06-01T12:00:01Z"}"#
    }

    @Test func `one label, an array of them and an outcome are taken, recorded as they came, and counted`() throws {
        let service = try TestService()
        let client = try service.client()
        _ = try client.score(Body("t_1").text)
        let one = try client.post("/v1/labels", Self.label("t_1"))
        #expect(one.status == 202)
        #expect(one.contentType == "application/json")
        #expect(one.json.written == #"{"accepted":1,"recorded":true}"#)
        let three = try client.post(
            "/v1/labels", "[\(["t_2", "t_3", "t_4"].map { Self.label($0) }.joined(separator: ","))]")
        #expect(three.json.written == #"{"accepted":3,"recorded":true}"#)
        #expect(try client.post("/v1/outcomes", Self.outcome("t_1")).json["accepted"].integer == 1)

        let records = try service.records()
        #expect(
            records.map { $0["kind"].text } == ["config", "payment", "label", "label", "label", "label", "outcome"])
        #expect(records[2]["label"]?.written == Self.label("t_1"))
        #expect(records[5]["label"]?.written == Self.label("t_4"))
        #expect(records[6]["outcome"]?.written == Self.outcome("t_1"))
        #expect(records.map { $0["seq"].integer } == Array(1...7))
        #expect(verifyLog(directory: service.log).isSound)
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_labels_total"] == 4)
        #expect(metrics["shroff_outcomes_total"] == 1)
        #expect(metrics["shroff_feedback_invalid_total"] == 0)
    }

    @Test func `one wrong label refuses the whole array, with its place in it`() throws {
        let service = try TestService()
        let client = try service.client()
        let wrong = Self.label("t_2").replacing("chargeback", with: "hearsay").replacing("1299", with: "-5")
        let missing = #"{"transaction_id":"t_3","label":"fraud","source":"refund"}"#
        let answer = try client.post(
            "/v1/labels", "[\(Self.label("t_1")),\(wrong),\(missing),7,\(Self.label("t_4", #","mood":1"#))]")
        #expect(answer.status == 422)
        #expect(
            answer.errors == [
                "/1/source not_allowed", "/1/amount out_of_range", "/2/labelled_at missing", "/3 wrong_type",
                "/4/mood unknown",
            ])
        #expect(try service.records().map { $0["kind"].text } == ["config"])
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_labels_total"] == 0)
        #expect(metrics["shroff_feedback_invalid_total"] == 1)
    }

    @Test func `a thousand labels are taken and a thousand and one are not`() throws {
        let service = try TestService()
        let client = try service.client()
        let labels = (0...1_000).map { Self.label("t_\($0)") }
        let many = try client.post("/v1/labels", "[\(labels.joined(separator: ","))]")
        #expect(many.status == 422)
        #expect(many.errors == [" too_many"])
        let all = try client.post("/v1/labels", "[\(labels.dropLast().joined(separator: ","))]")
        #expect(all.json.written == #"{"accepted":1000,"recorded":true}"#)
        #expect(try client.post("/v1/labels", "[]").json.written == #"{"accepted":0,"recorded":true}"#)
    }

    @Test func `what is no label and no outcome is refused`() throws {
        let service = try TestService()
        let client = try service.client()
        let cases: [(path: String, body: String, status: Int, errors: [String])] = [
            ("/v1/labels", "{", 400, []), ("/v1/labels", "7", 422, [" wrong_type"]),
            ("/v1/outcomes", "nul", 400, []), ("/v1/outcomes", "[\(Self.outcome("t"))]", 422, [" wrong_type"]),
            ("/v1/outcomes", Self.outcome("t", status: "lost"), 422, ["/status not_allowed"]),
            ("/v1/outcomes", Self.outcome(""), 422, ["/transaction_id empty"]),
            ("/v1/outcomes", Self.outcome(String(repeating: "x", count: 129)), 422, ["/transaction_id too_long"]),
        ]
        for example in cases {
            let answer = try client.post(example.path, example.body)
            #expect(answer.status == example.status, "\(example.body)")
            #expect(answer.errors == example.errors, "\(example.body)")
        }
        #expect(try client.post("/v1/outcomes", Self.outcome(String(repeating: "x", count: 128))).status == 202)
    }
}
