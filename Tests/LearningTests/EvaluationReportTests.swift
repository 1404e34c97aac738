// The report: well-formed, self-contained, and nothing of the data can break out of its place.
import Foundation
import JSON
import Testing

@testable import Learning

@Suite struct EvaluationReportTests {
    private static func evaluation(_ rows: [TestRow] = TestRow.random(500, seed: 21)) throws -> Evaluation {
        var settings = plainSettings
        settings.bootstrapRounds = 20
        return try evaluate(rows, settings: settings)
    }

    @Test func `the page is well-formed and needs nothing from elsewhere`() throws {
        var rows = TestRow.random(500, seed: 21)
        rows[0].segment = "<script>alert('x')</script> & \"quotes\" \u{1}"
        let page = try Self.evaluation(rows).html()
        #expect(Self.misnesting(in: page) == nil)
        for outside in ["http:", "https:", "src=", "href=", "@import", "url(", "<script"] {
            #expect(!page.contains(outside), "\(outside)")
        }
        #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quotes&quot; \u{FFFD}"))
        #expect(page.contains("prefers-color-scheme: dark") && page.contains("@media print"))
        #expect(page.split(separator: "<svg ").count - 1 == 8)
    }

    @Test func `no coordinate is without a number, whatever the scores are`() throws {
        let extremes: [[Double]] = [
            [0, 0, 0], [1e300, -1e300, 0], [.infinity, -.infinity, 1], [1e-300, 0, 2e-300],
            [.infinity, .infinity, .infinity],
        ]
        for scores in extremes {
            let rows = scores.enumerated().map { TestRow(score: $1, isFraud: $0 == 0, amount: 0, probability: 0) }
            let page = try Self.evaluation(rows).html()
            #expect(Self.misnesting(in: page) == nil)
            #expect(!page.contains("nan") && !page.contains("\"inf"))
        }
    }

    @Test func `a page of a broken nesting is told`() {
        #expect(Self.misnesting(in: "<!DOCTYPE html><a><b></a></b>") != nil)
        #expect(Self.misnesting(in: "<a b=\"c\"/><d>&lt;</d>") == nil)
        #expect(Self.misnesting(in: "<a>x & y</a>") != nil)
    }

    @Test func `the object has what the table has`() throws {
        let evaluation = try Self.evaluation()
        let bytes = evaluation.json()
        let json = try JSONValue(parsing: bytes.span)
        #expect(json["overall"]?["metrics"]?["ap"]?["value"] == .double(evaluation.overall.metrics[0].value))
        #expect(json["settings"]?["resampled_by"] == .string("day"))
        guard case .array(let weeks)? = json["weeks"] else { throw EvaluationError.empty(path: "weeks") }
        #expect(weeks.count == evaluation.weeks.count)
    }

    @Test func `columns are aligned`() throws {
        let text = try Self.evaluation().rendered()
        let table = text.components(separatedBy: "\n\n").first { $0.hasPrefix("By week") }
        let lines = try #require(table).split(separator: "\n").dropFirst().prefix(3)
        #expect(Set(lines.map(\.count)).count == 1)
    }

    @Test(arguments: [
        (0.0, 0, "0"), (1234.5678, 2, "1,234.57"), (-0.004, 2, "0.00"), (-1.5, 0, "-2"),
        (999_999.999, 2, "1,000,000.00"),
        (Double.nan, 3, "–"), (Double.infinity, 1, "–"),
    ])
    func `numbers are grouped and rounded`(value: Double, decimals: Int, text: String) {
        #expect(ReportText.fixed(value, decimals) == text)
    }

    @Test func `ticks are round and within the range`() {
        #expect(PlotScale(-6, 5).ticks(6) == [-6, -4, -2, 0, 2, 4])
        #expect(PlotScale(0, 1).ticks(5).count == 6)
        #expect(PlotScale(0.001, 1, isLogarithmic: true).ticks(6).count == 4)
        #expect(PlotScale(3, 3).ticks(6).first == 3)
    }

    /// What is wrong with the nesting of tags, or with a character that must be escaped.
    private static func misnesting(in page: String) -> String? {
        var open: [Substring] = []
        for part in page.split(separator: "<").dropFirst(page.hasPrefix("<") ? 0 : 1) {
            guard let end = part.firstIndex(of: ">") else { return "no end: \(part.prefix(40))" }
            let tag = part[..<end]
            let text = part[part.index(after: end)...]
            for entity in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
                let name = entity.prefix { $0 != ";" }
                if name.count == entity.count || name.count > 5 { return "a bare & in \(text)" }
            }
            if text.contains(">") { return "a bare > in \(text)" }
            if tag.hasPrefix("!") { continue }
            let name = tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "/" }
            if tag.hasPrefix("/") {
                guard open.popLast() == name else { return "</\(name)> closes another" }
            } else if !tag.hasSuffix("/") {
                open.append(name)
            }
        }
        return open.isEmpty ? nil : "open: \(open)"
    }
}
