// Labels: the later one wins, whatever the order in which they are told; and what a table of features says of them.
import Foundation
import JSON
import Scoring
import Testing

@testable import Learning

@Suite struct LabelTests {
    private func label(_ id: String, _ value: LabelValue, _ at: Int64) -> Label {
        Label(transactionID: id, value: value, source: .chargeback, labelledAtNanoseconds: at)
    }

    @Test func `a later label replaces an earlier one, an earlier one does not, and of equal times the last counts`() {
        var book = LabelBook()
        book.add(label("a", .fraud, 10))
        book.add(label("a", .legitimate, 9))
        #expect(book["a"]?.value == .fraud)
        book.add(label("a", .legitimate, 10))
        #expect(book["a"]?.value == .legitimate)
        book.add(label("a", .fraud, 11))
        #expect(book["a"]?.value == .fraud && book.count == 1 && book["b"] == nil)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `the order of telling does not matter where times differ`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        var labels = (0..<200).map { i in
            label("t\(i % 20)", Bool.random(using: &rng) ? .fraud : .legitimate, Int64(i))
        }
        var books = [LabelBook(), LabelBook()]
        for label in labels { books[0].add(label) }
        labels.shuffle(using: &rng)
        for label in labels { books[1].add(label) }
        for i in 0..<20 { #expect(books[0]["t\(i)"] == books[1]["t\(i)"]) }
    }

    private static let line =
        #"{"transaction_id":"a","label":"fraud","source":"manual_review","labelled_at":"2026-11-23T00:00:00Z"}"#

    @Test func `a file of labels is read line by line`() throws {
        let folder = try TemporaryFolder()
        let later = Self.line.replacing("fraud", with: "legitimate").replacing("23T", with: "24T")
        let other = Self.line.replacing(#""a""#, with: #""b""#)
        let path = try folder.write("l.ndjson", [Self.line, "", later, other].joined(separator: "\n"))
        var book = LabelBook()
        try book.read(path: path)
        #expect(book.count == 2 && book["a"]?.value == .legitimate && book["b"]?.source == .manualReview)
    }

    @Test(arguments: [
        ("{", "2: "), ("[]", "must be an object"), (#"{"transaction_id":"a"}"#, "/labelled_at is required"),
        (#"{"transaction_id":"4111111111111111"}"#, "looks like a card number"),
    ])
    func `a line that is no label is told with file and line`(line: String, message: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("l.ndjson", Self.line + "\n" + line + "\n")
        var book = LabelBook()
        do throws(LabelFileError) {
            try book.read(path: path)
            Issue.record("taken")
        } catch {
            #expect(error.description.hasPrefix("\(path):2: ") && error.description.contains(message), "\(error)")
            #expect(!error.description.contains("4111111111111111"))
        }
    }

    @Test func `a file that is not there is an error`() {
        #expect(throws: LabelFileError.self) {
            var book = LabelBook()
            try book.read(path: "/nonexistent/labels")
        }
    }

    // MARK: - In order of time

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `labels are told in the order of their times, of equal ones in the order in which they came`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        var schedule = LabelSchedule()
        var waiting: [Label] = []
        var told: [Label] = []
        var expected: [Label] = []
        for i in 0..<500 {
            let label = label("t\(i)", .fraud, Int64.random(in: 0...60, using: &rng))
            schedule.add(label)
            waiting.append(label)
            guard Int.random(in: 0...4, using: &rng) == 0 else { continue }
            let now = Int64.random(in: 0...60, using: &rng)
            while let next = schedule.next(through: now) { told.append(next) }
            let due = waiting.enumerated().filter { $0.element.labelledAtNanoseconds <= now }
            expected += due.sorted {
                ($0.element.labelledAtNanoseconds, $0.offset) < ($1.element.labelledAtNanoseconds, $1.offset)
            }.map(\.element)
            waiting.removeAll { $0.labelledAtNanoseconds <= now }
        }
        #expect(told == expected && schedule.count == waiting.count && told.count > 100)
        #expect(schedule.next(through: -1) == nil)
    }

    @Test func `a book has every label that was told, and those that were only found do not count as told`() {
        var book = LabelBook()
        book.add(label("a", .fraud, 10))
        book.add(label("a", .legitimate, 9))
        book.add(label("b", .fraud, 1), isTold: false)
        #expect(book.told.map(\.labelledAtNanoseconds) == [10, 9] && book.count == 2)
    }

    @Test func `a label is written as it is taken in`() throws {
        let label = label("a\"b", .legitimate, 1_795_392_000_123_000_000)
        var json = JSONWriter()
        label.write(to: &json)
        #expect(try Label(JSONValue(parsing: json.bytes.span)) == label)
    }

    @Test func `a payment without a label is legitimate from the time that the features say`() throws {
        let request = #"""
            {"transaction_id":"a","event_time":"2026-11-23T10:15:00Z","amount":1,"currency":"EUR",
             "card":{"fingerprint":"f"},"merchant":{"id":"m"}}
            """#
        let (payment, decision, _) = try decide(request, "  - amount: amount\n")
        var bytes: [UInt8] = []
        let table = FeatureTable(assumeLegitimateAfterNanoseconds: 86_400_000_000_000)
        table.appendRow(payment, decision, label: nil, to: &bytes)
        table.appendRow(payment, decision, label: label("a", .fraud, 0), to: &bytes)
        FeatureTable(assumeLegitimateAfterNanoseconds: .max).appendRow(payment, decision, label: nil, to: &bytes)
        table.appendRow(payment, verdict: nil, score: nil, features: [.nan, 2], label: nil, to: &bytes)
        let start = "a,2026-11-23T10:15:00Z"
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                \(start),0,2026-11-24T10:15:00Z,approve,0,1
                \(start),1,1970-01-01T00:00:00Z,approve,0,1
                \(start),,,approve,0,1
                \(start),0,2026-11-24T10:15:00Z,,,,2

                """)
    }

    // MARK: - The table of features

    private func decide(_ request: String, _ features: String) throws -> (
        payment: Payment, decision: Decision, plan: ScoringPlan
    ) {
        let plan = try ScoringPlan(
            ScoringPlan.Sources(
                features: ("f", "entities:\n  card: card.fingerprint\nfeatures:\n\(features)"),
                rules: ("r", "rules: []"),
                policy: ("p", "bands: []\nrisk_levels: { elevated: 1, highest: 2 }\ndefault: approve\n")))
        var core = try Core(plan: plan, model: .none, costs: LadderCosts(rulesNanoseconds: 1, modelNanoseconds: 1))
        let payment = try read(Array(request.utf8))
        var times = StageTimes()
        _ = core.submit(payment, at: 0, remainingNanoseconds: .max, times: &times, clock: { 0 })
        return (payment, core.decision, plan)
    }

    @Test func `a row says what the model would have seen, with an empty cell for what is missing`() throws {
        let request = #"""
            {"transaction_id":"a,\"b\"","event_time":"2026-11-23T10:15:00.5Z","amount":1299,"currency":"EUR",
             "card":{"fingerprint":"f"},"merchant":{"id":"m"}}
            """#
        let features = """
              - amount: major_units(amount, currency)
              - absent: device.time_on_page_ms
              - n: 'count(card, "1h")'
              - late: event_time.getHours() > 9
              - tenth: amount / 10.0
              - huge: amount * 1.0e30

            """
        let (payment, decision, plan) = try decide(request, features)
        var bytes: [UInt8] = []
        let table = FeatureTable()
        table.appendHeader(features: plan.featureNames, to: &bytes)
        table.appendRow(payment, decision, label: nil, to: &bytes)
        table.appendRow(payment, decision, label: label("a", .fraud, 86_400_000_000_000), to: &bytes)
        table.appendRow(payment, decision, label: label("a", .legitimate, 0), to: &bytes)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 5 && lines[4].isEmpty)
        #expect(
            lines[0] == "transaction_id,event_time,label,labelled_at,decision,score,amount,absent,n,late,tenth,huge")
        let id = #""a,""b""",2026-11-23T10:15:00.500Z,"#
        #expect(lines[1].hasPrefix(id + ",,approve,0,12.99,,1,1,129.9,"))
        #expect(lines[2].hasPrefix(id + "1,1970-01-02T00:00:00Z,approve,0,"))
        #expect(lines[3].hasPrefix(id + "0,1970-01-01T00:00:00Z,approve,0,"))
        let cells = try CSVRow.cells(of: Array(lines[1].utf8))
        #expect(cells.count == 12 && cells[0] == "a,\"b\"")
        #expect(zip(cells.suffix(6), decision.features).allSatisfy { $0.isEmpty ? $1.isNaN : Double($0) == $1 })
    }

    @Test func `the leading columns are names that no feature may take`() {
        for name in FeatureTable.leadingColumns { #expect(FeatureFile.reservedNames.contains(name)) }
    }
}
