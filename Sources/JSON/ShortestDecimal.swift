// The shortest decimal that reads back as a binary floating-point number, and of those the nearest: the Schubfach
// algorithm. Raffaello Giulietti, "The Schubfach way to render doubles", 2022, sections 9 and 10.
//
// A value v = c · 2^q owns the reals that round to it, an interval about as wide as 2^q. Choose k so that 10^k is just
// not wider. Then the multiples of 10^k next to v hold at least one decimal of the interval, and at most one multiple
// of 10^(k+1) lies in it; taking that one if there is, or else the nearer multiple of 10^k, is taking the shortest.
// Working in quarters, so that the ends of the interval are integers too, one multiplication by a 128-bit power of ten
// gives each bound exactly enough: what it loses is kept as one sticky bit ("round to odd").

/// A decimal: digits · 10^exponent.
struct Decimal: Equatable {
    var digits: UInt64
    var exponent: Int
}

/// The shortest decimal of c · 2^q.
///
/// - Parameters:
///   - c: The significand as an integer, not 0, below 2^53.
///   - q: The exponent of its unit.
///   - isLowerGapHalf: Whether the neighbour below is half as far as the one above: the significand is a power of two,
///     and the value is not the least normal one.
/// - Complexity: O(1). Allocates nothing once the table of powers is there.
func shortestDecimal(_ c: UInt64, _ q: Int, isLowerGapHalf: Bool) -> Decimal {
    // Ends belong to the interval when c is even, because ties round to even.
    let closed: UInt64 = c & 1
    let k = isLowerGapHalf ? floorLog10OfThreeQuartersPowerOf2(q) : floorLog10OfPowerOf2(q)
    let shift = q &+ floorLog2OfPowerOf10(0 &- k) &+ 1
    let power = powersOfTen128[0 &- k &- leastPowerOfTen]
    let value = roundToOdd(power, (4 &* c) << UInt64(truncatingIfNeeded: shift))
    let lower = roundToOdd(power, (4 &* c &- (isLowerGapHalf ? 1 : 2)) << UInt64(truncatingIfNeeded: shift)) &+ closed
    let upper = roundToOdd(power, (4 &* c &+ 2) << UInt64(truncatingIfNeeded: shift)) &- closed

    let whole = value >> 2
    if whole >= 10 {
        let tens = whole / 10
        let isBelowIn = lower <= 40 &* tens
        let isAboveIn = 40 &* tens &+ 40 <= upper
        if isBelowIn != isAboveIn {
            return Decimal(digits: isBelowIn ? tens : tens &+ 1, exponent: k &+ 1)
        }
    }
    let isBelowIn = lower <= 4 &* whole
    let isAboveIn = 4 &* whole &+ 4 <= upper
    if isBelowIn != isAboveIn {
        return Decimal(digits: isBelowIn ? whole : whole &+ 1, exponent: k)
    }
    // Both or neither: the nearer one; halfway, the even one.
    let middle = 4 &* whole &+ 2
    let isNearerAbove = value > middle || value == middle && whole & 1 == 1
    return Decimal(digits: isNearerAbove ? whole &+ 1 : whole, exponent: k)
}

/// The upper 64 bits of the 192-bit product, with the lowest bit set when the bits cut off were not all zero. The
/// power is rounded up by less than one unit, so cut-off bits of 1 or less mean an exact product.
@inline(__always)
private func roundToOdd(_ power: UInt128, _ factor: UInt64) -> UInt64 {
    let low = UInt64(truncatingIfNeeded: power).multipliedFullWidth(by: factor)
    let high = UInt64(truncatingIfNeeded: power >> 64).multipliedFullWidth(by: factor)
    let (middle, carry) = high.low.addingReportingOverflow(low.high)
    return (high.high &+ (carry ? 1 : 0)) | (middle > 1 ? 1 : 0)
}

// Logarithms of powers as one multiplication; the constants are the logarithms in units of 2^-22 or 2^-19, cut, and
// exact for every exponent that occurs here (a test compares each with the definition).

/// ⌊log10(2^q)⌋ for |q| ≤ 1650.
func floorLog10OfPowerOf2(_ q: Int) -> Int { (q &* 1_262_611) >> 22 }

/// ⌊log10(3/4 · 2^q)⌋ for |q| ≤ 1500.
func floorLog10OfThreeQuartersPowerOf2(_ q: Int) -> Int { (q &* 1_262_611 &- 524_031) >> 22 }

/// ⌊log2(10^e)⌋ for |e| ≤ 1233.
func floorLog2OfPowerOf10(_ e: Int) -> Int { (e &* 1_741_647) >> 19 }

/// The powers of ten that doubles need: 10^-292 for the largest, 10^324 for the smallest.
let leastPowerOfTen = -292
let greatestPowerOfTen = 324

/// 10^e for e from `leastPowerOfTen`, scaled by a power of two to 128 bits with the top bit set, rounded up.
///
/// Computed at first use, by exact integer arithmetic, in a fraction of a millisecond.
let powersOfTen128: [UInt128] = {
    var powers: [UInt128] = []
    // Downwards from 2^1216: cutting at each division by ten leaves ⌊2^1216 / 10^n⌋, of which 247 bits or more remain.
    var number = [UInt64](repeating: 0, count: 20)
    number[19] = 1
    for _ in 0..<(0 - leastPowerOfTen) {
        var remainder: UInt64 = 0
        for i in number.indices.reversed() {
            (number[i], remainder) = UInt64(10).dividingFullWidth((remainder, number[i]))
        }
        powers.append(leadingBits(number) + 1)  // no power of two is a multiple of 10^n, so there always is a rest
    }
    powers.reverse()
    // Upwards from 1: 10^324 has 1,077 bits.
    number = [UInt64](repeating: 0, count: 20)
    number[0] = 1
    for _ in 0...greatestPowerOfTen {
        powers.append(leadingBits(number) + (hasBitsBelowLeading(number) ? 1 : 0))
        var carry: UInt64 = 0
        for i in number.indices {
            let product = number[i].multipliedFullWidth(by: 10)
            let (sum, overflow) = product.low.addingReportingOverflow(carry)
            number[i] = sum
            carry = product.high + (overflow ? 1 : 0)
        }
    }
    return powers
}()

/// The 128 bits of a number (least significant word first) from its top set bit on.
private func leadingBits(_ number: [UInt64]) -> UInt128 {
    let top = number.lastIndex { $0 != 0 } ?? 0
    let shift = UInt128(number[top].leadingZeroBitCount)
    func word(_ below: Int) -> UInt128 { top >= below ? UInt128(number[top - below]) : 0 }
    return (word(0) << 64 | word(1)) << shift | (word(2) << shift) >> 64
}

/// Whether a bit is set below the 128 that `leadingBits` returns.
private func hasBitsBelowLeading(_ number: [UInt64]) -> Bool {
    let top = number.lastIndex { $0 != 0 } ?? 0
    let bits = top * 64 + 64 - number[top].leadingZeroBitCount
    let lowestSet = number.firstIndex { $0 != 0 } ?? 0
    return lowestSet * 64 + number[lowestSet].trailingZeroBitCount < bits - 128
}
