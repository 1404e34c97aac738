import Foundation
import Testing

/// A service that runs as a process of its own.
final class Service {
    private let fixture: Fixture
    private let running: RunningProgram
    private(set) var port = 0

    /// Returns when it serves.
    init(_ fixture: Fixture, data: String) throws {
        self.fixture = fixture
        running = try fixture.start(["serve", "--port", "0", "--data", data])
        let deadline = Date().addingTimeInterval(20)
        while port == 0 {
            Thread.sleep(forTimeInterval: 0.02)
            if let text = log.split(separator: " ").last(where: { $0.hasPrefix("port=") }) {
                port = Int(text.dropFirst("port=".count)) ?? 0
            }
            guard running.process.isRunning, Date() < deadline else {
                end()
                throw FixtureError(description: "the service does not serve: \(log)")
            }
        }
    }

    var log: String { String(decoding: (try? fixture.read(running.errorName)) ?? [], as: UTF8.self) }

    /// Asks it to stop and waits.
    func stop() -> Int32 {
        running.process.terminate()
        running.waitUntilExit()
        return running.terminationStatus
    }

    /// Asks it to read its configuration anew, and returns when its log says what came of it.
    func hangUp(until said: String) throws {
        kill(running.process.processIdentifier, SIGHUP)
        let deadline = Date().addingTimeInterval(20)
        while !log.contains(said) {
            guard running.process.isRunning, Date() < deadline else {
                throw FixtureError(description: "the service does not say \(said): \(log)")
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    func end() {
        guard running.process.isRunning else { return }
        kill(running.process.processIdentifier, SIGKILL)
        // Its folder is in use until it is gone.
        running.waitUntilExit()
    }
}

@Suite struct ServeTests {
    @Test func `SIGHUP reloads the rules, or says what is wrong with them and serves on`() throws {
        let fixture = try Fixture()
        let service = try Service(fixture, data: "data")
        defer { service.end() }
        try fixture.write("config/rules.yaml", Fixture.rules + "  - { id: new, when: amount > 5, points: 1 }\n")
        try service.hangUp(until: "configuration reloaded")
        #expect(service.log.contains("rules_added=1"))
        try fixture.write("config/rules.yaml", "rules:\n  - { id: new, when: amuont > 5, points: 1 }\n")
        try service.hangUp(until: "config/rules.yaml:2: rules[0].when")
        #expect(service.log.contains("the old one stays"))
        #expect(service.stop() == 0)
    }

    @Test func `a service takes a load test, drains on SIGTERM and leaves a sound log`() throws {
        let fixture = try Fixture()
        let service = try Service(fixture, data: "data")
        defer { service.end() }
        let url = "http://127.0.0.1:\(service.port)"
        let load = [
            "loadtest", "--url", url, "--rate", "200", "--seconds", "1", "--warm-up", "0.2", "--connections", "4",
            "--customers", "200",
        ]
        let run = try fixture.run(load + ["--objective-ms", "5000", "--json", "report.json"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.text.contains("decision_source"))
        let report = try JSONSerialization.jsonObject(with: Data(try fixture.read("report.json"))) as? [String: Any]
        #expect(report?["answered"] as? Int == 200)

        let missed = try fixture.run(load + ["--objective-ms", "0.000001"])
        #expect(missed.code == 1)
        #expect(missed.errors.contains("objective missed: p99.9 is "))
        let path = try fixture.run(
            load + ["--url", url + "/nowhere", "--objective-ms", "5000"])
        #expect(path.code == 1)
        #expect(path.errors.contains("answers with status 404"))

        #expect(service.stop() == 0)
        let log = try fixture.run(["log", "verify", "data"])
        #expect(log.code == 0, "\(log.text)")
        #expect(log.text.contains("records     481\n"))
    }

    @Test func `what a service decided is what a batch decides`() throws {
        let fixture = try Fixture()
        try fixture.simulate()
        let batch = try fixture.run(["score", "payments.ndjson"])
        let service = try Service(fixture, data: "data")
        defer { service.end() }
        let first = try #require(batch.lines.first)
        let sent = try fixture.shell(
            """
            head -n 1 payments.ndjson > body
            exec 3<>/dev/tcp/127.0.0.1/\(service.port)
            printf 'POST /v1/score HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n' \
            "$(wc -c < body)" >&3
            cat body >&3
            cat <&3 > answer
            """)
        #expect(sent == 0)
        let answer = String(decoding: try fixture.read("answer"), as: UTF8.self)
        let decided = try #require(first.range(of: #","latency_us""#)).lowerBound
        #expect(answer.contains(first[..<decided]), "\(answer)")
        #expect(service.stop() == 0)
    }

    @Test func `no service is told at once`() throws {
        let run = try Fixture().run(["loadtest", "--url", "http://127.0.0.1:1", "--seconds", "1"])
        #expect(run.code == 2)
        #expect(run.errors.contains("is the server running?"))
    }
}
