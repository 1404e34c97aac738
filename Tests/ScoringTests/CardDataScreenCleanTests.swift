// The first look at a text may only say "clean" where the search finds nothing. Texts are made of what numbers, groups,
// tracks and names of codes are made of, so that many hold a finding.
import Testing

@testable import Scoring

private func isClean(_ text: [UInt8]) -> Bool { CardDataScreen.isPlainlyClean(text.span) }

@Suite struct CardDataScreenCleanTests {
    private static let pieces = [
        "4111111111111111", "378282246310005", "4222222222222", "6799990100000000019", "4111", "1111", "123", "cvc",
        "CVV2",
        "securitycode", "=", ":", " ", "-", ".", "\u{A0}", "\u{2011}", "^", "B", "D", "2512", "0", "7", "a9f3", "_",
        "@", "x",
        "9f86d081884c7d65", "\"", "/", "~",
    ]

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `the first look calls nothing clean in which the search finds something`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var found = 0
        var clean = 0
        for _ in 0..<5_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                text += Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)]
            }
            let bytes = Array(text.utf8)
            let expected = CardDataScreen.search(bytes.span)
            let told = CardDataScreen.finding(in: bytes.span)
            #expect(told == expected, "\(text)")
            if expected != nil { found += 1 }
            if isClean(bytes) { clean += 1 }
        }
        #expect(found > 500 && clean > 500, "\(found) found, \(clean) clean: the test looks at too little")
    }

    @Test func `thirteen digits in a row are seen at every place`() {
        for before in 0..<24 {
            for behind in 0..<12 {
                let text = String(repeating: "x", count: before) + "4222222222222"
                let bytes = Array((text + String(repeating: "y", count: behind)).utf8)
                #expect(!isClean(bytes), "\(before) before, \(behind) behind")
            }
        }
    }

    @Test func `each single byte is plain or not, whatever stands beside it`() {
        for byte in UInt8.min...UInt8.max {
            let isPlain = (0x30...0x39).contains(byte) || (0x40...0x7F).contains(byte)
            for length in 1...17 {
                for place in 0..<length {
                    var text = [UInt8](repeating: UInt8(ascii: "z"), count: length)
                    text[place] = byte
                    if isClean(text) != isPlain { Issue.record("byte \(byte) at \(place) of \(length)") }
                }
            }
        }
    }

    @Test func `digests, identifiers and codes are clean at the first look`() {
        for text in [
            "", "EUR", "txn_42a07", "9f86d081884c7d659a2feaa0c55ad015", "mer_000004", "ecommerce", "4232",
        ] {
            #expect(isClean(Array(text.utf8)), "\(text)")
        }
    }
}
