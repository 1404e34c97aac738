// What the service says of itself: readiness with reasons, models, metrics that count what happened.
import Glibc
import JSON
import Scoring
import Testing

@testable import Service

@Suite struct StatusTests {
    @Test func `a service without a model is ready, degraded, and says why`() throws {
        let service = try TestService()
        let client = try service.client()
        let ready = try client.get("/readyz")
        #expect(ready.status == 200)
        #expect(ready.json["status"].text == "degraded")
        #expect(ready.json["model"].text == "none")
        #expect(ready.json["recording"].bool == true)
        #expect(ready.json["reasons"].elements.map { $0["code"].text } == ["no_model"])
        #expect(try client.get("/v1/models").json.written == #"{"serving":null,"models":[]}"#)
    }

    @Test func `a service with its model is ready without reasons, and names the model with its quality`() throws {
        let configuration = try TestConfiguration(model: "models/test")
        try TestBundle().write(into: configuration)
        let service = try TestService(configuration)
        let client = try service.client()
        let ready = try client.get("/readyz")
        #expect(ready.json.written == #"{"status":"ready","model":"serving","recording":true,"reasons":[]}"#)
        let models = try client.get("/v1/models").json
        #expect(models["serving"].text == "2026-06-01")
        let model = models["models"].elements.first
        #expect(model["serving"].bool == true)
        #expect(model["quality"]["average_precision"].number == 0.75)
        #expect(model["quality"]["note"].text == "by hand")
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_model_serving"] == 1)
        #expect(metrics[#"shroff_model_info{version="2026-06-01"}"#] == 1)
        #expect(metrics["shroff_model_refused"] == 0)
    }

    @Test func `a draining service still answers payments and says that it is not ready`() throws {
        let service = try TestService()
        let client = try service.client()
        service.engine.beginDrain()
        let ready = try client.get("/readyz")
        #expect(ready.status == 503)
        #expect(ready.json["status"].text == "not_ready")
        #expect(ready.json["reasons"].elements.map { $0["code"].text } == ["no_model", "draining"])
        #expect(try client.get("/healthz").status == 200)
        #expect(try client.score(Body("t_1").text).status == 200)
    }

    @Test func `a port that is taken stops the start and is named, and the data folder is free again`() throws {
        let service = try TestService()
        let configuration = try TestConfiguration()
        var loaded = try configuration.load()
        loaded.http.port = service.running.port
        do {
            let second = RunningService(try ScoringEngine(loaded))
            defer { second.stop(timeoutMilliseconds: 0) }
            try second.start()
            Issue.record("two services listen on one port")
        } catch {
            #expect(error.description.contains("127.0.0.1 port \(service.running.port)"), "\(error)")
        }
        #expect(try TestService(configuration).stop())
    }

    @Test func `metrics count what happened`() throws {
        let service = try TestService(more: "log: { compress: false }")
        let client = try service.client()
        // Four of one card (the fourth matches many), one high, one whose rule divides by zero.
        for number in 1...4 { _ = try client.score(Body("t_\(number)").text) }
        _ = try client.score(Body("t_5", amount: 100_001, card: "fp_2").text)
        _ = try client.score(Body("t_6", amount: 77, card: "fp_3").text)
        _ = try client.score(Body("t_6", amount: 77, card: "fp_3").text)
        _ = try client.score(Body("t_6", amount: 78, card: "fp_3").text)
        _ = try client.score("no")
        _ = try client.score("{}")
        let other = try service.client()
        try other.send("GARBAGE\r\n\r\n")
        _ = try other.receive()
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        let expected: [String: Double] = [
            #"shroff_decisions_total{decision="approve"}"#: 4, #"shroff_decisions_total{decision="challenge"}"#: 1,
            #"shroff_decisions_total{decision="decline"}"#: 1, #"shroff_decisions_total{decision="review"}"#: 0,
            #"shroff_decision_source_total{source="model"}"#: 0, #"shroff_decision_source_total{source="rules"}"#: 6,
            #"shroff_degraded_total{reason="no_model"}"#: 6, #"shroff_degraded_total{reason="budget_short"}"#: 0,
            "shroff_repeated_total": 1, "shroff_conflicts_total": 1, "shroff_malformed_total": 1,
            "shroff_invalid_total": 1, "shroff_unrecorded_total": 0, "shroff_rule_errors_total": 1,
            "shroff_decision_seconds_count": 6, "shroff_log_recording": 1, "shroff_log_sequence": 7,
            "shroff_log_pending_bytes": 0, "shroff_entities": 4, "shroff_transactions_remembered": 6,
            "shroff_http_connections_total": 2, "shroff_http_requests_total": 11,
            #"shroff_http_refused_total{reason="malformed"}"#: 1, "shroff_model_serving": 0,
            "shroff_log_compressing": 1,
        ]
        for (series, value) in expected.sorted(by: { $0.key < $1.key }) {
            #expect(metrics[series] == value, "\(series)")
        }
        #expect((metrics["shroff_http_sent_bytes_total"] ?? 0) > 4_000)
    }

    @Test func `a place in the counts is the place among the cases`() {
        #expect(Verdict.allCases.map(\.ordinal) == Array(0..<Verdict.allCases.count))
        #expect(DecisionSource.allCases.map(\.ordinal) == Array(0..<DecisionSource.allCases.count))
        #expect(DegradedReason.allCases.map(\.ordinal) == Array(0..<DegradedReason.allCases.count))
    }

    @Test func `a time is counted in the bucket that its bound closes`() throws {
        var counts = LatencyCounts()
        for microseconds in [0, 50, 51, 50_000, 50_001, 2_000_000] as [Int64] {
            counts.record(microseconds: microseconds)
        }
        var text = "# HELP t_seconds Times.\n# TYPE t_seconds histogram\n"
        counts.write("t_seconds", to: &text)
        let metrics = try Metrics(parsing: text)
        #expect(metrics[#"t_seconds_bucket{le="5e-05"}"#] == 2)
        #expect(metrics[#"t_seconds_bucket{le="0.05"}"#] == 4)
        #expect(metrics[#"t_seconds_bucket{le="0.06"}"#] == 5)
        #expect(metrics[#"t_seconds_bucket{le="1.0"}"#] == 5)
        #expect(metrics["t_seconds_count"] == 6)
    }
}
