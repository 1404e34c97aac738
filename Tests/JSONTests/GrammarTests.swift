// What is JSON and what is not, after RFC 8259, with the place and the reason of each refusal.

import JSON
import Testing

@Suite struct GrammarTests {
    static let accepted = [
        "null", "true", "false", "0", "-0", "7", "-12", "0.5", "-0.0", "1e5", "1E5", "1e+5", "1e-5", "1.25e07", "0e0",
        "123456789012345678901234567890", "1e999999999999999999999", "\"\"", "\"a\"", "[]", "{}", "[[]]", "[{}]",
        " \t\r\n1 \t\r\n", "[1,2]", "[ 1 , 2 ]", "{\"a\":1}", "{ \"a\" : 1 , \"b\" : [ ] }", "{\"\":0}",
        "{\"a\":1,\"a\":2}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\\u001f\\u20AC\\uFFFF\"", "\"\\uD83D\\ude00\"",
        "\"\u{7F}\"", "\"é€😀\"", "\"\u{2028}\u{FEFF}\u{FFFF}\u{10FFFF}\"", "[null,true,false,\"\",0,{},[]]",
        "\"0123456789abcdef0123456789abcdef\"", "\"'\"", "\"//not a comment\"",
    ]

    @Test(arguments: accepted)
    func `what RFC 8259 allows is accepted`(document: String) {
        #expect(refusal(of: document) == nil)
    }

    static let refused: [(String, Int, JSONError.Reason)] = [
        ("", 0, .unexpectedEnd), (" \n", 2, .unexpectedEnd), ("[", 1, .unexpectedEnd), ("[1", 2, .unexpectedEnd),
        ("[1,", 3, .unexpectedEnd), ("{", 1, .unexpectedEnd), ("{\"a", 3, .unexpectedEnd),
        ("{\"a\"", 4, .unexpectedEnd), ("{\"a\":", 5, .unexpectedEnd), ("{\"a\":1", 6, .unexpectedEnd),
        ("\"", 1, .unexpectedEnd), ("\"\\", 2, .unexpectedEnd), ("\"\\u12", 5, .unexpectedEnd),
        ("\"\\uD83D", 7, .unexpectedEnd), ("tru", 3, .unexpectedEnd), ("nul", 3, .unexpectedEnd),
        ("-", 1, .unexpectedEnd), ("1.", 2, .unexpectedEnd), ("1e", 2, .unexpectedEnd), ("1e+", 3, .unexpectedEnd),
        ("\u{FEFF}1", 0, .byteOrderMark), (" \u{FEFF}1", 1, .expectedValue),
        ("1 2", 2, .textAfterDocument), ("{}}", 2, .textAfterDocument), ("[]]", 2, .textAfterDocument),
        ("1,", 1, .textAfterDocument), ("truex", 4, .textAfterDocument), ("1x", 1, .textAfterDocument),
        ("]", 0, .expectedValue), ("}", 0, .expectedValue), (",", 0, .expectedValue), ("+1", 0, .expectedValue),
        (".5", 0, .expectedValue), ("'a'", 0, .expectedValue), ("/**/1", 0, .expectedValue), ("#", 0, .expectedValue),
        ("True", 0, .invalidLiteral), ("nan", 0, .invalidLiteral), ("NaN", 0, .invalidLiteral),
        ("Infinity", 0, .invalidLiteral), ("trux", 0, .invalidLiteral), ("-Infinity", 1, .expectedDigit),
        ("undefined", 0, .invalidLiteral), ("nulL", 0, .invalidLiteral),
        ("01", 0, .leadingZero), ("-01", 1, .leadingZero), ("00", 0, .leadingZero), ("00.5", 0, .leadingZero),
        ("-a", 1, .expectedDigit), ("--1", 1, .expectedDigit), ("1.e5", 2, .expectedDigit), ("1.x", 2, .expectedDigit),
        ("1ex", 2, .expectedDigit), ("1e+-5", 3, .expectedDigit), ("1.5.5", 3, .textAfterDocument),
        ("0x10", 1, .textAfterDocument), ("1_000", 1, .textAfterDocument), ("1e5.5", 3, .textAfterDocument),
        ("[1 2]", 3, .expectedCommaOrBracket), ("[1}", 2, .expectedCommaOrBracket),
        ("[1:2]", 2, .expectedCommaOrBracket),
        ("[,1]", 1, .expectedValue), ("[1,,2]", 3, .expectedValue), ("[1,]", 3, .trailingComma),
        ("[1, ]", 4, .trailingComma), ("[}", 1, .expectedValue),
        ("{\"a\":1]", 6, .expectedCommaOrBrace), ("{\"a\":1 \"b\":2}", 7, .expectedCommaOrBrace),
        ("{,\"a\":1}", 1, .expectedKey), ("{a:1}", 1, .expectedKey), ("{1:1}", 1, .expectedKey),
        ("{\"a\":1,,}", 7, .expectedKey), ("{]", 1, .expectedKey), ("{\"a\":1,}", 7, .trailingComma),
        ("{\"a\" 1}", 5, .expectedColon), ("{\"a\"}", 4, .expectedColon), ("{\"a\",1}", 4, .expectedColon),
        ("{\"a\"::1}", 5, .expectedValue), ("{\"a\":}", 5, .expectedValue), ("{\"a\":,}", 5, .expectedValue),
        ("\"a\nb\"", 2, .controlCharacter), ("\"\u{0}\"", 1, .controlCharacter), ("\"\u{1F}\"", 1, .controlCharacter),
        ("\"0123456789\t\"", 11, .controlCharacter), ("\"\\a\"", 1, .invalidEscape), ("\"\\'\"", 1, .invalidEscape),
        ("\"\\U0041\"", 1, .invalidEscape), ("\"\\x41\"", 1, .invalidEscape), ("\"\\\n\"", 1, .invalidEscape),
        ("\"\\u00g0\"", 1, .invalidUnicodeEscape), ("\"\\u+123\"", 1, .invalidUnicodeEscape),
        ("\"ab\\uD800\"   ", 3, .loneSurrogate), ("\"\\uDC00\"", 1, .loneSurrogate),
        ("\"\\uD800\\uD800\"", 1, .loneSurrogate), ("\"\\uD800\\n    \"", 1, .loneSurrogate),
        ("\"\\uDE00\\uD83D\"", 1, .loneSurrogate), ("\"\\uD800x     \"", 1, .loneSurrogate),
        ("\u{B}1", 0, .expectedValue), ("\u{A0}1", 0, .expectedValue), ("1\u{C}", 1, .textAfterDocument),
    ]

    @Test(arguments: refused)
    func `what RFC 8259 forbids is refused with its place and reason`(
        document: String, offset: Int, reason: JSONError.Reason
    ) {
        #expect(refusal(of: document) == JSONError(offset: offset, reason: reason))
    }

    static let invalidUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
        [0xE2, 0x28, 0xAC], [0xE2, 0x82, 0x28], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xF1, 0x80, 0x80, 0x28], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
        [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xE2, 0x82], [0xC3],
    ]

    @Test(arguments: invalidUTF8)
    func `invalid UTF-8 is refused where its sequence begins`(sequence: [UInt8]) {
        for padding in 0..<10 {
            let plain = [UInt8](repeating: UInt8(ascii: "x"), count: padding)
            let document = [UInt8(ascii: "\"")] + plain + sequence + Array("\"          ".utf8)
            #expect(refusal(of: document) == JSONError(offset: 1 + padding, reason: .invalidUTF8))
        }
    }

    @Test func `every Unicode scalar is accepted raw and escaped, and reads back`() throws {
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value), value < 0x3000 || value % 251 == 0 || value > 0x10FF00 else {
                continue
            }
            let text = String(scalar)
            let escaped = text.utf16.map { unit in
                let digits = String(unit, radix: 16, uppercase: value % 2 == 0)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
            #expect(try JSONValue(parsing: "\"\(escaped)\"") == .string(text))
            if value >= 0x20, scalar != "\"", scalar != "\\" {
                #expect(try JSONValue(parsing: "\"\(text)\"") == .string(text))
            }
        }
    }

    @Test func `nesting is accepted at the limit and refused one past it`() {
        for limit in [1, 2, JSONReader.standardMaximumDepth, JSONReader.greatestMaximumDepth] {
            for (open, close) in [("[", "]"), ("{\"k\":", "}")] {
                func nested(_ depth: Int) -> [UInt8] {
                    let inside = open == "[" ? "" : "1"
                    return Array(
                        (String(repeating: open, count: depth) + inside + String(repeating: close, count: depth)).utf8)
                }
                #expect(refusal(of: nested(limit), maximumDepth: limit) == nil)
                let place = open.utf8.count * limit
                let expected = JSONError(offset: place, reason: .tooDeep(limit: limit))
                #expect(refusal(of: nested(limit + 1), maximumDepth: limit) == expected)
            }
        }
        #expect(refusal(of: Array("1".utf8), maximumDepth: 0) == nil)
        #expect(refusal(of: Array("[]".utf8), maximumDepth: 0)?.reason == .tooDeep(limit: 0))
    }

    @Test func `depth counts what is open, not what was opened`() {
        let document = "[" + String(repeating: "[[]],", count: 1_000) + "[]]"
        #expect(refusal(of: Array(document.utf8), maximumDepth: 3) == nil)
    }

    @Test func `every document cut at any byte is refused at its end, or is whole`() {
        var rng = SplitMix64(seed: 7)
        var documents = Self.accepted.map { Array($0.utf8) }
        documents += (0..<60).map { _ in JSONValue.random(depth: 4, using: &rng).written }
        for document in documents {
            for count in document.indices {
                let cut = Array(document[..<count])
                guard let error = refusal(of: cut) else {
                    // Only a number, or white space behind a value, may lose its end and stay a document.
                    let last = document[count]
                    let mayEnd = Array("0123456789.eE \t\r\n".utf8).contains(last)
                    #expect(mayEnd, "\(text(cut)) of \(text(document))")
                    continue
                }
                #expect(error == JSONError(offset: count, reason: .unexpectedEnd), "\(text(cut))")
            }
        }
    }

    @Test func `reasons read as sentences`() {
        #expect(refusal(of: "{\"a\" 1}")?.description == "byte 5: expected ':' after the key")
        let mismatch = JSONError.Reason.wrongKind(expected: .string, found: .number)
        #expect(mismatch.description == "expected a string, found a number")
        #expect(JSONError.Reason.tooDeep(limit: 32).description == "more than 32 objects and arrays inside each other")
    }
}
