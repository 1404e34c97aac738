// The deadline ladder: a rung is left when the time that remains is less than its cost; the answer is still a 200.
import Glibc
import JSON
import Scoring
import Testing

@testable import Service

@Suite struct DeadlineTests {
    private func withModel() throws -> TestConfiguration {
        let configuration = try TestConfiguration(model: "models/test")
        try TestBundle().write(into: configuration)
        return configuration
    }

    @Test func `a budget that is gone before the payment is whole gets the policy's static answer, in time`() throws {
        let service = try TestService(try withModel())
        let client = try service.client()
        let body = Body("t_1").with("deadline_ms", "1").text
        let request = "POST /v1/score HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
        // The first byte starts the time; the rest comes when it was read and the time is over.
        try client.send(String(request.prefix(1)))
        for _ in 0..<5_000 where service.engine.serverStatistics?.bytesIn == 0 { usleep(1_000) }
        usleep(2_000)
        try client.send(String(request.dropFirst()))
        let answer = try client.receive()
        #expect(answer.status == 200)
        #expect(answer.json["decision_source"].text == "default")
        #expect(answer.json["decision"].text == "review")
        #expect(answer.json["degraded"].bool == true)
        #expect(answer.json["degraded_reason"].text == "budget_short")
        #expect(answer.json["recorded"].bool == true)
        #expect(answer.json["latency_us"]["total"].integer ?? 0 >= 2_000)
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_over_budget_total"] == 1)
        #expect(metrics[#"shroff_degraded_total{reason="budget_short"}"#] == 1)
        #expect(metrics[#"shroff_decision_source_total{source="default"}"#] == 1)
        // It was counted in the histories all the same, and its decision stays.
        _ = try client.score(Body("t_2").text)
        #expect(try client.get("/v1/decisions/t_2").json["features"]["card_count_1h"].number == 2)
        #expect(try client.score(body).fields["idempotent-replayed"] == "true")
    }

    @Test func `a budget that is too short for the model is enough for the rules`() throws {
        let service = try TestService(try withModel()) { $0.costs.modelNanoseconds = 3_600_000_000_000 }
        let client = try service.client()
        let answer = try client.score(Body("t_1", amount: 200_000).text).json
        #expect(answer["decision_source"].text == "rules")
        #expect(answer["degraded_reason"].text == "budget_short")
        #expect(answer["score"].integer == 900)
        #expect(answer["decision"].text == "decline")
        #expect(answer["reasons"].elements.map { $0["contribution"].number } == [900])
        // A batch has time.
        let batch = try client.post("/v1/score/batch", BatchTests.batch([Body("t_2").text])).json
        #expect(batch["decisions"].elements.first["decision_source"].text == "model")
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_over_budget_total"] == 0)
    }

    @Test func `a budget that is too short for all trees is enough for the first of them`() throws {
        let configuration = try TestConfiguration(model: "models/test")
        var bundle = TestBundle()
        bundle.truncated = [1, 2]
        try bundle.write(into: configuration)
        let service = try TestService(configuration) {
            $0.costs.modelNanoseconds = 3_600_000_000_000
            $0.costs.truncated = LadderCosts.Truncated(ensemble: 1, nanoseconds: 1)
        }
        let client = try service.client()
        let answer = try client.score(Body("t_1", amount: 200_000).text).json
        #expect(answer["decision_source"].text == "model_truncated")
        #expect(answer["degraded_reason"].text == "budget_short")
        // The first two trees give 0.5 - 1; the scale falls a hundredfold over eight units of margin.
        #expect(answer["score"].integer == 291)
        let models = try client.get("/v1/models").json["models"].elements
        #expect(models.first["truncated_trees"].integer == 2 && models.first["trees"].integer == 3)
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics[#"shroff_decision_source_total{source="model_truncated"}"#] == 1)
    }

    @Test func `the budget is what deadline_ms says, less a reserve of a tenth of it at most`() throws {
        let configuration = try TestConfiguration(budget: "50ms")
        let service = try TestService(configuration)
        var payment = Payment()
        var reader = PaymentReader()
        for (deadline, budget) in [
            (nil, 45_000_000), (1, 900_000), (10, 9_000_000), (50, 45_000_000), (1_000, 995_000_000),
        ] {
            let body = Array(Body("t").with("deadline_ms", deadline.map { "\($0)" }).text.utf8)
            try reader.read(body.span, into: &payment)
            #expect(service.engine.budgetNanoseconds(of: payment) == Int64(budget))
        }
        let client = try service.client()
        for deadline in ["0", "1001", "-1", "1.5", "\"5\""] {
            let answer = try client.score(Body("t").with("deadline_ms", deadline).text)
            #expect(answer.status == 422 && answer.errors[0].hasPrefix("/deadline_ms "), "\(deadline)")
        }
    }
}
