// shroff evaluate as a user has it: from payments to a verdict and its exit code.

import Foundation
import Testing

@Suite struct EvaluateTests {
    /// Three days of payments, scored by the rules: `f.csv`, `p.ndjson`.
    private static func scored() throws -> Fixture {
        let fixture = try Fixture()
        try fixture.simulate(days: 3)
        let run = try fixture.run([
            "score", "--features", "f.csv", "--payments", "p.ndjson", "--labels", "labels.ndjson", "payments.ndjson",
        ])
        try #require(run.code == 0, "\(run.errors)")
        return fixture
    }

    private static let judged = [
        "evaluate", "f.csv", "--payments", "p.ndjson", "--entity", "card.fingerprint", "--segment", "merchant.mcc",
        "--amount", "amount", "--bootstrap", "5",
    ]

    @Test func `a scored table is judged, with equal bytes for equal seeds`() throws {
        let fixture = try Self.scored()
        let outputs = ["--json", "e.json", "--html", "e.html"]
        let first = try fixture.run(Self.judged + outputs)
        #expect(first.code == 0, "\(first.errors)")
        for title in ["Metrics", "card precision, 100 a day", "By week", "By merchant.mcc", "Labels by age"] {
            #expect(first.text.contains(title), "\(title)")
        }
        let json = try JSONSerialization.jsonObject(with: Data(fixture.read("e.json"))) as? [String: Any]
        #expect(json?["score"] as? String == "score" || json?["score"] as? String == "margin")
        let page = String(decoding: try fixture.read("e.html"), as: UTF8.self)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))

        #expect(try fixture.shell("gzip -k f.csv") == 0)
        let packed = Self.judged.map { $0 == "f.csv" ? "f.csv.gz" : $0 }
        let second = try fixture.run(packed + ["--json", "-"])
        #expect(second.output == (try fixture.read("e.json")))
        let piped = Self.judged.map { $0 == "f.csv" ? "-" : $0 }
        #expect(try fixture.run(piped, input: try fixture.read("f.csv")).output == first.output)
        #expect(try fixture.run(packed + ["--seed", "9"]).output != first.output)
    }

    @Test func `an objective that is not met exits 1 and says what was found`() throws {
        let fixture = try Fixture()
        try fixture.write("t.csv", Self.small)
        let met = try fixture.run(["evaluate", "t.csv", "--require", "auc>=0.75", "--require", "weeks.auc <= 0.75"])
        #expect(met.code == 0, "\(met.errors)")
        let missed = try fixture.run(["evaluate", "t.csv", "--require", "auc>0.75", "--require", "ap>=0"])
        #expect(missed.code == 1)
        #expect(missed.errors == "shroff: auc>0.75 is not met: it is 0.75\n")
        #expect(missed.text == met.text)
    }

    @Test(arguments: [
        ("evaluate t.csv --require f1>=0.5", "there is no metric f1 here; there are ap, auc"),
        ("evaluate t.csv --require ap", "ap"), ("evaluate t.csv --fpr 0", "0"), ("evaluate t.csv --fpr 0.1,0.1", "0.1"),
        ("evaluate t.csv --bins 1", "2 to 1000"), ("evaluate t.csv --bins 1001", "2 to 1000"),
        ("evaluate t.csv --from 2026-01-02 --to 2026-01-02", "--from is not before --to"),
        ("evaluate t.csv --maturity soon", "soon"), ("evaluate t.csv --maturity 999999d", "999999d"),
        ("evaluate t.csv --score gone", "t.csv:1: the header has no column gone"),
        ("evaluate t.csv --score event_time", "t.csv:2: event_time: 2026-01-01T00:00:00Z is no number"),
        ("evaluate t.csv --leave-out-known 7d", "--entity"), ("evaluate t.csv --bootstrap-by entity", "--entity"),
        ("evaluate t.csv --from 2027-01-01", "4 are outside the period"), ("evaluate t.csv --html t.csv", "t.csv"),
        ("evaluate nowhere.csv", "nowhere.csv"), ("evaluate - -", "twice"), ("evaluate", "table.csv"),
        ("evaluate t.csv --probability margin --log-odds margin", "exclude"),
    ])
    func `wrong input exits 2 and says why`(arguments: String, reason: String) throws {
        let fixture = try Fixture()
        try fixture.write("t.csv", Self.small)
        let run = try fixture.run(arguments.split(separator: " ").map(String.init))
        #expect(run.code == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains(reason), "\(run.errors)")
        #expect(try fixture.read("t.csv") == Array(Self.small.utf8))
    }

    private static let small = """
        event_time,label,margin
        2026-01-01T00:00:00Z,1,3
        2026-01-01T01:00:00Z,0,2
        2026-01-02T00:00:00Z,1,1
        2026-01-02T01:00:00Z,0,0

        """
}
