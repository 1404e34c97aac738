// The front of the log leaves as the configuration says: a start, a replay and a repeated submission do without it.
import DecisionLog
import Glibc
import Platform
import Testing

@testable import Service

@Suite struct LogFrontTests {
    private static let removing =
        "log: { segment_bytes: 65536, remove_above: 200000, compress: false }\nidempotency: { retention: 1s }"

    /// As many payments as fill some segments.
    private func fill(_ numbers: ClosedRange<Int>, _ client: Client) throws {
        for number in numbers {
            let body = Body("t_\(number)", amount: number, card: "c_\(number % 7)", at: time(number))
            #expect(try client.score(body.text).status == 200)
        }
    }

    /// Snapshots until the log is as small as it should be.
    private func removeFront(_ service: TestService) -> Bool {
        for _ in 0..<200 {
            guard service.engine.snapshots.takeNow() else { return false }
            if service.engine.logFront.statistics?.removedSegments ?? 0 > 0 { return true }
            usleep(50_000)
        }
        return false
    }

    @Test func `a start, a replay and a repeated submission do without what left`() throws {
        let configuration = try TestConfiguration(more: Self.removing)
        let service = try TestService(configuration)
        let client = try service.client()
        try fill(1...200, client)
        #expect(service.engine.snapshots.takeNow())
        #expect(service.engine.logFront.statistics?.removedSegments == 0)
        try fill(201...300, client)
        #expect(service.engine.snapshots.takeNow())
        try fill(301...320, client)
        #expect(removeFront(service))
        let front = try #require(service.engine.logFront.statistics)
        #expect(front.problem == nil)
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_log_segments_removed_total"] == Double(front.removedSegments))
        #expect(metrics["shroff_log_bytes"] == Double(front.bytes))
        // What is remembered is answered from what is kept.
        let again = try client.score(Body("t_320", amount: 320, card: "c_5", at: time(320)).text)
        #expect(again.status == 200)
        let first = try #require(verifyLog(directory: service.log).firstSequence)
        #expect(first > 1)
        let digest = service.engine.stateDigest
        #expect(service.stop())

        let restarted = try TestService(configuration)
        #expect(restarted.engine.recovery.report.startedAfter > first && restarted.engine.stateDigest == digest)
        try fill(321...325, restarted.client())
        #expect(restarted.stop())
        var request = ReplayRequest(dataDirectory: configuration.data, logDirectory: configuration.data + "/log")
        request.identityKeyPath = nil
        var replay = try LogReplay(request)
        while try replay.next() != nil {}
        #expect(replay.tally.differences == 0 && replay.tally.startedAfter > first && replay.tally.payments > 0)

        // Without snapshots what is left is all there is.
        TestFolder.remove(configuration.data + "/state")
        let bare = try TestService(configuration)
        #expect(bare.engine.recovery.report.startedAfter == 0 && bare.engine.recovery.report.records < 330 - first + 10)
        #expect(try bare.client().score(Body("t_new", at: time(400)).text).status == 200)
    }

    @Test func `what may not leave is over the budget, which is told`() throws {
        let more = Self.removing.replacing("200000", with: "65536").replacing("1s", with: "1h")
        let service = try TestService(more: more)
        let client = try service.client()
        try fill(1...120, client)
        for _ in 0..<3 {
            #expect(service.engine.snapshots.takeNow())
            try fill(121...122, client)
        }
        let front = try #require(service.engine.logFront.statistics)
        #expect(front.removedSegments == 0 && front.isOverBudget && front.bytes > 65_536)
        let ready = try client.get("/readyz")
        #expect(ready.status == 200)
        #expect(ready.json["reasons"].elements.contains { $0["code"].text == "log_over_budget" })
        #expect(try Metrics(parsing: client.get("/metrics").text)["shroff_log_over_budget"] == 1)
    }

    @Test func `a damaged log stays as it is`() throws {
        let configuration = try TestConfiguration(more: Self.removing)
        let first = try TestService(configuration)
        try fill(1...200, first.client())
        #expect(first.stop())
        let log = configuration.data + "/log/00000000000000000001.ndjson"
        var bytes = try readFile(log)
        bytes[bytes.count / 2] ^= 1
        try put(log, bytes)
        usleep(1_100_000)
        let service = try TestService(configuration)
        for number in 201...203 {
            try fill(number...number, service.client())
            #expect(service.engine.snapshots.takeNow())
        }
        for _ in 0..<20_000 where service.engine.earlierLog.finding == .checking { usleep(1_000) }
        try fill(204...204, service.client())
        #expect(service.engine.snapshots.takeNow())
        #expect(service.engine.logFront.statistics?.removedSegments == 0)
        #expect(try readFile(log) == bytes)
    }
}
