import Foundation
import Testing

@Suite struct ScoreTests {
    @Test(arguments: Fixture.configurations)
    func `equal files give equal bytes, from a file, gzipped or on standard input`(configuration: String) throws {
        let fixture = try Fixture()
        let payments = try fixture.simulate()
        let first = try fixture.run(["score", "--config", configuration, "payments.ndjson"])
        #expect(first.code == 0, "\(first.errors)")
        #expect(first.lines.count == payments.count { $0 == UInt8(ascii: "\n") })
        #expect(first.errors.contains("\(first.lines.count) payments: approve "))
        #expect(try fixture.run(["score", "--config", configuration, "payments.ndjson"]).output == first.output)
        #expect(try fixture.run(["score", "--config", configuration, "-"], input: payments).output == first.output)
        #expect(try fixture.shell("gzip -k payments.ndjson") == 0)
        #expect(try fixture.run(["score", "--config", configuration, "payments.ndjson.gz"]).output == first.output)
    }

    @Test func `two runs on a data folder decide as one without`() throws {
        let fixture = try Fixture()
        try fixture.simulate()
        let whole = try fixture.run(["score", "payments.ndjson"])
        let half = whole.lines.count / 2
        #expect(try fixture.shell("split -l \(half) payments.ndjson part.") == 0)
        let first = try fixture.run(["score", "--state", "state", "part.aa"])
        let second = try fixture.run(["score", "--state", "state", "part.ab", "part.ac"].filter(fixture.isThere))
        #expect(first.code == 0, "\(first.errors)")
        #expect(second.code == 0, "\(second.errors)")
        #expect(first.output + second.output == whole.output)

        let again = try fixture.run(["score", "--state", "state", "part.aa"])
        #expect(again.code == 0)
        #expect(again.output.isEmpty)
        #expect(again.errors.contains("\(half) repeated"))
        let verified = try fixture.run(["log", "verify", "state"])
        #expect(verified.code == 0, "\(verified.text)")
        #expect(verified.text.contains("last seq    \(whole.lines.count + 1)\n"))
    }

    @Test func `the feature table has the labels, and payments are given back as they came`() throws {
        let fixture = try Fixture()
        let payments = try fixture.simulate(days: 3)
        let run = try fixture.run([
            "score", "--features", "features.csv", "--labels", "labels.ndjson", "--payments", "copy.ndjson",
            "payments.ndjson",
        ])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(try fixture.read("copy.ndjson") == payments)
        let rows = String(decoding: try fixture.read("features.csv"), as: UTF8.self).split(separator: "\n")
        #expect(
            rows.first
                == """
                transaction_id,event_time,label,labelled_at,decision,score,amount,card_count_1h,card_mean_30d,\
                merchants_1d,card_age
                """)
        #expect(rows.count == 1 + payments.count { $0 == UInt8(ascii: "\n") })
        let labels = try fixture.read("labels.ndjson").count { $0 == UInt8(ascii: "\n") }
        let labelled = rows.dropFirst().filter { row in
            !row.split(separator: ",", omittingEmptySubsequences: false)[2].isEmpty
        }
        #expect(labels > 0)
        #expect(labelled.count == labels)
    }

    @Test func `a table is imported by its map, exactly`() throws {
        let fixture = try Fixture()
        try fixture.write("map.yaml", Self.map)
        try fixture.write(
            "table.csv",
            "id,time,amount,card,shop,fraud\n1,2026-01-02T03:04:05Z,12.9,a,s,0\n2,2026-01-02T03:05:05Z,0.3,a,s,1\n")
        let run = try fixture.run([
            "score", "--import", "map.yaml", "--features", "-", "--payments", "p.ndjson", "table.csv",
        ])
        #expect(run.code == 0, "\(run.errors)")
        #expect(
            run.lines.dropFirst() == [
                "1,2026-01-02T03:04:05Z,0,2026-01-09T03:04:05Z,approve,0,12.9,1,1290,1,0",
                "2,2026-01-02T03:05:05Z,1,2026-01-09T03:05:05Z,approve,0,0.3,2,660,1,60",
            ])
        let posted = String(decoding: try fixture.read("p.ndjson"), as: UTF8.self).split(separator: "\n")
        #expect(posted.first?.contains(#""amount":1290,"currency":"EUR""#) == true)
    }

    @Test func `a wrong header exits 2 and names the column`() throws {
        let fixture = try Fixture()
        try fixture.write("map.yaml", Self.map)
        try fixture.write("table.csv", "id,time,sum,card,shop,fraud\n")
        let run = try fixture.run(["score", "--import", "map.yaml", "table.csv"])
        #expect(run.code == 2)
        #expect(run.errors.contains("the table has no column amount"))
    }

    @Test func `invalid payments are told by line and pointer, and the others are scored`() throws {
        let fixture = try Fixture()
        let payments = String(decoding: try fixture.simulate(), as: UTF8.self).split(separator: "\n")
        let lines = [
            String(payments[0]), #"{"transaction_id":"x","amount":-1}"#, String(payments[1]), "{", String(payments[0]),
            String(payments[1]).replacing(#""currency":"#, with: #""deadline_ms":7,"currency":"#),
        ]
        let run = try fixture.run(["score", "-"], input: Array(lines.joined(separator: "\n").utf8))
        #expect(run.code == 1)
        #expect(run.lines.count == 2)
        #expect(run.errors.contains("-:2: /amount "))
        #expect(run.errors.contains("/event_time is required"))
        #expect(run.errors.contains("-:4: byte 1: "))
        #expect(run.errors.contains("-:6: /transaction_id was used by another payment"))
        #expect(run.errors.contains("2 invalid · 1 repeated · 1 conflicting"))
    }

    @Test func `at most a hundred invalid payments are told one by one`() throws {
        let fixture = try Fixture()
        for (count, isCut) in [(100, false), (101, true)] {
            let run = try fixture.run(["score", "-"], input: Array(String(repeating: "{}\n", count: count).utf8))
            #expect(run.code == 1)
            #expect(run.errors.split(separator: "\n").count { $0.hasPrefix("-:") } == 100)
            #expect(run.errors.contains("only counted") == isCut)
            #expect(run.errors.contains("\(count) invalid"))
        }
    }

    @Test func `an output never overwrites an input`() throws {
        let fixture = try Fixture()
        let payments = try fixture.simulate()
        let run = try fixture.run(["score", "--decisions", "./payments.ndjson", "payments.ndjson"])
        #expect(run.code == 2)
        #expect(try fixture.read("payments.ndjson") == payments)
    }

    @Test func `a gzip file that ends early keeps what was scored and exits 2`() throws {
        let fixture = try Fixture()
        try fixture.simulate(days: 3)
        #expect(try fixture.shell("gzip -c payments.ndjson | head -c 30000 > cut.gz") == 0)
        let run = try fixture.run(["score", "--state", "state", "cut.gz"])
        #expect(run.code == 2)
        #expect(run.lines.count > 0)
        #expect(run.text.hasSuffix("}\n"))
        #expect(try fixture.run(["log", "verify", "state"]).text.contains("records     \(run.lines.count + 1)\n"))
    }

    private static let map = """
        payment:
          transaction_id: { column: id }
          event_time: { column: time }
          amount: { column: amount, unit: major }
          currency: { value: EUR }
          card.fingerprint: { column: card, prefix: card- }
          merchant.id: { column: shop }
        label: { column: fraud, fraud: "1", source: chargeback, known_after: 7d }

        """
}

extension Fixture {
    /// Keeps arguments that are no file names, and names of files that are there.
    func isThere(_ argument: String) -> Bool {
        !argument.hasPrefix("part.") || FileManager.default.fileExists(atPath: url(argument).path)
    }
}
