// A disk that refuses: payments are answered all the same, each answer says that it is not recorded, readiness and
// metrics say why, and recording resumes by itself. The log's folder is moved away under the service, so that the segment that
// comes next can't be made.
import DecisionLog
import Glibc
import JSON
import Platform
import Testing

@testable import Service

@Suite struct DiskTests {
    /// A service whose disk can be taken away.
    private struct Setting {
        let service: TestService
        let client: Client
        var log: String { service.log }
        private var away: String { service.engine.configuration.dataDirectory + "/away" }

        init(pendingBytes: Int) throws {
            service = try TestService(
                more: "log: { sync: never, segment_bytes: 65536, pending_bytes: \(pendingBytes), compress: false }")
            client = try service.client()
        }

        func takeDiskAway() -> Bool { rename(log, away) == 0 }
        func bringDiskBack() -> Bool { rename(away, log) == 0 }
    }

    /// Scores payments until one is answered as the predicate wants; gives its answer and how many there were.
    private func score(
        _ prefix: String, _ client: Client, until isWanted: (Answer) throws -> Bool
    ) throws -> (answer: Answer, count: Int) {
        for number in 0..<2_000 {
            let answer = try client.score(Body("\(prefix)_\(number)", at: time(number)).text)
            #expect(answer.status == 200)
            if try isWanted(answer) { return (answer, number + 1) }
            usleep(500)
        }
        throw ClientError.malformed
    }

    @Test func `while the disk refuses, answers say so, and what waited is recorded when it takes again`() throws {
        let setting = try Setting(pendingBytes: 1 << 20)
        let (service, client) = (setting.service, setting.client)
        let first = try client.score(Body("first").text)
        #expect(setting.takeDiskAway())
        let refused = try score("full", client) { $0.json["recorded"].bool == false }
        #expect(refused.answer.json.keys == ScoreTests.members)
        #expect(refused.answer.json["decision_source"].text == "rules")

        let ready = try client.get("/readyz")
        #expect(ready.status == 200)
        #expect(ready.json["status"].text == "degraded")
        #expect(ready.json["recording"].bool == false)
        #expect(ready.json["reasons"].elements.map { $0["code"].text } == ["no_model", "not_recording"])
        #expect(ready.json["reasons"].elements[1]["detail"].text.contains(service.log))
        var metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_log_recording"] == 0)
        #expect(metrics["shroff_unrecorded_total"] == 1)
        #expect((metrics["shroff_log_pending_bytes"] ?? 0) > 0)

        // What waits is told again, still not recorded; labels say it too; nothing else is different.
        let id = refused.answer.json["transaction_id"].text
        let again = try client.score(Body(id, at: time(refused.count - 1)).text)
        #expect(again.fields["idempotent-replayed"] == "true")
        #expect(again.bytes == refused.answer.bytes)
        #expect(try client.get("/v1/decisions/\(id)").json["recorded"].bool == false)
        #expect(
            try client.post("/v1/labels", FeedbackTests.label(id)).json.written == #"{"accepted":1,"recorded":false}"#)
        let batch = try client.post("/v1/score/batch", BatchTests.batch([Body("batch").text]))
        #expect(batch.json["decisions"].elements.first["recorded"].bool == false)

        #expect(setting.bringDiskBack())
        let resumed = try score("after", client) { $0.json["recorded"].bool == true }
        #expect(resumed.answer.status == 200)
        #expect(try client.get("/readyz").json["recording"].bool == true)
        #expect(try client.score(Body(id, at: time(refused.count - 1)).text).json["recorded"].bool == true)
        metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_log_recording"] == 1)
        #expect(metrics["shroff_log_dropped_records_total"] == 0)
        #expect(first.json["recorded"].bool == true)
        #expect(service.stop())
        let verification = verifyLog(directory: service.log)
        #expect(verification.isSound)
        #expect(verification.gaps == 0)
        #expect(verification.records == UInt64(1 + 1 + refused.count + 1 + 1 + resumed.count))
    }

    @Test func `past what may wait, records are dropped and a gap says so, for ever`() throws {
        let setting = try Setting(pendingBytes: 65_536)
        let (service, client) = (setting.service, setting.client)
        #expect(setting.takeDiskAway())
        var dropped: Double = 0
        let lost = try score("lost", client) { answer in
            if answer.json["recorded"].bool == true { return false }
            dropped = try Metrics(parsing: client.get("/metrics").text)["shroff_log_dropped_records_total"] ?? 0
            return dropped > 0
        }
        #expect(lost.answer.json["recorded"].bool == false)
        // It was decided and counted, and can't be told again: not now and not later.
        let id = lost.answer.json["transaction_id"].text
        for _ in 0..<2 {
            let again = try client.score(Body(id, at: time(lost.count - 1)).text)
            #expect(again.status == 410)
            #expect(again.json["code"].text == "record_lost")
            #expect(try client.get("/v1/decisions/\(id)").status == 410)
            guard setting.bringDiskBack() else { continue }
            _ = try score("after", client) { $0.json["recorded"].bool == true }
        }
        #expect(service.stop())
        let verification = verifyLog(directory: service.log)
        #expect(verification.isSound)
        #expect(verification.gaps == 1)
        #expect(verification.droppedRecords >= 1)
        let restarted = try TestService(service.configuration)
        #expect(try restarted.client().score(Body("next").text).json["recorded"].bool == true)
    }
}
