// The same payment again gives the stored decision and counts once; another under its id is refused.
import DecisionLog
import Glibc
import JSON
import Testing

@testable import Service

@Suite struct IdempotencyTests {
    @Test func `the same payment again, however it is written, gets the stored decision's bytes and counts once`()
        throws
    {
        let service = try TestService()
        let client = try service.client()
        let body = Body("t_1").with("metadata", "{\"a\":1,\"b\":\"x\"}").with(
            "device", "{\"id\":\"d\",\"ip\":\"2001:db8::1\"}")
        let first = try client.score(body.text)
        #expect(first.fields["idempotent-replayed"] == nil)
        let spellings = [
            body.text, body.rearranged, body.with("event_time", "\"2026-06-01T14:00:00.000+02:00\"").text,
            body.text.replacing("\"t_1\"", with: "\"\\u0074_1\""), body.with("customer", "null").text,
        ]
        for spelling in spellings {
            let again = try client.score(spelling)
            #expect(again.status == 200, "\(spelling)")
            #expect(again.bytes == first.bytes, "\(spelling)")
            #expect(again.fields["idempotent-replayed"] == "true", "\(spelling)")
            #expect(again.contentType == "application/json")
        }
        _ = try client.score(Body("t_2").text)
        #expect(try client.get("/v1/decisions/t_2").json["features"]["card_count_1h"].number == 2)
        #expect(try service.payments().count == 2)
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_repeated_total"] == Double(spellings.count))
        #expect(metrics["shroff_decision_seconds_count"] == 2)
    }

    @Test func `another payment under a taken id is refused, and leaves no trace`() throws {
        let service = try TestService()
        let client = try service.client()
        let first = try client.score(Body("t_1").text)
        let others = [
            Body("t_1", amount: 1_300), Body("t_1", card: "fp_2"), Body("t_1", at: "2026-06-01T12:00:01Z"),
            Body("t_1").with("metadata", "{}"), Body("t_1").with("recurring", "false"),
        ]
        for other in others {
            let answer = try client.score(other.text)
            #expect(answer.status == 409, "\(other.text)")
            #expect(answer.json["code"].text == "transaction_conflict")
            #expect(answer.json["type"].text == "urn:shroff:problem:transaction-conflict")
        }
        #expect(try client.score(Body("t_1").text).bytes == first.bytes)
        _ = try client.score(Body("t_2", card: "fp_2").text)
        #expect(try client.get("/v1/decisions/t_2").json["features"]["card_count_1h"].number == 1)
        #expect(try service.payments().count == 2)
    }

    @Test func `of equal payments at the same instant one is decided and the others are told its decision`() throws {
        let service = try TestService()
        let clients = try (0..<8).map { _ in try service.client() }
        for round in 0..<25 {
            let body = Array(Body("t_\(round)").text.utf8)
            for client in clients { try client.begin("POST", "/v1/score", body) }
            let answers = try clients.map { try $0.receive() }
            #expect(Set(answers.map(\.bytes)).count == 1)
            #expect(answers.count { $0.fields["idempotent-replayed"] == nil } == 1)
            #expect(answers.allSatisfy { $0.json["recorded"].bool == true })
        }
        #expect(try service.payments().count == 25)
    }

    @Test func `an id that is as old as the retention is a new payment`() throws {
        let service = try TestService(more: "idempotency: { retention: 1s }")
        let client = try service.client()
        let first = try client.score(Body("t_1").text)
        #expect(try client.score(Body("t_1").text).fields["idempotent-replayed"] == "true")
        var again = first
        for _ in 0..<60 where again.bytes == first.bytes {
            usleep(50_000)
            again = try client.score(Body("t_1").text)
        }
        #expect(again.fields["idempotent-replayed"] == nil)
        #expect(again.json["decision_id"] != first.json["decision_id"])
        #expect(try client.get("/v1/decisions/t_1").json["decision_id"] == again.json["decision_id"])
    }
}
