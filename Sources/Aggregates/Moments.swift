// Sums that are exact, whatever the order: of integers as they are, of doubles as multiples of 2^-64. So a value may
// enter a sum and leave it again without a trace, and equal payments give equal bits. Rounded once, when they are read.
//
// A double of 2^-12 (0.00025) or more in magnitude is such a multiple already; a smaller one is rounded to the nearest
// (an error of at most 2^-65), and one beyond 2^47 (1.4e14) counts as 2^47. Limits: 2^15 values; sums then stay within
// 2^126, squares below 2^239.

/// Whether a measure's 64 bits are an `Int64` or a `Double`.
public enum MeasureKind: UInt8, Sendable, Hashable {
    case int
    /// Never -0.0, whose bits are those of `Aggregates.missingMeasure`; one that is not a number counts as missing.
    case double
}

extension MeasureKind {
    /// Doubles are multiples of this.
    static var resolution: Double { 0x1p-64 }
    static var largestDouble: Double { 0x1p47 }

    /// The value in units of the kind.
    @inline(__always)
    func units(_ value: Int64) -> Int128 {
        switch self {
        case .int: Int128(value)
        case .double: Self.units(Double(bitPattern: UInt64(bitPattern: value)))
        }
    }

    static func units(_ value: Double) -> Int128 {
        let clamped = min(max(value, -largestDouble), largestDouble)
        let magnitude = clamped.magnitude
        // Adding and taking away 1.5 * 2^52 rounds what is below 2^52 to an integer, halves to even.
        if magnitude < 0x1p-12 { return Int128(Int64(clamped * 0x1p64 + 0x1.8p52 - 0x1.8p52)) }
        // The significand's 53 bits are an integer; its unit is 2^(exponent - 52).
        let bits = Int128(magnitude.significandBitPattern | 1 << 52) << Int128(magnitude.exponent + 12)
        return clamped < 0 ? -bits : bits
    }

    /// What came in, with what cannot be a measure made missing.
    @inline(__always)
    func normalized(_ value: Int64) -> Int64 {
        guard self == .double else { return value }
        return Double(bitPattern: UInt64(bitPattern: value)).isNaN ? Aggregates.missingMeasure : value
    }

    /// The smaller of two values.
    @inline(__always)
    func isLess(_ a: Int64, _ b: Int64) -> Bool {
        switch self {
        case .int: a < b
        case .double: Double(bitPattern: UInt64(bitPattern: a)) < Double(bitPattern: UInt64(bitPattern: b))
        }
    }

    /// The value as a double, rounded if it is an integer beyond 2^53.
    @inline(__always)
    func double(_ value: Int64) -> Double {
        self == .int ? Double(value) : Double(bitPattern: UInt64(bitPattern: value))
    }

    func value(_ bits: Int64) -> HistoryValue {
        HistoryValue(bits: UInt64(bitPattern: bits), kind: self == .int ? .int : .double)
    }

    /// A sum as an answer: an integer saturates.
    func sum(_ units: Int128) -> HistoryValue {
        switch self {
        case .int: .int(Int64(clamping: units))
        case .double: .double(rounded(units) * Self.resolution)
        }
    }

    /// The exact sum rounded once, over the number of values; missing of none.
    func mean(_ units: Int128, count: Int) -> HistoryValue {
        if count == 0 { return .missing }
        let sum = rounded(units)
        return .double((self == .int ? sum : sum * Self.resolution) / Double(count))
    }

    /// The population's standard deviation of exact sums; missing below two values.
    func standardDeviation(_ units: Int128, squares: WideSquares, count: Int) -> HistoryValue {
        if count < 2 { return .missing }
        let spread = squares.spread(count: count, sum: units)
        let deviation = spread.squareRoot() / Double(count)
        return .double(self == .int ? deviation : deviation * Self.resolution)
    }
}

/// The nearest double, as the library's conversion, which takes ten times as long.
@inline(__always)
func rounded(_ value: Int128) -> Double {
    let word = Int64(truncatingIfNeeded: value)
    if Int128(word) == value { return Double(word) }
    return value < 0 ? -rounded(value.magnitude) : rounded(value.magnitude)
}

func rounded(_ value: UInt128) -> Double {
    let high = UInt64(truncatingIfNeeded: value &>> 64)
    if high == 0 { return Double(UInt64(truncatingIfNeeded: value)) }
    // The topmost 64 bits, the last of them set if any below it is: a double has 53, so it is rounded alike.
    let shift = 64 - UInt128(high.leadingZeroBitCount)
    let top = UInt64(truncatingIfNeeded: value &>> shift)
    let isRest = value & ((1 &<< shift) &- 1) != 0
    return Double(top | (isRest ? 1 : 0)) * Double(bitPattern: UInt64(1_023 &+ UInt64(shift)) &<< 52)
}

/// A sum of squares in 256 bits.
struct WideSquares: Sendable, Equatable {
    var low: UInt128 = 0
    var high: UInt128 = 0

    mutating func add(_ units: Int128) {
        let square = units.magnitude.multipliedFullWidth(by: units.magnitude)
        let (sum, carry) = low.addingReportingOverflow(square.low)
        low = sum
        high &+= square.high &+ (carry ? 1 : 0)
    }

    mutating func remove(_ units: Int128) {
        let square = units.magnitude.multipliedFullWidth(by: units.magnitude)
        let (difference, borrow) = low.subtractingReportingOverflow(square.low)
        low = difference
        high &-= square.high &+ (borrow ? 1 : 0)
    }

    /// count * squares - sum * sum, which is count² times the variance: exact, then rounded.
    func spread(count: Int, sum: Int128) -> Double {
        let product = low.multipliedFullWidth(by: UInt128(count))
        let productHigh = high &* UInt128(count) &+ product.high
        let square = sum.magnitude.multipliedFullWidth(by: sum.magnitude)
        let (difference, borrow) = product.low.subtractingReportingOverflow(square.low)
        let differenceHigh = productHigh &- square.high &- (borrow ? 1 : 0)
        return rounded(differenceHigh) * 0x1p128 + rounded(difference)
    }
}
