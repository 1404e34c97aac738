// Stopped and started again, or killed: the sequence, the idempotency table and the histories carry on, as if nothing
// had been. The oracle is a service that was never interrupted.
import DecisionLog
import Glibc
import JSON
import Platform
import Testing

@testable import Service

@Suite struct RestartTests {
    /// Scores `bodies`; gives the answers, each with the features of its payment.
    private func score(_ bodies: some Sequence<[UInt8]>, _ client: Client) throws -> [(
        answer: Answer, features: JSONValue?
    )] {
        try bodies.map { body in
            let answer = try client.post("/v1/score", body)
            let id = answer.json["transaction_id"].text
            return (answer, try client.get("/v1/decisions/\(id)").json["features"])
        }
    }

    /// The same identity key in several data folders.
    private func makeKey(_ folders: [String]) throws {
        for folder in folders {
            try makeDirectory(folder)
            try put(folder + "/identity.key", [UInt8](repeating: 7, count: 32), mode: 0o600)
        }
    }

    @Test(arguments: ["never", "5m"])
    func `stopped, killed or torn, the service goes on as one that was never interrupted`(every: String) throws {
        let folder = try TestFolder()
        let bodies = try Shipped.payments(240)
        let (data, oracleData) = (folder.path + "/0", folder.path + "/oracle")
        try makeKey([data, oracleData])
        let oracle = try ShippedService(data: oracleData)
        let expected = try score(bodies, oracle.client())

        // Small segments, so that a restart meets compressed ones too.
        let small = ["SHROFF_LOG_SEGMENT_BYTES": "65536", "SHROFF_STATE_SNAPSHOT_EVERY": every]
        var service: ShippedService? = try ShippedService(data: data, small)
        var found = try score(bodies[0..<60], service?.client() ?? oracle.client())
        #expect(service?.stop() == true)

        service = try ShippedService(data: data, small)
        #expect(service?.running.engine.recovery.payments == (every == "never" ? 60 : 0))
        #expect(service?.running.engine.recovery.report.startedAfter == (every == "never" ? 0 : 61))
        found += try score(bodies[60..<120], service?.client() ?? oracle.client())

        // What is on the disk at this instant is what a kill would leave.
        let killed = folder.path + "/killed"
        try copyFolder(data, to: killed)
        service = try ShippedService(data: killed, small)
        found += try score(bodies[120..<180], service?.client() ?? oracle.client())

        // The same, and a record that was only half written.
        let torn = folder.path + "/torn"
        try copyFolder(killed, to: torn)
        let last = try #require(try fileNames(in: torn + "/log").filter { $0.hasSuffix(".ndjson") }.max())
        let whole = try readFile(torn + "/log/" + last)
        try put(torn + "/log/" + last, whole + Array(#"{"seq":184,"kind":"pay"#.utf8))
        service = try ShippedService(data: torn, small)
        #expect(service?.running.engine.recovery.report.torn?.bytes == 22)
        found += try score(bodies[180...], service?.client() ?? oracle.client())

        for (number, (a, b)) in zip(expected, found).enumerated() {
            #expect(a.features == b.features, "payment \(number)")
            #expect(withoutID(a.answer) == withoutID(b.answer), "payment \(number)")
        }
        // Everything that was ever decided is told again, byte for byte.
        let client = try #require(try service?.client())
        for (body, before) in zip(bodies, found) {
            let again = try client.post("/v1/score", body)
            #expect(again.fields["idempotent-replayed"] == "true")
            #expect(again.bytes == before.answer.bytes)
        }
        #expect(service?.stop() == true)
        let verification = verifyLog(directory: torn + "/log")
        #expect(verification.isSound)
        #expect(verification.lastSequence == 241)
        #expect(verification.records == 241)  // one configuration record: it never changed
        #expect(verification.segments > 3)
    }

    /// The decision id is made of the sequence number, which is the same here too.
    private func withoutID(_ answer: Answer) -> JSONValue { decided(answer.json) }

    @Test func `a body that differs is refused after a restart as before`() throws {
        let configuration = try TestConfiguration()
        let first = try TestService(configuration)
        let body = Body("t_1").with("metadata", "{\"b\":\"\\u00fc\",\"a\":1.50,\"c\":true}")
            .with("event_time", "\"2026-06-01T12:00:00.123456789+05:30\"")
        let before = try first.client().score(body.text)
        #expect(first.stop())
        let second = try TestService(configuration)
        let client = try second.client()
        #expect(try client.score(body.rearranged).bytes == before.bytes)
        #expect(try client.score(Body("t_1").text).status == 409)
        #expect(try client.score(body.with("metadata", "{\"b\":\"u\",\"a\":1.50,\"c\":true}").text).status == 409)
    }

    @Test func `labels and outcomes take their place in the sequence over a restart`() throws {
        let configuration = try TestConfiguration()
        let first = try TestService(configuration)
        _ = try first.client().score(Body("t_1").text)
        _ = try first.client().post("/v1/labels", FeedbackTests.label("t_1"))
        #expect(first.stop())
        let second = try TestService(configuration)
        _ = try second.client().post("/v1/outcomes", FeedbackTests.outcome("t_1"))
        _ = try second.client().score(Body("t_2").text)
        #expect(try second.records().map { $0["kind"].text } == ["config", "payment", "label", "outcome", "payment"])
        #expect(try second.records().map { $0["seq"].integer } == [1, 2, 3, 4, 5])
        #expect(try second.client().get("/v1/decisions/t_2").json["features"]["card_count_1h"].number == 2)
    }

    @Test func `other rules get a configuration record before any payment, and the same ones none`() throws {
        let configuration = try TestConfiguration()
        for _ in 0..<2 { #expect(try TestService(configuration).stop()) }
        try configuration.folder.write("config/rules.yaml", "rules: []\n")
        let service = try TestService(configuration)
        _ = try service.client().score(Body("t_1").text)
        let records = try service.records()
        #expect(records.map { $0["kind"].text } == ["config", "config", "payment"])
        #expect(records[0]["config"]["rules"] != records[1]["config"]["rules"])
        #expect(records[0]["config"]["features"] == records[1]["config"]["features"])
        for file in ["features", "rules", "policy", "lists", "model"] {
            #expect(records[2]["digests"][file] == records[1]["config"][file])
        }
    }

    // MARK: One folder, one writer

    @Test func `a second service on the folder is refused by its name, and the first goes on`() throws {
        let configuration = try TestConfiguration()
        let service = try TestService(configuration)
        do {
            _ = try TestService(configuration)
            Issue.record("two services have one folder")
        } catch let error as ServiceError {
            #expect(error.description.contains(service.log), "\(error)")
            #expect(error.description.contains("\(getpid())"), "\(error)")
        }
        #expect(try service.client().score(Body("t_1").text).json["recorded"].bool == true)
        #expect(service.stop())
        let next = try TestService(configuration)
        #expect(try next.client().score(Body("t_1").text).fields["idempotent-replayed"] == "true")
    }

    @Test func `a lost identity key stops the start instead of being replaced`() throws {
        let configuration = try TestConfiguration()
        let first = try TestService(configuration)
        let path = try configuration.load().dataDirectory + "/identity.key"
        #expect(try readFile(path).count == 32)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(first.stop())
        #expect(rename(path, path + ".away") == 0)
        do {
            _ = try TestService(configuration)
            Issue.record("the key was made anew")
        } catch let error as ServiceError {
            #expect(error.description.contains(path) && error.description.contains("identity key"), "\(error)")
        }
        #expect(try !fileNames(in: configuration.data).contains("identity.key"))
        #expect(rename(path + ".away", path) == 0)
        #expect(try TestService(configuration).stop())
        try put(path, [1, 2, 3])
        #expect(throws: ServiceError.self) { try TestService(configuration) }
    }

    @Test func `a log that rots in the middle stops the start with the place`() throws {
        let configuration = try TestConfiguration(more: "state: { snapshot_every: never }")
        let first = try TestService(configuration)
        for number in 1...5 { _ = try first.client().score(Body("t_\(number)").text) }
        #expect(first.stop())
        let path = try configuration.load().dataDirectory + "/log/00000000000000000001.ndjson"
        var bytes = try readFile(path)
        bytes[bytes.count / 2] ^= 1
        try put(path, bytes)
        do {
            _ = try TestService(configuration)
            Issue.record("damage was not found")
        } catch let error as ServiceError {
            #expect(error.description.contains(path), "\(error)")
            #expect(error.description.contains("line "), "\(error)")
        }
    }
}
