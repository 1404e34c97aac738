// significand × 10^exponent, rounded once to the nearest Double, by whole numbers alone: the seventeen digits that a
// trainer writes have too many bits for exact Doubles. 10^exponent is 5^exponent × 2^exponent; up to 5^27 fits 64 bits, so
// one wide product, or one wide division and its remainder, has every bit that rounding asks for.

/// Exact powers of five.
private let powersOfFive: InlineArray<28, UInt64> = {
    var powers = InlineArray<28, UInt64>(repeating: 1)
    for exponent in 1..<28 { powers[exponent] = powers[exponent - 1] * 5 }
    return powers
}()

/// The nearest Double, ties to even; nil where `exponent` is not within ±27.
///
/// - Complexity: O(1), some ten nanoseconds.
func nearestDouble(significand: UInt64, exponent: Int) -> Double? {
    guard abs(exponent) < powersOfFive.count else { return nil }
    guard significand != 0 else { return 0 }
    let five = powersOfFive[abs(exponent)]
    // The value is (high + something below one, not zero when `isInexact`) × 2^scale; the top bit of `high` is set.
    var high: UInt64
    var isInexact: Bool
    var scale: Int
    if exponent >= 0 {
        let product = significand.multipliedFullWidth(by: five)
        if product.high == 0 {
            let shift = product.low.leadingZeroBitCount
            (high, isInexact, scale) = (product.low << shift, false, exponent - shift)
        } else {
            let shift = product.high.leadingZeroBitCount
            high = product.high << shift | product.low >> (64 - shift)
            (isInexact, scale) = (product.low << shift != 0, exponent + 64 - shift)
        }
    } else {
        let significandShift = significand.leadingZeroBitCount
        let fiveShift = five.leadingZeroBitCount
        let dividend = significand << significandShift
        let divisor = five << fiveShift
        // Half the dividend, where its whole would give a quotient of 65 bits.
        let half = dividend >= divisor ? 1 : 0
        let parts = (high: dividend >> half, low: half == 1 ? dividend << 63 : 0)
        let (quotient, remainder) = divisor.dividingFullWidth(parts)
        (high, isInexact) = (quotient, remainder != 0)
        scale = exponent + fiveShift - significandShift - 64 + half
    }
    // 53 of the 64 bits stay.
    let dropped = high & 0x7FF
    high >>= 11
    let isUp = dropped > 0x400 || dropped == 0x400 && (isInexact || high & 1 == 1)
    // The bit before the point adds one to the exponent, and so does a round to the next power of two.
    let biased = UInt64(scale + 11 + 52 + 1023 - 1)
    return Double(bitPattern: biased << 52 + high + (isUp ? 1 : 0))
}
