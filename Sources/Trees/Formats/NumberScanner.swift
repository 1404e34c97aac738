// Numbers of a text, straight to the type that the model needs. A decimal is rounded once, to the nearest Float or
// Double: a Float by way of Double would be rounded twice, and a threshold in doubt would move to its neighbour.
//
// The fast path: a significand below 2^53 and a power of ten up to 22 are exact Doubles, so one multiplication or
// division rounds once. Float still goes this way where that is safe: unless the Double lies exactly between two
// Floats. Those cases, and all others, go to the C library.
import Glibc

/// Exact powers of ten.
private let powersOfTen: InlineArray<23, Double> = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
    1e20, 1e21, 1e22,
]

/// Reads numbers from a text; nil leaves `position` at the byte that does not fit.
struct NumberScanner {
    let text: UnsafeBufferPointer<UInt8>
    var position: Int
    let maximumBytes: Int

    @inline(__always)
    private var current: UInt8 { position < text.count ? text[position] : 0 }

    @inline(__always)
    mutating func skipSpace() {
        while position < text.count {
            let byte = text[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position &+= 1
        }
    }

    /// The number that a whole text is; nil where it is none, or has more.
    static func whole<Value>(_ text: String, _ scan: (inout NumberScanner) -> Value?) -> Value? {
        var text = text
        return text.withUTF8 { utf8 in
            var scanner = NumberScanner(text: utf8, position: 0, maximumBytes: utf8.count)
            guard let value = scan(&scanner), scanner.position == utf8.count else { return nil }
            return value
        }
    }

    /// true is 1, false is 0.
    @inline(__always)
    mutating func flagOrInteger() -> Int? {
        if current >= UInt8(ascii: "f") {
            if literal("true") { return 1 }
            if literal("false") { return 0 }
        }
        return integer()
    }

    mutating func integer() -> Int? {
        let negative = current == UInt8(ascii: "-")
        if negative { position &+= 1 }
        let start = position
        var value = 0
        while current &- 48 < 10 {
            // Eighteen digits cannot overflow.
            guard position &- start < 18 else { return nil }
            value = value &* 10 &+ Int(current &- 48)
            position &+= 1
        }
        let digits = position &- start
        guard digits > 0, digits == 1 || text[start] != UInt8(ascii: "0") else { return nil }
        switch current {
        case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
        default: return negative ? -value : value
        }
    }

    mutating func float() -> Float? {
        let start = position
        if current &- 48 >= 10, let special = special() { return Float(special) }
        guard let decimal = signedDecimal() else { return nil }
        // The 29 bits that Float drops; exactly half is the doubtful case.
        if let value = decimal.exact, value.bitPattern & 0x1FFF_FFFF != 0x1000_0000 { return Float(value) }
        return token(from: start) { strtof($0, nil) }
    }

    mutating func double() -> Double? {
        let start = position
        if current &- 48 >= 10, let special = special() { return special }
        guard let decimal = signedDecimal() else { return nil }
        return decimal.exact ?? decimal.nearest ?? token(from: start) { strtod($0, nil) }
    }

    /// The token again, for the C library: a copy that ends in NUL.
    private func token<Value>(from start: Int, _ body: (UnsafePointer<CChar>) -> Value) -> Value {
        let count = position - start
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { copy in
            for index in 0..<count { copy[index] = CChar(bitPattern: text[start + index]) }
            copy[count] = 0
            return body(UnsafePointer(copy.baseAddress!))
        }
    }

    private struct Decimal {
        var significand: UInt64 = 0
        /// Significant digits; past 19 the significand is not whole.
        var digits = 0
        var exponent = 0
        var isNegative = false

        /// The nearest Double, where one operation on exact numbers gives it.
        @inline(__always)
        var exact: Double? {
            guard digits <= 19, significand <= 1 << 53, abs(exponent) <= 22 else { return nil }
            let whole = Double(significand)
            let value = exponent < 0 ? whole / powersOfTen[-exponent] : whole * powersOfTen[exponent]
            return isNegative ? -value : value
        }

        /// The nearest Double, where whole numbers give it.
        var nearest: Double? {
            guard digits <= 19 else { return nil }
            let value = nearestDouble(significand: significand, exponent: exponent)
            return isNegative ? value.map { -$0 } : value
        }
    }

    /// A decimal with its sign, of a bounded length.
    @inline(__always)
    private mutating func signedDecimal() -> Decimal? {
        let start = position
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { position &+= 1 }
        guard var decimal = decimal(), position &- start <= maximumBytes else { return nil }
        decimal.isNegative = isNegative
        return decimal
    }

    /// digits [. digits] [e [+-] digits], as JSON writes them.
    @inline(__always)
    private mutating func decimal() -> Decimal? {
        var decimal = Decimal()
        let start = position
        digits(into: &decimal)
        let whole = position &- start
        guard whole > 0, whole == 1 || text[start] != UInt8(ascii: "0") else { return nil }
        if current == UInt8(ascii: ".") {
            position &+= 1
            let fraction = position
            digits(into: &decimal)
            guard position > fraction else { return nil }
            decimal.exponent &-= position &- fraction
        }
        if current | 0x20 == UInt8(ascii: "e") {
            position &+= 1
            let negative = current == UInt8(ascii: "-")
            if negative || current == UInt8(ascii: "+") { position &+= 1 }
            let first = position
            var exponent = 0
            while current &- 48 < 10 {
                exponent = min(exponent &* 10 &+ Int(current &- 48), 1_000_000)
                position &+= 1
            }
            guard position > first else { return nil }
            decimal.exponent &+= negative ? -exponent : exponent
        }
        return decimal
    }

    @inline(__always)
    private mutating func digits(into decimal: inout Decimal) {
        while current &- 48 < 10 {
            let digit = UInt64(current &- 48)
            if decimal.digits > 0 || digit > 0 {
                decimal.digits &+= 1
                if decimal.digits <= 19 { decimal.significand = decimal.significand &* 10 &+ digit }
            }
            position &+= 1
        }
    }

    /// The names that XGBoost writes for what JSON has no number for.
    private mutating func special() -> Double? {
        if literal("NaN") { return .nan }
        if literal("Infinity") { return .infinity }
        if literal("-Infinity") { return -.infinity }
        return nil
    }

    private mutating func literal(_ name: StaticString) -> Bool {
        guard current == name.utf8Start.pointee, text.count - position >= name.utf8CodeUnitCount else { return false }
        for index in 0..<name.utf8CodeUnitCount where text[position + index] != name.utf8Start[index] { return false }
        position += name.utf8CodeUnitCount
        return true
    }
}
