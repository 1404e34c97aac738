// Features over labels, decisions and earlier features: what a batch computes is what a service computes, and what the
// log gives back, to the last bit.

import Foundation
import Testing

@Suite struct KnowledgeTests {
    private static let features = """
        assume_legitimate_after: 10d
        entities:
          card: card.fingerprint
          merchant: { field: merchant.id, parent: category, strength: 10 }
          category: { field: merchant.mcc, parent: world }
          world: { constant: true, prior: 0.005 }
        features:
          - amount: major_units(amount, currency)
          - ratio: amount / before(mean(card, amount, "30d"))
          - frauds: fraud_count(card, "60d")
          - rate: fraud_rate(merchant, "60d")
          - run: streak(merchant, label == "fraud")
          - run_age: streak_age(merchant, label == "fraud", amount < 50000)
          - genuine: mean(card, amount, "60d", label == "legitimate")
          - highest: max(card, feature.ratio, "14d")
          - declined: count(card, "7d", decision == "decline")
          - hurry: ewm_count(card, "1d")
          - new_merchant: first_seen(card, merchant.id)

        """

    /// Payments of some weeks that lie ahead, so that a service that is told a label now takes it for what it says:
    /// known at its own time.
    private func makeFixture() throws -> Fixture {
        let fixture = try Fixture()
        try fixture.write("config/features.yaml", Self.features)
        try fixture.write("config/rules.yaml", "rules:\n  - { id: high, when: amount > 9000, action: decline }\n")
        let simulated = try fixture.run([
            "simulate", "--start", "2091-01-01T00:00:00Z", "--days", "60", "--customers", "8", "--fraud-share", "0.1",
            "--output", "payments.ndjson", "--labels", "labels.ndjson",
        ])
        try #require(simulated.code == 0, "\(simulated.errors)")
        return fixture
    }

    private func member(_ name: String, of line: Data) throws -> String {
        let object = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
        return try #require(object[name] as? String)
    }

    private func lines(_ bytes: [UInt8]) -> [Data] {
        bytes.split(separator: UInt8(ascii: "\n")).map { Data($0) }
    }

    private func withoutLatency(_ answer: Data) -> String {
        let text = String(decoding: answer, as: UTF8.self)
        return text.firstRange(of: ",\"latency_us\":").map { String(text[..<$0.lowerBound]) } ?? text
    }

    /// RFC 3339 with so many digits of a second, all in UTC: without its Z it is in the order of time.
    private func time(_ name: String, of line: Data) throws -> String { String(try member(name, of: line).dropLast()) }

    @Test func `a batch with labels decides as a service that is told them in time, and so does its log`() throws {
        let fixture = try makeFixture()
        let batch = try fixture.run([
            "score", "--labels", "labels.ndjson", "--decisions", "decisions.ndjson", "--features", "batch.csv",
            "payments.ndjson",
        ])
        try #require(batch.code == 0, "\(batch.errors)")
        let decisions = lines(try fixture.read("decisions.ndjson"))
        let payments = lines(try fixture.read("payments.ndjson"))
        #expect(decisions.count == payments.count && payments.count > 200)

        let labels = try lines(try fixture.read("labels.ndjson"))
            .map { (known: try time("labelled_at", of: $0), object: $0) }.sorted { $0.known < $1.known }
        var toTell = labels[...]
        let service = try Service(fixture, data: "data")
        defer { service.end() }
        let connection = try #require(PlainConnection(port: service.port))
        for (payment, decision) in zip(payments, decisions) {
            let time = try self.time("event_time", of: payment)
            while let label = toTell.first, label.known <= time {
                let told = try #require(connection.post("/v1/labels", Array(label.object)))
                #expect(told.status == 202)
                toTell.removeFirst()
            }
            let patient = Array(payment.dropLast()) + Array(",\"deadline_ms\":1000}".utf8)
            let answer = try #require(connection.post("/v1/score", patient))
            #expect(withoutLatency(Data(answer.body)) == withoutLatency(decision))
        }
        #expect(toTell.count < labels.count)
        #expect(service.stop() == 0)

        // The service's log has the same matrix, once all labels are known.
        let dataset = try fixture.run(["dataset", "data", "--labels", "labels.ndjson"])
        #expect(dataset.code == 0, "\(dataset.errors)")
        #expect(try dataset.output == fixture.read("batch.csv"))
        let rows = dataset.lines.dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        // The labels have reached the features: card frauds, streaks and means of genuine payments are there.
        for column in [8, 10, 12, 14] {
            #expect(rows.contains { !["", "0"].contains($0[column]) }, "column \(column)")
        }
    }

    @Test func `a data folder gives back the matrix of the batch that filled it, in two runs too`() throws {
        let fixture = try makeFixture()
        let whole = try fixture.run([
            "score", "--state", "one", "--labels", "labels.ndjson", "--features", "one.csv", "payments.ndjson",
        ])
        try #require(whole.code == 0, "\(whole.errors)")
        let features = try fixture.read("one.csv")
        let dataset = try fixture.run(["dataset", "one"])
        #expect(dataset.code == 0 && dataset.output == features)
        let rows = dataset.lines.dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        #expect(rows.allSatisfy { !$0[2].isEmpty && !$0[3].isEmpty })

        #expect(try fixture.shell("split -n l/2 payments.ndjson part.") == 0)
        for part in ["part.aa", "part.ab"] {
            let run = try fixture.run([
                "score", "--state", "two", "--decisions", "/dev/null", "--labels", "labels.ndjson", part,
            ])
            try #require(run.code == 0, "\(run.errors)")
        }
        #expect(try fixture.run(["dataset", "two/log"]).output == features)

        let day = try fixture.run([
            "dataset", "one", "--from", "2091-01-10T00:00:00Z", "--to", "2091-01-11T00:00:00Z", "--output", "day.csv",
        ])
        #expect(day.code == 0, "\(day.errors)")
        let header = try #require(dataset.lines.first)
        let wanted = [header] + dataset.lines.filter { $0.contains(",2091-01-10T") }
        #expect(String(decoding: try fixture.read("day.csv"), as: UTF8.self).split(separator: "\n") == wanted)
    }

    @Test func `dataset tells what is wrong`() throws {
        let fixture = try makeFixture()
        for (arguments, message) in [
            (["dataset", "nowhere"], "nowhere is no folder"),
            (["dataset", ".", "--from", "today"], "is no time such as"),
            (
                ["dataset", ".", "--from", "2091-01-02T00:00:00Z", "--to", "2091-01-01T00:00:00Z"],
                "--from is behind --to"
            ),
            (["dataset", ".", "--labels", "missing"], "missing"),
        ] {
            let run = try fixture.run(arguments)
            #expect(run.code == 2 && run.errors.contains(message), "\(run.errors)")
        }
        let scored = try fixture.run(["score", "--state", "data", "--decisions", "/dev/null", "payments.ndjson"])
        try #require(scored.code == 0, "\(scored.errors)")
        #expect(try fixture.shell("sed -i '5s/\"amount\":/\"amount\":1/' data/log/*.ndjson") == 0)
        let damaged = try fixture.run(["dataset", "data"])
        #expect(damaged.code == 1 && damaged.errors.contains("the log is damaged"), "\(damaged.errors)")
    }
}
