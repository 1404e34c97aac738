// Tables become payments by a map: every cell exactly, every mistake with its line.
import Foundation
import JSON
import Scoring
import Testing

@testable import Learning

@Suite struct ImportTests {
    private static let handbook = """
        transaction_id,timestamp,customer_id,terminal_id,amount,fraud,scenario
        0,2018-04-01T00:00:31Z,596,3156,57.16,0,0
        1,2018-04-01T00:02:10Z,4961,3412,81.51,1,1
        2,2018-04-01T00:07:56Z,2,1365,146.00,0,0

        3,2018-04-01T00:09:29Z,4128,8737,0.00,0,0
        """

    private func map(_ text: String = handbookMap) throws -> ImportMap { try ImportMap(yaml: text, file: "map.yaml") }

    @Test(arguments: ["\n", "\r\n"])
    func `the handbook's rows become payments with labels`(newline: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", Self.handbook.replacing("\n", with: newline))
        var source = try PaymentSource(path: path, map: map())
        var body: [UInt8] = []
        var payments: [Payment] = []
        var labels: [Label?] = []
        var lines: [Int] = []
        while try source.next(into: &body) {
            payments.append(try read(body))
            labels.append(source.label(of: payments[payments.count - 1]))
            lines.append(source.lineNumber)
            if newline == "\r\n", payments.count == 3 { break }  // an empty line is one with a carriage return there
        }
        #expect(payments.prefix(3).map { $0.integer(.amount) } == [5_716, 8_151, 14_600])
        #expect(
            payments[0].string(.transactionID) == "handbook-0" && payments[0].string(.cardFingerprint) == "card-596")
        #expect(payments[0].string(.customerID) == "customer-596" && payments[0].string(.merchantID) == "merchant-3156")
        #expect(payments[0].string(.merchantTerminalID) == "terminal-3156" && payments[0].string(.currency) == "EUR")
        #expect(
            payments[1].eventTimeNanoseconds == Timestamp.nanoseconds(parsing: Array("2018-04-01T00:02:10Z".utf8).span))
        #expect(labels.prefix(3).map { $0?.value } == [.legitimate, .fraud, .legitimate])
        #expect(labels[1]?.transactionID == "handbook-1" && labels[1]?.source == .chargeback)
        #expect(labels[1]?.labelledAtNanoseconds == payments[1].eventTimeNanoseconds + 7 * 86_400_000_000_000)
        #expect(lines.prefix(3) == [2, 3, 4])
        if newline == "\n" { #expect(payments.count == 4 && lines[3] == 6 && payments[3].integer(.amount) == 0) }
    }

    @Test(.enabled(if: sharedData != nil, "the shared data is not beside the checkout"))
    func `the first thousand payments of the handbook are read from its own file`() throws {
        let path = try #require(sharedData) + "/handbook/transactions-2018-04.csv.gz"
        var source = try PaymentSource(path: path, map: map())
        var body: [UInt8] = []
        var frauds = 0
        var last = Int64.min
        for number in 0..<1_000 {
            #expect(try source.next(into: &body))
            let payment = try read(body)
            #expect(payment.string(.transactionID) == "handbook-\(number)")
            #expect(payment.eventTimeNanoseconds >= last)
            last = payment.eventTimeNanoseconds
            if source.isFraud == true { frauds += 1 }
        }
        #expect(frauds < 20)
    }

    @Test(arguments: [
        ("57.16", "EUR", 5_716), ("57.1", "EUR", 5_710), ("57", "EUR", 5_700), ("57.", "EUR", 5_700),
        ("57.1600", "EUR", 5_716),
        ("0.07", "EUR", 7), ("0.29", "EUR", 29), ("1.15", "EUR", 115), ("4.35", "USD", 435), ("1999", "JPY", 1_999),
        ("1999.0", "JPY", 1_999),
        ("1.999", "BHD", 1_999), ("1.9999", "CLF", 19_999), ("9999999999.99", "EUR", 999_999_999_999),
        ("-5.00", "EUR", -500),
    ])
    func `an amount in major units is taken exactly`(text: String, currency: String, minor: Int64) throws {
        #expect(try BoundImportMap.minorUnits(of: text, currency: currency) == minor)
    }

    @Test(arguments: [
        ("", "EUR"), (".5", "EUR"), ("5.001", "EUR"), ("1.5", "JPY"), ("1,5", "EUR"), ("1e3", "EUR"), ("five", "EUR"),
        ("1.-5", "EUR"),
        ("1.+5", "EUR"), (" 1", "EUR"), ("+5", "EUR"), ("1.5", "XXQ"), ("1.5", ""), ("99999999999999999999", "EUR"),
        ("1.2.3", "EUR"),
    ])
    func `what is no amount is refused`(text: String, currency: String) {
        #expect(throws: ImportError.self) { try BoundImportMap.minorUnits(of: text, currency: currency) }
    }

    @Test(arguments: [4] as [UInt64])
    func `every amount with two decimals survives`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<5_000 {
            let minor = Int64.random(in: 0...999_999_999_999, using: &rng)
            let cents = minor % 100
            let text = "\(minor / 100).\(cents < 10 ? "0" : "")\(cents)"
            #expect(try BoundImportMap.minorUnits(of: text, currency: "EUR") == minor)
        }
    }

    @Test func `an empty cell is a missing field, and a constant fills every row`() throws {
        let text = """
            payment:
              transaction_id: { column: id }
              event_time: { value: 2026-11-23T00:00:00Z }
              amount: { column: cents }
              currency: { column: cur }
              card.fingerprint: { column: card }
              merchant.id: { value: m }
              recurring: { column: rec }
              device.ip: { column: ip }
            """
        let bound = try map(text).bound(to: ["id", "cents", "cur", "card", "rec", "ip", "unused"])
        func row(_ cells: [String]) throws -> String {
            var json = JSONWriter()
            try bound.write(cells, to: &json)
            return String(decoding: json.bytes, as: UTF8.self)
        }
        let full = try read(Array(row(["a", "12", "EUR", "c", "1", "::1", "x"]).utf8))
        #expect(full.integer(.amount) == 12 && full.has(.recurring) && full.string(.deviceIP) == "::1")
        let empty = try row(["a", "", "", "", "", "", ""])
        #expect(empty == #"{"transaction_id":"a","event_time":"2026-11-23T00:00:00Z","merchant":{"id":"m"}}"#)
        let wrong = try row(["a", "12.5", "EUR", "c", "maybe", "", ""])
        #expect(wrong.contains(#""amount":"12.5""#) && wrong.contains(#""recurring":"maybe""#))
        #expect(bound.isFraud(["a", "", "", "", "", "", ""]) == nil)
        #expect(throws: ImportError.cellCount(expected: 7, found: 2)) { try row(["a", "b"]) }
    }

    @Test(arguments: [
        ("payment: { amuont: { column: a } }", "no field of a payment"),
        ("payment: { metadata: { column: a } }", "no field of a payment"),
        ("payment: { amount: {} }", "either column or value"),
        ("payment: { amount: { column: a, value: b } }", "either column or value"),
        ("payment: { currency: { column: a, unit: major } }", "only an amount"),
        ("payment: { amount: { column: a, unit: cents } }", "only an amount"),
        ("payment: { amount: { colum: a } }", "did you mean column?"),
        ("label: { column: a, fraud: 1 }", "needs payment"),
        ("payment: {}\nlabel: { column: a }", "needs column, and fraud"),
        ("payment: {}\nlabel: { column: a, fraud: 1, source: x }", "must be one of"),
        ("payment: {}\nlabel: { column: a, fraud: 1, known_after: 7 }", "length of time"),
    ])
    func `a map is checked key by key`(text: String, message: String) {
        do throws(ConfigurationError) {
            _ = try ImportMap(yaml: text, file: "map.yaml")
            Issue.record("taken")
        } catch {
            #expect(error.message.contains(message) && error.file == "map.yaml" && error.line > 0, "\(error)")
        }
    }

    @Test func `a byte order mark before the header is no part of the first column`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", "\u{FEFF}" + Self.handbook)
        var source = try PaymentSource(path: path, map: map())
        var body: [UInt8] = []
        #expect(try source.next(into: &body))
        #expect(try read(body).string(.transactionID) == "handbook-0")
    }

    @Test func `a column that the table does not have is named, with those that it has`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", "transaction_id,timestamp\n")
        let map = try map()
        do throws(PaymentSourceError) {
            _ = try PaymentSource(path: path, map: map)
            Issue.record("taken")
        } catch {
            #expect(
                error == .header(path: path, reason: "the table has no column amount; it has transaction_id, timestamp")
            )
        }
    }

    @Test(arguments: [
        ("1,2\n", "cells where the header has 7"), ("\"x\n", "opens a quote"),
        ("0,2018-04-01T00:00:31Z,1,1,1.001,0,0\n", "more decimals"),
    ])
    func `a row that can't be taken is told with file and line`(row: String, message: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", Self.handbook + "\n\n" + row)
        var source = try PaymentSource(path: path, map: map())
        var body: [UInt8] = []
        do throws(PaymentSourceError) {
            while try source.next(into: &body) {}
            Issue.record("taken")
        } catch {
            #expect(error.description.hasPrefix("\(path):8: ") && error.description.contains(message), "\(error)")
        }
    }

    @Test func `a file that is not there or empty is an error, and one of JSON lines needs no map`() throws {
        let folder = try TemporaryFolder()
        #expect(throws: PaymentSourceError.self) { _ = try PaymentSource(path: folder.path + "/none", map: nil) }
        let empty = try folder.write("empty.csv", "")
        #expect(throws: PaymentSourceError.self) { _ = try PaymentSource(path: empty, map: map()) }
        var none = try PaymentSource(path: empty, map: nil)
        var body: [UInt8] = []
        #expect(try !none.next(into: &body))
        let lines = try folder.write("l.ndjson", "{\"a\":1}\n\n{\"b\":2}")
        var source = try PaymentSource(path: lines, map: nil)
        #expect(try source.next(into: &body) && body == Array(#"{"a":1}"#.utf8))
        #expect(try source.next(into: &body) && body == Array(#"{"b":2}"#.utf8) && source.lineNumber == 3)
        #expect(source.isFraud == nil && source.label(of: Payment()) == nil)
        #expect(try !source.next(into: &body))
    }
}
