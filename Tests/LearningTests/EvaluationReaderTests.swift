// Tables as they come: wide, quoted, gzipped elsewhere, in several files; and what is wrong with them, by file and line.
import Testing

@testable import Learning

@Suite struct EvaluationReaderTests {
    private static let header = "transaction_id,event_time,label,labelled_at,decision,score,margin,amount"
    private static let rows = """
        a,2026-01-05T00:00:00Z,1,2026-01-12T00:00:00Z,decline,900,2.5,10.5
        "b,x",2026-01-05T00:00:01Z,0,,approve,1,-2.5,
        c,2026-01-06T00:00:00Z,,,approve,1,,3\r

        """

    private func read(
        _ text: String, _ change: (inout EvaluationSource) -> Void = { _ in }, maximumRows: Int = 100
    ) throws -> EvaluationTable {
        let folder = try TemporaryFolder()
        var source = EvaluationSource()
        change(&source)
        var reader = EvaluationReader(source, maximumRows: maximumRows)
        try reader.read(path: try folder.write("t.csv", text))
        return reader.table
    }

    private func message(_ text: String, _ change: (inout EvaluationSource) -> Void = { _ in }) -> String {
        let error = #expect(throws: EvaluationError.self) { try read(text, change) }
        return error?.description ?? ""
    }

    @Test func `the margin ranks where there is one, and only wanted columns are kept`() throws {
        let table = try read("\u{FEFF}" + Self.header + "\n" + Self.rows)
        #expect(table.scores[0] == 2.5 && table.scores[1] == -2.5 && table.scores[2].isNaN)
        #expect(table.labels == [.fraud, .legitimate, .unknown])
        #expect(table.labelledAt == [table.eventTimes[0] + 7 * dayNanoseconds, .min, .min])
        #expect(table.decisionNames.names == ["decline", "approve"])
        #expect(table.amounts.isEmpty && table.entities.isEmpty && table.probabilities.isEmpty)
    }

    @Test func `columns are named`() throws {
        let table = try read(Self.header + "\n" + Self.rows) { source in
            source.score = "score"
            source.amount = "amount"
            source.entity = "transaction_id"
            source.segment = "decision"
            source.probability = .logOdds("margin")
        }
        #expect(table.scores == [900, 1, 1])
        #expect(table.amounts[0] == 10.5 && table.amounts[1].isNaN)
        #expect(table.entityNames.names == ["a", "b,x", "c"])
        #expect(isNear(table.probabilities[0], 0.924_141_819_978_756_4, 1e-15))
    }

    @Test func `several files are one table, each by its own header`() throws {
        let folder = try TemporaryFolder()
        var reader = EvaluationReader(EvaluationSource())
        try reader.read(path: try folder.write("1.csv", "event_time,label,margin\n2026-01-05T00:00:00Z,1,1\n"))
        try reader.read(path: try folder.write("2.csv", "margin,extra,event_time,label\n2,x,2026-01-06T00:00:00Z,0\n"))
        #expect(reader.table.scores == [1, 2])
        let third = try folder.write("3.csv", "event_time,label,score\n2026-01-05T00:00:00Z,1,1\n")
        let error = #expect(throws: EvaluationError.self) { try reader.read(path: third) }
        #expect(
            error?.description
                == "\(third):1: the header has no column margin; name the one that ranks the payments with --score")
    }

    @Test func `what is wrong is told with its line and what to do`() {
        let start = "event_time,label,margin,amount\n2026-01-05T00:00:00Z,1,1,1\n"
        #expect(
            message(start + "2026-01-05T00:00:00Z,2,1,1\n").hasSuffix(
                "t.csv:3: label: 2 is no label; it is 1 for fraud, 0 for legitimate, empty where unknown"))
        #expect(message(start + "yesterday,1,1,1\n").contains("t.csv:3: event_time: yesterday is no RFC 3339 time"))
        #expect(message(start + "2026-01-05T00:00:00Z,1,high,1\n").contains("t.csv:3: margin: high is no number"))
        #expect(message(start + "2026-01-05T00:00:00Z,1\n").contains("t.csv:3: has 2 cells where the header has 4"))
        #expect(message(start + "\"2026\n").contains("t.csv:3: cell 1 opens a quote"))
        #expect(
            message(start + "2026-01-05T00:00:00Z,1,1,-1\n") { $0.amount = "amount" }.contains("no amount of money"))
        #expect(
            message(start) {
                $0.probability = .column("amount"); $0.score = "gone"
            }.contains("--score"))
        #expect(
            message(start + "2026-01-05T00:00:00Z,1,1,1.5\n") { $0.probability = .column("amount") }
                .contains("t.csv:3: amount: 1.5 is no probability, 0 to 1"))
        #expect(message("event_time,label\n").contains("t.csv:1: the header has no column margin or score"))
        #expect(message(start) { $0.entity = "card" }.contains("with --payments"))
        #expect(message("").contains("t.csv:1: is empty"))
    }

    @Test func `as many rows as the limit are read, one more is refused`() throws {
        let text = Self.header + "\n" + Self.rows
        #expect(try read(text, maximumRows: 3).count == 3)
        #expect(throws: EvaluationError.tooManyRows(limit: 2)) { try read(text, maximumRows: 2) }
    }

    @Test func `fields that the table lacks come from the payments, in order`() throws {
        let folder = try TemporaryFolder()
        let payments = try folder.write(
            "p.ndjson",
            """
            {"transaction_id":"z","card":{"fingerprint":"gone"}}
            {"transaction_id":"a","card":{"fingerprint":"k1","bin":"4"},"amount":1050,"recurring":true,"tags":[1,{"card":2}]}

            {"transaction_id":"b,x","amount":7,"card":{"fingerprint":"k2"}}
            {"transaction_id":"c","amount":9}

            """)
        let table = try read(Self.header.replacing(",amount", with: ",x") + "\n" + Self.rows) { source in
            source.payments = [payments]
            source.amount = "amount"
            source.entity = "card.fingerprint"
            source.segment = "recurring"
        }
        #expect(table.amounts == [1050, 7, 9])
        #expect(table.entities.map { table.entityNames.names[Int($0)] } == ["k1", "k2", ""])
        #expect(table.segments.map { table.segmentNames.names[Int($0)] } == ["true", "", ""])

        let short = try folder.write("short.ndjson", #"{"transaction_id":"a","amount":1}"#)
        let wrong = try folder.write("wrong.ndjson", #"{"transaction_id":"a","amount":1"#)
        let text = Self.header.replacing(",amount", with: ",x") + "\n" + Self.rows
        #expect(
            message(text) {
                $0.payments = [short]; $0.amount = "amount"
            }.contains("t.csv:3: the payments have no b,x"))
        #expect(
            message(text) {
                $0.payments = [wrong]; $0.amount = "amount"
            }.contains("wrong.ndjson:1: byte"))
    }

    @Test(arguments: ["a,b,c", "\"a\",\"b,\"\"\",c\r", ",,", "\"\",x,\"\"", "\"a\",b,\"c"])
    func `the scanner finds the cells that a whole reading finds`(text: String) {
        let line = Array(text.utf8)
        var scanner = CellScanner(places: [2, 0, 2], cellCount: 3)
        let whole: [String]? = try? CSVRow.cells(of: line)
        let count: Int? = try? scanner.scan(line)
        #expect(count == whole?.count)
        if let whole {
            #expect(scanner.cells.map { String(decoding: $0, as: UTF8.self) } == [whole[2], whole[0], whole[2]])
        }
    }

    @Test(arguments: [31, 32, 33] as [UInt64])
    func `the scanner agrees with a whole reading on random bytes`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        let letters = Array("ab,,\"\"\r".utf8)
        for _ in 0..<2_000 {
            let line = (0..<Int.random(in: 0..<14, using: &rng)).map { _ in letters.randomElement(using: &rng) ?? 0 }
            var scanner = CellScanner(places: [1], cellCount: 4)
            let whole: [String]? = try? CSVRow.cells(of: line)
            let count: Int? = try? scanner.scan(line)
            #expect(count == whole?.count, "\(line)")
            if let whole, whole.count > 1 { #expect(scanner.cells[0] == Array(whole[1].utf8), "\(line)") }
        }
    }
}
