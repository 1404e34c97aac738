// The inside of shortest printing: its logarithms and its table of powers against their definitions.

import Foundation
import Testing

@testable import JSON

@Suite struct ShortestTableTests {
    @Test func `the logarithms are exact over their whole range`() {
        // No power of two but 1 is a power of ten, and no ratio comes near enough for a long double's rounding.
        for q in -1650...1650 {
            #expect(floorLog10OfPowerOf2(q) == Int((Float80(q) * log10(Float80(2))).rounded(.down)), "\(q)")
        }
        for q in -1500...1500 {
            let exact = Float80(q) * log10(Float80(2)) + log10(Float80(0.75))
            #expect(floorLog10OfThreeQuartersPowerOf2(q) == Int(exact.rounded(.down)), "\(q)")
        }
        for e in -1233...1233 {
            #expect(floorLog2OfPowerOf10(e) == Int((Float80(e) * log2(Float80(10))).rounded(.down)), "\(e)")
        }
    }

    @Test func `every power of ten in the table is the least 128-bit number not below it`() {
        #expect(powersOfTen128.count == greatestPowerOfTen - leastPowerOfTen + 1)
        for e in leastPowerOfTen...greatestPowerOfTen {
            let power = powersOfTen128[e - leastPowerOfTen]
            #expect(power.leadingZeroBitCount == 0, "10^\(e)")
            // power · 2^shift ≥ 10^e > (power - 1) · 2^shift, with both sides made integers.
            let shift = floorLog2OfPowerOf10(e) - 127
            let tens = Whole(1).timesTen(max(0, e)).shifted(by: max(0, 0 - shift))
            func scaled(_ power: UInt128) -> Whole {
                Whole(power).timesTen(max(0, 0 - e)).shifted(by: max(0, shift))
            }
            #expect(!(scaled(power) < tens), "10^\(e)")
            #expect(scaled(power - 1) < tens, "10^\(e)")
        }
    }

    @Test(arguments: [0, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 99_999, 100_000, 99_999_999, 100_000_000, .max])
    func `digits are counted`(number: UInt64) {
        #expect(digitCount(number) == "\(number)".utf8.count)
    }
}

/// A natural number of any size, just enough to compare products: 32-bit words, least significant first.
private struct Whole {
    var words: [UInt32]

    init(_ value: UInt128) { words = (0..<4).map { UInt32(truncatingIfNeeded: value >> UInt128($0 * 32)) } }

    func timesTen(_ count: Int) -> Whole {
        var result = self
        for _ in 0..<count {
            var carry: UInt64 = 0
            for i in result.words.indices {
                let product = UInt64(result.words[i]) * 10 + carry
                result.words[i] = UInt32(truncatingIfNeeded: product)
                carry = product >> 32
            }
            if carry > 0 { result.words.append(UInt32(carry)) }
        }
        return result
    }

    func shifted(by count: Int) -> Whole {
        var result = self
        result.words = [UInt32](repeating: 0, count: count / 32)
        var carry: UInt64 = 0
        for word in words {
            let shifted = UInt64(word) << UInt64(count % 32) | carry
            result.words.append(UInt32(truncatingIfNeeded: shifted))
            carry = shifted >> 32
        }
        result.words.append(UInt32(carry))
        return result
    }

    static func < (left: Whole, right: Whole) -> Bool {
        for i in (0..<max(left.words.count, right.words.count)).reversed() {
            let l = i < left.words.count ? left.words[i] : 0
            let r = i < right.words.count ? right.words[i] : 0
            if l != r { return l < r }
        }
        return false
    }
}
