// Lines of CSV taken apart and put together.
import Testing

@testable import Learning

@Suite struct CSVRowTests {
    @Test(arguments: [
        ("", [""]), ("a", ["a"]), ("a,b,c", ["a", "b", "c"]), (",", ["", ""]), ("a,,", ["a", "", ""]),
        (",a", ["", "a"]),
        ("a\r", ["a"]), ("a,\r", ["a", ""]), ("\r", [""]), (#""a""#, ["a"]), (#""""#, [""]), ("\"\",\"\"", ["", ""]),
        ("\",\"", [","]),
        (#""a""b""#, [#"a"b"#]), (#""""""#, [#"""#]), (#""a,b",c"#, ["a,b", "c"]), (#"x,"a","""#, ["x", "a", ""]),
        (#""a""# + "\r", ["a"]), (" a , b ", [" a ", " b "]), ("é,😀", ["é", "😀"]), (#"a"b,c"#, [#"a"b"#, "c"]),
    ])
    func `a line is taken apart`(line: String, cells: [String]) throws {
        #expect(try CSVRow.cells(of: Array(line.utf8)) == cells)
    }

    @Test(arguments: [
        (#""a"#, CSVError.unterminatedQuote(column: 1)), (#"x,""#, .unterminatedQuote(column: 2)),
        (#"x,"a"""#, .unterminatedQuote(column: 2)),
        (#""a"b"#, .textAfterQuote(column: 1)), (#"x,"a" ,y"#, .textAfterQuote(column: 2)),
    ])
    func `a line that breaks its quotes is refused with the column`(line: String, error: CSVError) {
        #expect(throws: error) { try CSVRow.cells(of: Array(line.utf8)) }
        #expect(error.description.hasPrefix("cell "))
    }

    @Test func `a cell of another encoding is refused, not altered`() {
        let latin1 = Array("a,M".utf8) + [0xFC] + Array("nchen".utf8)
        #expect(throws: CSVError.invalidUTF8(column: 2)) { try CSVRow.cells(of: latin1) }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `cells that are written read back`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let letters = Array("ab,\"\r é")
        for _ in 0..<1_000 {
            let cells = (0..<Int.random(in: 1...5, using: &rng)).map { _ in
                String((0..<Int.random(in: 0...6, using: &rng)).map { _ in letters.randomElement(using: &rng) ?? "x" })
            }
            var line: [UInt8] = []
            for (i, cell) in cells.enumerated() {
                if i > 0 { line.append(0x2C) }
                CSVRow.append(cell, to: &line)
            }
            #expect(try CSVRow.cells(of: line) == cells, "\(cells)")
        }
    }
}
