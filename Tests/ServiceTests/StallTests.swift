// A disk that stalls for seconds, with sync: always: every payment is answered within its budget all the same, the answer
// says that it is not recorded, readiness and metrics say why, and the records are in the log when the disk comes back.
import DecisionLog
import Dispatch
import Glibc
import HTTP
import Platform
import Synchronization
import Testing
import Waiting

@testable import Service

/// The machine's own disk, whose flushes can be held up or refused.
private final class HeldDisk: Sendable {
    let isStalled = Atomic<Bool>(false)
    let refusals = Atomic<Int>(0)

    var operations: FileOperations {
        var operations = FileOperations.system
        operations.flush = { descriptor in
            while self.isStalled.load(ordering: .relaxed) { usleep(1_000) }
            if self.refusals.load(ordering: .relaxed) > 0 {
                self.refusals.subtract(1, ordering: .relaxed)
                return -EIO
            }
            return FileOperations.system.flush(descriptor)
        }
        return operations
    }
}

@Suite struct StallTests {
    private let disk = HeldDisk()
    private let configuration: TestConfiguration

    init() throws {
        configuration = try TestConfiguration(budget: "50ms", more: "log: { sync: always, compress: false }")
    }

    private func start() throws -> RunningService {
        let loaded = try configuration.load()
        let running = RunningService(try ScoringEngine(loaded, Assembly(loaded), disk: disk.operations))
        try running.start()
        return running
    }

    @Test func `while the disk stalls, answers come in time and say that they are not recorded`() throws {
        let service = try start()
        let client = try Client(service.port)
        // On a busy machine a flush may take longer than a budget; the first one that did not:
        #expect(eventually { isRecorded(client) })

        disk.isStalled.store(true, ordering: .relaxed)
        defer { disk.isStalled.store(false, ordering: .relaxed) }
        var fastest = UInt64.max
        for index in 0..<40 {
            let started = MonotonicClock.nanoseconds()
            let answer = try client.score(Body("stalled_\(index)", at: time(index)).text)
            fastest = min(fastest, MonotonicClock.nanoseconds() - started)
            #expect(answer.status == 200 && answer.json["recorded"].bool == false)
            #expect(answer.json["decision_source"].text == "rules", "it was decided as ever")
        }
        #expect(fastest < 50_000_000, "\(fastest) ns: every answer waited for the disk")
        #expect(
            try client.post("/v1/labels", FeedbackTests.label("stalled_1")).json.written
                == #"{"accepted":1,"recorded":false}"#)
        let batch = try client.post("/v1/score/batch", BatchTests.batch([Body("batch").text]))
        #expect(batch.json["decisions"].elements.first["recorded"].bool == false)
        let again = try client.score(Body("stalled_3", at: time(3)).text)
        #expect(again.fields["idempotent-replayed"] == "true" && again.json["recorded"].bool == false)

        let ready = try client.get("/readyz")
        #expect(ready.status == 200 && ready.json["status"].text == "degraded")
        #expect(ready.json["recording"].bool == false)
        let reasons = ready.json["reasons"].elements
        #expect(reasons.map { $0["code"].text } == ["no_model", "not_recording"])
        #expect(reasons[1]["detail"].text.contains("the disk has not answered for"))
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_log_recording"] == 0)
        #expect((metrics["shroff_unrecorded_total"] ?? 0) >= 41)

        disk.isStalled.store(false, ordering: .relaxed)
        #expect(eventually { (try? client.get("/readyz").json["recording"].bool) == true })
        // What was not acknowledged is in the log all the same, and is told so from now on.
        #expect(eventually { (try? client.get("/v1/decisions/stalled_39").json["recorded"].bool) == true })
        #expect(service.stop(timeoutMilliseconds: 5_000))
        let found = verifyLog(directory: configuration.data + "/log")
        #expect(found.isSound && found.gaps == 0 && found.records >= 44)
    }

    @Test func `while payments wait for the disk their loops answer others`() throws {
        let service = try start()
        let others = try (0..<6).map { _ in try Client(service.port) }
        var wasSeen = false
        // Payments wait for a quarter of a second at most, in which a busy machine may not come to the others.
        for round in 0..<20 where !wasSeen {
            disk.isStalled.store(true, ordering: .relaxed)
            let answered = Atomic<Int>(0)
            let group = DispatchGroup()
            for client in 0..<6 {
                DispatchQueue(label: "payment \(client)").async(group: group) {
                    let body = Body("waits_\(round)_\(client)").with("deadline_ms", "1000")
                    _ = try? Client(service.port).score(body.text)
                    answered.add(1, ordering: .relaxed)
                }
            }
            #expect(
                eventually {
                    let health = service.engine.log.health
                    return health.appendedThrough > health.recordedThrough
                })
            for client in others { #expect(try client.get("/healthz").status == 200) }
            wasSeen = answered.load(ordering: .relaxed) == 0
            disk.isStalled.store(false, ordering: .relaxed)
            group.wait()
            #expect(eventually { service.engine.log.health.isRecording })
        }
        #expect(wasSeen)
        #expect(service.stop(timeoutMilliseconds: 5_000))
        #expect(verifyLog(directory: configuration.data + "/log").isSound)
    }

    @Test func `a flush that the disk refuses is not called recorded by the next one that it takes`() throws {
        let service = try start()
        let client = try Client(service.port)
        #expect(eventually { isRecorded(client) })
        disk.refusals.store(1, ordering: .relaxed)
        let refused = try client.score(Body("refused").text)
        #expect(refused.status == 200 && refused.json["recorded"].bool == false)
        #expect(eventually { (try? client.get("/v1/decisions/refused").json["recorded"].bool) == true })
        #expect(try Metrics(parsing: client.get("/metrics").text)["shroff_log_sync_failures_total"] == 1)
        #expect(service.stop(timeoutMilliseconds: 5_000))
        let found = verifyLog(directory: configuration.data + "/log")
        #expect(found.isSound && found.gaps == 0 && found.segments == 2, "it stands in a segment of its own")
    }

    /// Scores a new payment.
    private func isRecorded(_ client: Client) -> Bool {
        let number = Self.counter.add(1, ordering: .relaxed).newValue
        return (try? client.score(Body("first_\(number)").text).json["recorded"].bool) == true
    }

    private static let counter = Atomic<Int>(0)
}
