// POST /v1/score/batch: order, problems in their place, its bounds, and what stands in it or came before twice.
import DecisionLog
import JSON
import Testing

@testable import Service

@Suite struct BatchTests {
    static func batch(_ bodies: [String]) -> String { "{\"payments\":[\(bodies.joined(separator: ","))]}" }

    @Test func `decisions stand in the order of their payments, and what is wrong has its problem in its place`() throws
    {
        let service = try TestService()
        let client = try service.client()
        let bodies = [
            Body("t_1").text, Body("t_2").with("amount", "-1").text, Body("t_3").text, "7", Body("t_4").rearranged,
        ]
        let answer = try client.post("/v1/score/batch", Self.batch(bodies))
        #expect(answer.status == 200)
        #expect(answer.contentType == "application/json")
        let decisions = answer.json["decisions"].elements
        #expect(decisions.map { $0["transaction_id"].text } == ["t_1", "", "t_3", "", "t_4"])
        #expect(decisions.map { $0["status"].integer } == [nil, 422, nil, 422, nil])
        #expect(decisions[1]["errors"].elements.first?["pointer"].text == "/amount")
        #expect(decisions[3]["type"].text == "urn:shroff:problem:invalid-fields")
        for i in [0, 2, 4] {
            #expect(decisions[i].keys == ScoreTests.members)
            #expect(decisions[i]["recorded"].bool == true)
        }
        // The three are one card's: the histories of a batch are those of single payments.
        let features = try client.get("/v1/decisions/t_4").json["features"]
        #expect(features["card_count_1h"].number == 3)
        #expect(try service.payments().count == 3)
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_invalid_total"] == 2)
        #expect(metrics["shroff_decision_seconds_count"] == 3)
    }

    @Test func `a payment twice in a batch, and one that came before, are decided once`() throws {
        let service = try TestService()
        let client = try service.client()
        let before = try client.score(Body("t_0").text)
        let bodies = [
            Body("t_1").text, Body("t_1").rearranged, Body("t_0").text, Body("t_1", amount: 5).text, Body("t_2").text,
        ]
        let decisions = try client.post("/v1/score/batch", Self.batch(bodies)).json["decisions"].elements
        #expect(decisions[0] == decisions[1])
        #expect(decisions[2] == before.json)
        #expect(decisions[3]["code"].text == "transaction_conflict")
        #expect(decisions[4]["transaction_id"].text == "t_2")
        #expect(try client.get("/v1/decisions/t_2").json["features"]["card_count_1h"].number == 3)
        // And the other way round: what a batch decided is told again to one that asks singly.
        let again = try client.score(Body("t_1").text)
        #expect(again.fields["idempotent-replayed"] == "true")
        #expect(again.json == decisions[0])
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_repeated_total"] == 3)
        #expect(metrics["shroff_conflicts_total"] == 1)
    }

    @Test func `a thousand payments are decided and a thousand and one are refused whole`() throws {
        let service = try TestService()
        let client = try service.client()
        let bodies = (0...1_000).map { Body("t_\($0)", card: "fp_\($0 % 50)", at: time($0)).text }
        let many = try client.post("/v1/score/batch", Self.batch(bodies))
        #expect(many.status == 422)
        #expect(many.errors == ["/payments too_many"])
        #expect(try service.payments().isEmpty)
        let all = try client.post("/v1/score/batch", Self.batch(Array(bodies.dropLast())))
        #expect(all.json["decisions"].elements.map { $0["transaction_id"].text } == (0..<1_000).map { "t_\($0)" })
        #expect(try service.payments().count == 1_000)
        #expect(verifyLog(directory: service.log).isSound)
        #expect(try client.post("/v1/score/batch", Self.batch([])).json.written == #"{"decisions":[]}"#)
    }

    @Test func `what is no batch is refused whole`() throws {
        let service = try TestService()
        let client = try service.client()
        let payment = Body("t_1").text
        let cases: [(body: String, status: Int, errors: [String])] = [
            ("", 400, []), ("{\"payments\":[\(payment)", 400, []), ("{\"payments\":[{\"a\":}]}", 400, []),
            ("[\(payment)]", 422, [" wrong_type"]), ("{}", 422, ["/payments missing"]),
            ("{\"payments\":\(payment)}", 422, ["/payments wrong_type"]),
            ("{\"payments\":[\(payment)],\"payments\":[]}", 422, ["/payments duplicate"]),
            ("{\"payments\":[\(payment)],\"pay/ments\":[]}", 422, ["/pay~1ments unknown"]),
            ("{\"payment\":[\(payment)]}", 422, ["/payment unknown", "/payments missing"]),
        ]
        for example in cases {
            let answer = try client.post("/v1/score/batch", example.body)
            #expect(answer.status == example.status, "\(example.body)")
            #expect(answer.errors == example.errors, "\(example.body)")
        }
        #expect(try service.payments().isEmpty)
    }
}
