// The Handbook's July through the offline batch, and the same payments over HTTP: the decisions must be the same, to the
// last bit of every number. The first three thousand rows.

import Foundation
import Testing

@Suite struct HandbookTests {
    static let july: URL? = {
        let name = "handbook/transactions-2018-07.csv.gz"
        var folder = URL(filePath: #filePath)
        let environment = ProcessInfo.processInfo.environment["SHROFF_SHARED_DATA"].map { URL(filePath: $0) }
        var candidates = environment.map { [$0.appending(path: name)] } ?? []
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            candidates.append(folder.appending(path: "shared/data/\(name)"))
        }
        return candidates.first { FileManager.default.fileExists(atPath: $0.path) }
    }()

    @Test(.enabled(if: july != nil, "the shared data of the Handbook is not beside this checkout"))
    func `July decided in a batch is July decided over HTTP`() throws {
        let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let config = repository.appending(path: "config")
        let fixture = try Fixture()
        let july = try #require(Self.july)
        #expect(try fixture.shell("gzip -dc '\(july.path)' | head -n 3001 > july.csv") == 0)
        let batch = try fixture.run([
            "score", "--config", config.appending(path: "shroff.yaml").path, "--import",
            config.appending(path: "imports/handbook.yaml").path, "--decisions", "decisions.ndjson", "--payments",
            "payments.ndjson", "july.csv",
        ])
        try #require(batch.code == 0, "\(batch.errors)")
        let decisions = try fixture.read("decisions.ndjson").split(separator: UInt8(ascii: "\n"))
        let payments = try fixture.read("payments.ndjson").split(separator: UInt8(ascii: "\n"))
        #expect(decisions.count == 3_000 && payments.count == 3_000)

        try FileManager.default.removeItem(at: fixture.url("config"))
        try FileManager.default.copyItem(at: config, to: fixture.url("config"))
        let service = try Service(fixture, data: "data")
        defer { service.end() }
        let connection = try #require(PlainConnection(port: service.port))
        for (payment, decision) in zip(payments, decisions) {
            // A second of budget, so that a busy test machine does not take a payment to a lower rung.
            let patient = Array(payment.dropLast()) + Array(",\"deadline_ms\":1000}".utf8)
            let answer = try #require(connection.post("/v1/score", patient))
            #expect(Self.withoutLatency(answer.body[...]) == Self.withoutLatency(decision))
        }
    }

    /// The answer's bytes up to `latency_us`, its last member.
    private static func withoutLatency(_ answer: ArraySlice<UInt8>) -> String {
        let text = String(decoding: answer, as: UTF8.self)
        return text.firstRange(of: ",\"latency_us\":").map { String(text[..<$0.lowerBound]) } ?? text
    }
}
