// Numbers. One scan validates the grammar and gathers up to 19 digits; from there an integer is exact or said not to be
// one, and a double is correctly rounded: by one exact multiplication or division where mantissa and power of ten are
// both doubles (Clinger, "How to read floating point numbers accurately", PLDI 1990, doi:10.1145/93542.93557), by the
// C library's strtod for the rest.

import Glibc

/// A number as it was scanned: its value is ±mantissa · 10^exponent, unless digits were left out.
struct ScannedNumber {
    var mantissa: UInt64 = 0
    var exponent = 0
    var isNegative = false
    /// Digits only: neither point nor exponent.
    var isInteger = true
    /// More digits than `mantissa` can hold; `mantissa` and `exponent` are then not to be used.
    var hasMoreDigits = false
}

extension JSONReader {
    /// Digits that fit a `UInt64` whatever they are.
    static var digitsInMantissa: Int { 19 }
    /// Significant digits that can bear on how a double rounds; behind them only "something or nothing" counts.
    static var digitsThatMatter: Int { 770 }
    /// An exponent is not counted past this; any document is shorter, so its digits cannot bring it back.
    static var exponentBound: Int { 1 << 50 }

    /// The number that stands here, as an integer where it is one.
    public mutating func readInteger() throws(JSONError) -> JSONInteger {
        let byte = try nextByte()
        guard isNumberStart(byte) else { throw mismatch(.number, found: byte) }
        let number = try scanNumber()
        guard number.isInteger else { return .fraction }
        let limit = Int64.max.magnitude &+ (number.isNegative ? 1 : 0)
        guard !number.hasMoreDigits, number.mantissa <= limit else { return .outOfRange }  // no leading zeros here
        let value = Int64(bitPattern: number.mantissa)
        return .value(number.isNegative ? 0 &- value : value)
    }

    /// The number that stands here, rounded to the nearest double, ties to even; beyond the smallest it is zero.
    ///
    /// Past the largest double it throws `.numberOutOfRange`, with the reader before the number.
    public mutating func readDouble() throws(JSONError) -> Double {
        let byte = try nextByte()
        guard isNumberStart(byte) else { throw mismatch(.number, found: byte) }
        let start = offset
        let number = try scanNumber()
        if !number.hasMoreDigits, number.mantissa <= 1 << 53, number.exponent.magnitude <= 22 {
            let mantissa = Double(number.mantissa)
            let power = powersOfTen[Int(number.exponent.magnitude)]
            let value = number.exponent < 0 ? mantissa / power : mantissa * power
            return number.isNegative ? -value : value
        }
        let value = convert(from: start, to: offset)
        guard value.isFinite else {
            offset = start
            throw error(.numberOutOfRange)
        }
        return value
    }

    /// Validates the number at `offset`, which begins with a digit or '-', and steps behind it.
    mutating func scanNumber() throws(JSONError) -> ScannedNumber {
        let bytes = bytes
        var number = ScannedNumber()
        var i = offset
        if bytes[i] == UInt8(ascii: "-") {
            number.isNegative = true
            i &+= 1
        }
        let integerStart = i
        try scanDigits(at: &i, into: &number.mantissa)
        var digits = i &- integerStart
        if bytes[integerStart] == UInt8(ascii: "0"), digits > 1 {
            throw JSONError(offset: integerStart, reason: .leadingZero)
        }
        if i < bytes.count, bytes[i] == UInt8(ascii: ".") {
            number.isInteger = false
            i &+= 1
            let fractionStart = i
            try scanDigits(at: &i, into: &number.mantissa)
            number.exponent = fractionStart &- i
            digits &+= i &- fractionStart
        }
        if i < bytes.count, bytes[i] | 0x20 == UInt8(ascii: "e") {
            number.isInteger = false
            number.exponent &+= try scanExponent(at: &i)
        }
        number.hasMoreDigits = digits > Self.digitsInMantissa
        offset = i
        return number
    }

    @inline(__always)
    private func isNumberStart(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "-")
    }

    /// Adds one or more digits to `mantissa`, wrapping past `digitsInMantissa`.
    @inline(__always)
    private func scanDigits(at i: inout Int, into mantissa: inout UInt64) throws(JSONError) {
        let bytes = bytes
        let start = i
        while i < bytes.count {
            let digit = bytes[i] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            i &+= 1
        }
        if i == start {
            throw JSONError(offset: i, reason: i == bytes.count ? .unexpectedEnd : .expectedDigit)
        }
    }

    /// The exponent whose letter stands at `i`, held at `exponentBound` when its digits say more.
    private func scanExponent(at i: inout Int) throws(JSONError) -> Int {
        i &+= 1
        var isNegative = false
        if i < bytes.count, bytes[i] == UInt8(ascii: "-") || bytes[i] == UInt8(ascii: "+") {
            isNegative = bytes[i] == UInt8(ascii: "-")
            i &+= 1
        }
        guard i < bytes.count else { throw JSONError(offset: i, reason: .unexpectedEnd) }
        let start = i
        var exponent = 0
        while i < bytes.count {
            let digit = bytes[i] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            exponent = min(exponent &* 10 &+ Int(digit), Self.exponentBound)
            i &+= 1
        }
        guard i > start else { throw JSONError(offset: i, reason: .expectedDigit) }
        return isNegative ? 0 &- exponent : exponent
    }

    // MARK: - Slow path

    /// Converts the validated number of the range by strtod, from at most `digitsThatMatter` digits on the stack and
    /// one more that says whether anything but zeros was left out. No point is written, so no locale matters.
    @inline(never)
    private func convert(from start: Int, to end: Int) -> Double {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.digitsThatMatter + 40) { buffer in
            var text = StrtodText(buffer: buffer)
            var i = start
            if bytes[i] == UInt8(ascii: "-") {
                text.append(bytes[i])
                i &+= 1
            }
            var kept = 0
            var exponent = 0
            var isBehindPoint = false
            var leftOutSomething = false
            while i < end, bytes[i] | 0x20 != UInt8(ascii: "e") {
                let byte = bytes[i]
                i &+= 1
                if byte == UInt8(ascii: ".") {
                    isBehindPoint = true
                    continue
                }
                if isBehindPoint { exponent &-= 1 }
                if kept == Self.digitsThatMatter {
                    exponent &+= 1
                    leftOutSomething = leftOutSomething || byte != UInt8(ascii: "0")
                } else if kept > 0 || byte != UInt8(ascii: "0") {
                    text.append(byte)
                    kept &+= 1
                }
            }
            if leftOutSomething {
                text.append(UInt8(ascii: "1"))
                exponent &-= 1
            }
            if kept == 0 { text.append(UInt8(ascii: "0")) }
            // The grammar was validated, so this does not throw.
            if i < end { exponent &+= (try? scanExponent(at: &i)) ?? 0 }
            text.appendExponent(max(-100_000, min(100_000, exponent)))  // far past both ends of a double's range
            return text.converted()
        }
    }
}

/// A number on its way to strtod.
private struct StrtodText {
    let buffer: UnsafeMutableBufferPointer<CChar>
    var count = 0

    mutating func append(_ byte: UInt8) {
        buffer[count] = CChar(bitPattern: byte)
        count &+= 1
    }

    /// Six digits: what is far past the range of a double has no more.
    mutating func appendExponent(_ exponent: Int) {
        append(UInt8(ascii: "e"))
        append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        var divisor: UInt = 100_000
        while divisor > 0 {
            append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: exponent.magnitude / divisor % 10))
            divisor /= 10
        }
    }

    mutating func converted() -> Double {
        append(0)
        guard let start = buffer.baseAddress else { return 0 }
        return strtod(start, nil)
    }
}

/// The powers of ten that a double holds exactly, 10^0 to 10^22.
private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
]
