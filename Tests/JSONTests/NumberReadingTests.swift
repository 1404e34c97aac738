// Numbers read: integers exact to both ends of Int64, doubles rounded correctly however many digits they have.

import Foundation
import JSON
import Testing

@Suite struct NumberReadingTests {
    @Test(
        arguments: [
            ("0", .value(0)), ("-0", .value(0)), ("7", .value(7)), ("-129900", .value(-129_900)),
            ("9223372036854775807", .value(.max)), ("-9223372036854775808", .value(.min)),
            ("9223372036854775808", .outOfRange), ("-9223372036854775809", .outOfRange),
            ("9999999999999999999", .outOfRange), ("10000000000000000000", .outOfRange),
            ("18446744073709551616", .outOfRange), ("-18446744073709551617", .outOfRange),
            ("123456789012345678901234567890", .outOfRange), ("1.0", .fraction), ("1e2", .fraction),
            ("-0.0", .fraction),
            ("1E400", .fraction), ("99999999999999999999.5", .fraction),
        ] as [(String, JSONInteger)])
    func `an integer is exact, or told not to be one`(number: String, expected: JSONInteger) throws {
        #expect(try readInteger(number) == expected)
    }

    @Test func `integers around every power of two and ten are exact`() throws {
        var values: [Int64] = []
        for shift in 0..<63 { values += [1 << Int64(shift), (1 << Int64(shift)) - 1, -(1 << Int64(shift)) - 1] }
        var power: Int64 = 1
        for _ in 0..<18 {
            values += [power, power - 1, -power, -power - 1]
            power *= 10
        }
        for value in values { #expect(try readInteger("\(value)") == .value(value)) }
    }

    @Test(arguments: [
        "0", "-0", "0.0", "-0e5", "1", "0.1", "12.75", "-3.5e-3", "1e22", "1e23", "9007199254740993",
        "123456789012345678",
        "9007199254740992e22", "9007199254740993e-22", "4.9406564584124654e-324", "2.4703282292062327e-324",
        "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308", "1.7976931348623157e308",
        "1.7976931348623158e308", "1e-400", "-1e-99999999999999999999", "0e99999999999999999999", "0.000e400",
        "0." + String(repeating: "0", count: 400) + "1e400", "1" + String(repeating: "0", count: 400) + "e-400",
        "9007199254740993" + String(repeating: "0", count: 900) + "e-900",
        "9007199254740992." + String(repeating: "9", count: 900),
        "9007199254740993." + String(repeating: "0", count: 900) + "1",
        String(repeating: "1234567890", count: 200) + "e-1990",
    ])
    func `a double is what strtod says`(number: String) throws {
        for text in [number, "-" + number] where !text.hasPrefix("--") {
            #expect(try readDouble(text).bitPattern == strtod(text, nil).bitPattern, "\(text)")
        }
    }

    @Test func `what lies halfway and has a digit far behind it rounds up, else to even`() throws {
        // Halfway between 2^53 and its upper neighbour; the neighbour below is even.
        let zeros = String(repeating: "0", count: 5_000)
        #expect(try readDouble("9007199254740993.\(zeros)") == 0x1p53)
        #expect(try readDouble("9007199254740993.\(zeros)1") == 0x1p53 + 2)
        #expect(try readDouble("9007199254740993\(zeros)e-5000") == 0x1p53)
        #expect(try readDouble("9007199254740993\(zeros)1e-5001") == 0x1p53 + 2)
        // Halfway between 0 and the least double takes 751 digits to write.
        let half = "2.4703282292062327208299018320104"
        #expect(try readDouble(half + "e-324") == 0)
        #expect(try readDouble("2.4703282292062328e-324") == Double.leastNonzeroMagnitude)
    }

    @Test(arguments: ["1e309", "-1e309", "1.7976931348623159e308", "1e99999999999999999999", "123e400"])
    func `beyond the largest double is told, and may be skipped`(number: String) throws {
        let document = "[ \(number) , 1 ]"
        var reader = JSONReader(document.utf8Span.span)
        try reader.beginArray()
        guard try reader.nextElement() else {
            Issue.record("no element")
            return
        }
        do throws(JSONError) {
            _ = try reader.readDouble()
            Issue.record("read")
        } catch {
            #expect(error == JSONError(offset: 2, reason: .numberOutOfRange))
            #expect(error.isRecoverable)
            try reader.skipValue()
        }
        guard try reader.nextElement() else {
            Issue.record("no second element")
            return
        }
        let next = try reader.readDouble()
        #expect(next == 1)
        guard try !reader.nextElement() else {
            Issue.record("a third element")
            return
        }
        try reader.finish()
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `random digits read as strtod reads them`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<30_000 {
            func digits(_ counts: ClosedRange<Int>) -> String {
                String((0..<Int.random(in: counts, using: &rng)).map { _ in "0123456789".randomElement(using: &rng)! })
            }
            var number = Bool.random(using: &rng) ? "-" : ""
            number += Bool.random(using: &rng) ? "0" : "\(Int.random(in: 1...9, using: &rng))" + digits(0...24)
            if Bool.random(using: &rng) { number += "." + digits(1...24) }
            if Bool.random(using: &rng) { number += "e\(Int.random(in: -340...280, using: &rng))" }
            #expect(try readDouble(number).bitPattern == strtod(number, nil).bitPattern, "\(number)")
        }
    }

    @Test(arguments: [4, 5] as [UInt64])
    func `the exact decimal halfway between two doubles rounds to even, and a digit more or less decides`(
        seed: UInt64
    ) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<300 {
            // Up to 2^100 an integer halfway is exact in printf's digits.
            let value = Double(rng.next() >> 11 | 1 << 52) * pow(2, Double(Int.random(in: 2..<60, using: &rng)))
            let middle = decimalSum(String(format: "%.0f", value), String(format: "%.0f", value.ulp / 2))
            let expected = value.significandBitPattern & 1 == 0 ? value : value.nextUp
            #expect(try readDouble(middle) == expected, "\(middle)")
            #expect(try readDouble(middle + ".0000") == expected, "\(middle)")
            #expect(try readDouble(middle + ".00001") == value.nextUp, "\(middle)")
        }
    }

    /// The sum of two integers in decimal.
    private func decimalSum(_ first: String, _ second: String) -> String {
        var (left, right) = (Array(first.utf8), Array(second.utf8))
        var sum: [UInt8] = []
        var carry: UInt8 = 0
        while !left.isEmpty || !right.isEmpty || carry > 0 {
            let digit = (left.popLast().map { $0 - 48 } ?? 0) + (right.popLast().map { $0 - 48 } ?? 0) + carry
            sum.append(48 + digit % 10)
            carry = digit / 10
        }
        return text(sum.reversed())
    }
}
