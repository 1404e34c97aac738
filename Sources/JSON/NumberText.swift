// Numbers as JSON writes them here: integral values in plain digits ("5"), others as decimals while that is short
// ("0.0412"), else with an exponent ("6.02e23", "1e-7"). Always the shortest digits that read back as the same bits.

/// Appends the shortest text that reads back as `value`, bit for bit; `null` for NaN and the infinities.
///
/// Integral values below 10^15 are written in plain digits, so "5", not "5.0"; minus zero is "-0".
/// - Complexity: O(1). Allocates nothing but growth of `bytes`.
public func appendShortest(_ value: Double, to bytes: inout [UInt8]) {
    bytes.append(addingCapacity: maximumNumberBytes) { $0.appendShortest(value) }
}

/// Appends the shortest text that reads back as `value` in `Float`, bit for bit; `null` for NaN and the infinities.
///
/// Integral values up to 2^24, where every integer is a `Float`, are written in plain digits.
/// - Complexity: O(1). Allocates nothing but growth of `bytes`.
public func appendShortest(_ value: Float, to bytes: inout [UInt8]) {
    bytes.append(addingCapacity: maximumNumberBytes) { $0.appendShortest(value) }
}

/// The most leading zeros behind "0." before a number is written with an exponent.
private let maximumLeadingZeros = 5

/// The longest text: sign, 17 digits, point, and either `maximumLeadingZeros` and a zero or "e-324".
let maximumNumberBytes = 32

@inline(__always)
private func removeTrailingZeros(_ digits: inout UInt64, _ exponent: inout Int) {
    let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: 100_000_000)
    if remainder == 0 {
        digits = quotient
        exponent &+= 8
    }
    while true {
        let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: 10)
        guard remainder == 0 else { return }
        digits = quotient
        exponent &+= 1
    }
}

/// How many decimal digits `number` has; 1 for 0.
@inline(__always)
func digitCount(_ number: UInt64) -> Int {
    var count = 1
    var rest = number
    while rest >= 10_000 {
        rest /= 10_000
        count &+= 4
    }
    return count &+ (rest >= 10 ? 1 : 0) &+ (rest >= 100 ? 1 : 0) &+ (rest >= 1000 ? 1 : 0)
}

extension OutputSpan<UInt8> {
    /// Appends the shortest text of `value`, or `null`: at most `maximumNumberBytes`.
    @_lifetime(self: copy self)
    mutating func appendShortest(_ value: Double) {
        guard value.isFinite else { return appendNull() }
        let isNegative = value.sign == .minus
        let magnitude = value.magnitude
        if magnitude < 1e15, magnitude.rounded(.towardZero) == magnitude {
            return appendInteger(UInt64(magnitude), isNegative)
        }
        let significand = value.significandBitPattern
        let exponent = Int(value.exponentBitPattern)
        let isSubnormal = exponent == 0
        let decimal = shortestDecimal(
            isSubnormal ? significand : significand | 1 << 52, max(exponent, 1) &- 1075,
            isLowerGapHalf: significand == 0 && exponent > 1)
        append(decimal, isNegative)
    }

    /// The same for `Float`.
    @_lifetime(self: copy self)
    mutating func appendShortest(_ value: Float) {
        guard value.isFinite else { return appendNull() }
        let isNegative = value.sign == .minus
        let magnitude = value.magnitude
        if magnitude <= 0x1p24, magnitude.rounded(.towardZero) == magnitude {
            return appendInteger(UInt64(magnitude), isNegative)
        }
        let significand = value.significandBitPattern
        let exponent = Int(value.exponentBitPattern)
        let isSubnormal = exponent == 0
        let decimal = shortestDecimal(
            UInt64(isSubnormal ? significand : significand | 1 << 23), max(exponent, 1) &- 150,
            isLowerGapHalf: significand == 0 && exponent > 1)
        append(decimal, isNegative)
    }

    @_lifetime(self: copy self)
    private mutating func appendNull() {
        for letter in "null".utf8 { append(letter) }
    }

    @_lifetime(self: copy self)
    private mutating func appendInteger(_ magnitude: UInt64, _ isNegative: Bool) {
        if isNegative { append(UInt8(ascii: "-")) }
        appendDigits(of: magnitude)
    }

    @_lifetime(self: copy self)
    private mutating func append(_ decimal: Decimal, _ isNegative: Bool) {
        var (digits, exponent) = (decimal.digits, decimal.exponent)
        removeTrailingZeros(&digits, &exponent)
        let count = digitCount(digits)
        let point = count &+ exponent  // the value is 0.digits · 10^point
        if isNegative { append(UInt8(ascii: "-")) }
        if point > 0 && point < count {
            appendDigits(of: digits, count, pointAfter: point)
        } else if point <= 0 && point >= 0 &- maximumLeadingZeros {
            append(UInt8(ascii: "0"))
            append(UInt8(ascii: "."))
            append(repeating: UInt8(ascii: "0"), count: 0 &- point)
            appendDigits(of: digits, count, pointAfter: count)
        } else {
            appendDigits(of: digits, count, pointAfter: 1)
            append(UInt8(ascii: "e"))
            if point <= 0 { append(UInt8(ascii: "-")) }
            appendDigits(of: UInt64((point &- 1).magnitude))
        }
    }

    /// Appends `number` in decimal.
    @_lifetime(self: copy self)
    mutating func appendDigits(of number: UInt64) {
        let count = digitCount(number)
        appendDigits(of: number, count, pointAfter: count)
    }

    /// Appends the `count` decimal digits of `number`, with a point after the first `pointAfter` unless all stand there.
    @_lifetime(self: copy self)
    mutating func appendDigits(of number: UInt64, _ count: Int, pointAfter: Int) {
        let pointCount = pointAfter < count ? 1 : 0
        precondition(count &+ pointCount <= freeCapacity, "\(count) digits into \(freeCapacity) bytes")
        withUnsafeMutableBufferPointer { buffer, initializedCount in
            guard let base = buffer.baseAddress else { return }
            let start = base + initializedCount
            // The digits behind the point and those before it, each from its last one back.
            var rest = number
            if pointCount == 1 {
                rest = writeDigits(rest, count &- pointAfter, endingAt: start + (count &+ 1))
                start[pointAfter] = UInt8(ascii: ".")
            }
            _ = writeDigits(rest, min(pointAfter, count), endingAt: start + min(pointAfter, count))
            initializedCount &+= count &+ pointCount
        }
    }
}

/// Writes the last `count` decimal digits of `number` so that they end before `end`; returns what stands before them.
@inline(__always)
private func writeDigits(_ number: UInt64, _ count: Int, endingAt end: UnsafeMutablePointer<UInt8>) -> UInt64 {
    var rest = number
    var place = end
    for _ in 0..<count &>> 1 {  // two at a time: half as many divisions
        let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
        let tens = (pair &* 205) >> 11  // pair / 10, for less than 100
        place -= 2
        place[0] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: tens)
        place[1] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: pair &- tens &* 10)
        rest = quotient
    }
    if count & 1 == 1 {
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        (place - 1)[0] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
        rest = quotient
    }
    return rest
}
