// Checked integer arithmetic, conversions between numbers, and numbers from and to text. A result that the type cannot
// hold is an error, never a wrapped or a clamped value.

enum Arithmetic {
    /// The operations of two numbers, of which only integers can fail.
    static func apply(_ code: Code, _ a: UInt64, _ b: UInt64) -> Slot {
        let x = Int64(bitPattern: a)
        let y = Int64(bitPattern: b)
        switch code {
        case .addInt: return checked(x.addingReportingOverflow(y))
        case .subtractInt: return checked(x.subtractingReportingOverflow(y))
        case .multiplyInt: return checked(x.multipliedReportingOverflow(by: y))
        case .divideInt: return y == 0 ? Slot(failure: .divisionByZero) : checked(x.dividedReportingOverflow(by: y))
        case .remainderInt:
            return y == 0 ? Slot(failure: .divisionByZero) : checked(x.remainderReportingOverflow(dividingBy: y))
        case .addUInt: return checked(a.addingReportingOverflow(b))
        case .subtractUInt: return checked(a.subtractingReportingOverflow(b))
        case .multiplyUInt: return checked(a.multipliedReportingOverflow(by: b))
        case .divideUInt: return b == 0 ? Slot(failure: .divisionByZero) : Slot(uint: a / b)
        case .remainderUInt: return b == 0 ? Slot(failure: .divisionByZero) : Slot(uint: a % b)
        default: preconditionFailure("\(code) is no operation of two integers")
        }
    }

    private static func checked(_ result: (partialValue: Int64, overflow: Bool)) -> Slot {
        result.overflow ? Slot(failure: .overflow) : Slot(int: result.partialValue)
    }

    private static func checked(_ result: (partialValue: UInt64, overflow: Bool)) -> Slot {
        result.overflow ? Slot(failure: .overflow) : Slot(uint: result.partialValue)
    }

    /// The operations of one number.
    static func apply(_ code: Code, _ a: UInt64) -> Slot {
        let int = Int64(bitPattern: a)
        let double = Double(bitPattern: a)
        switch code {
        case .negateInt: return checked(Int64(0).subtractingReportingOverflow(int))
        case .negateDouble: return Slot(double: -double)
        case .uintToDouble: return Slot(double: Double(a))
        case .uintToInt: return a <= UInt64(Int64.max) ? Slot(uint: a) : Slot(failure: .outOfRange)
        case .intToUInt: return int >= 0 ? Slot(int: int) : Slot(failure: .outOfRange)
        case .doubleToInt:
            // CEL refuses both ends, which a double cannot tell from their neighbours outside. NaN fails both.
            return double > -0x1p63 && double < 0x1p63 ? Slot(int: Int64(double)) : Slot(failure: .outOfRange)
        case .doubleToUInt:
            return double > -1 && double < 0x1p64 ? Slot(uint: UInt64(double)) : Slot(failure: .outOfRange)
        case .timestampToInt: return Slot(int: Int64(Int(int).flooredDivision(by: 1_000_000_000)))
        case .intToTimestamp: return checked(int.multipliedReportingOverflow(by: 1_000_000_000))
        default: preconditionFailure("\(code) is no operation of one number")
        }
    }
}

/// Numbers and truth values from and to text.
enum TextConversion {
    /// No number, time or truth value is longer.
    static let longestFormat = 40
    /// Longer texts are no numbers.
    static let longestNumber = 400

    static func int(_ text: Span<UInt8>) -> Slot {
        let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
        let hasSign = isNegative || (text.count > 0 && text[0] == UInt8(ascii: "+"))
        let magnitude = digits(text.extracting((hasSign ? 1 : 0)..<text.count))
        guard magnitude.state == .present else { return magnitude }
        if isNegative {
            guard magnitude.bits <= 1 << 63 else { return Slot(failure: .outOfRange) }
            return Slot(bits: 0 &- magnitude.bits, state: .present)
        }
        return magnitude.bits < 1 << 63 ? magnitude : Slot(failure: .outOfRange)
    }

    static func uint(_ text: Span<UInt8>) -> Slot { digits(text) }

    private static func digits(_ text: Span<UInt8>) -> Slot {
        guard text.count > 0 else { return Slot(failure: .malformedText) }
        var value: UInt64 = 0
        var overflowed = false
        for index in text.indices {
            guard text[index].isDigit else { return Slot(failure: .malformedText) }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(text[index] - UInt8(ascii: "0")))
            overflowed = overflowed || tooLarge || carried
            value = sum
        }
        return overflowed ? Slot(failure: .outOfRange) : Slot(uint: value)
    }

    static func double(_ text: Span<UInt8>) -> Slot {
        guard text.count <= longestNumber, let value = Double(Bytes.string(text)) else {
            return Slot(failure: .malformedText)
        }
        return Slot(double: value)
    }

    static func bool(_ text: Span<UInt8>) -> Slot {
        switch Bytes.string(text) {
        case "1", "t", "T", "true", "True", "TRUE": Slot(bool: true)
        case "0", "f", "F", "false", "False", "FALSE": Slot(bool: false)
        default: Slot(failure: .malformedText)
        }
    }

    static func append(_ value: Int64, to bytes: inout [UInt8]) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        append(magnitude: value.magnitude, to: &bytes)
    }

    static func append(magnitude value: UInt64, to bytes: inout [UInt8]) {
        var divisor: UInt64 = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// The shortest digits that give the same double; a whole number has no point.
    static func append(_ value: Double, to bytes: inout [UInt8]) {
        let text = value.isNaN ? "NaN" : value == .infinity ? "+Inf" : value == -.infinity ? "-Inf" : value.description
        for byte in (text.hasSuffix(".0") ? text.dropLast(2) : Substring(text)).utf8 { bytes.append(byte) }
    }
}
