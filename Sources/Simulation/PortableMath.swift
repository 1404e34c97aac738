// Logarithm and exponential from the four basic operations, which IEEE 754 rounds alike everywhere. The library's own
// log and exp differ in the last bit between machines, and one such bit would make another payment of the same seed.

enum PortableMath {
    private static let naturalLogOfTwo = 0.693147180559945309417232

    /// ln x of a positive, finite x, to about 1e-15: x = m × 2^e with m near 1, and ln m = 2 artanh((m − 1) / (m + 1)).
    static func log(_ x: Double) -> Double {
        precondition(x > 0 && x.isFinite, "log of \(x)")
        var exponent = Double(x.exponent)
        var mantissa = x.significand
        if mantissa > 1.4142135623730951 {
            mantissa /= 2
            exponent += 1
        }
        let s = (mantissa - 1) / (mantissa + 1)
        let square = s * s
        var sum = 1.0 / 19
        for denominator in stride(from: 17.0, through: 1, by: -2) { sum = sum * square + 1 / denominator }
        return exponent * naturalLogOfTwo + 2 * s * sum
    }

    /// e to the x, to about 1e-15; x is held within ±700, where the result is finite and normal.
    static func exp(_ x: Double) -> Double {
        let x = min(max(x, -700), 700)
        let k = (x / naturalLogOfTwo).rounded()
        let r = x - k * naturalLogOfTwo
        var sum = 1.0
        for n in stride(from: 13.0, through: 1, by: -1) { sum = 1 + sum * r / n }
        return Double(sign: .plus, exponent: Int(k), significand: sum)
    }
}
