// How much a past payment still weighs: half as much a half-life later. Computed by additions and multiplications
// alone, so that every machine gives the same bits; no library's exponential is asked.

enum Decay {
    /// 2^(-age / halfLife), with a relative error below 4 * 2^-53; 0 beyond 1,000 half-lives.
    ///
    /// The whole half-lives are an exponent; of the rest, r in (-1/2, 1/2], 2^-r is the Taylor series of
    /// exp(-r ln 2), whose terms fall below 2^-55 after the fourteenth.
    ///
    /// - Precondition: `ageMicroseconds >= 0` and `halfLifeMicroseconds > 0`.
    static func factor(ageMicroseconds: Int64, halfLifeMicroseconds: Int64) -> Double {
        var (halvings, rest) = ageMicroseconds.quotientAndRemainder(dividingBy: halfLifeMicroseconds)
        if rest > halfLifeMicroseconds / 2 {
            rest -= halfLifeMicroseconds
            halvings += 1
        }
        if halvings > 1_000 { return 0 }
        let x = -Double(rest) / Double(halfLifeMicroseconds) * 0.693147180559945309417232121458
        var sum = 1.0
        var divisor = 14.0
        while divisor > 0 {
            sum = 1 + x * sum / divisor
            divisor -= 1
        }
        return sum * Double(bitPattern: UInt64(1_023 - halvings) << 52)
    }
}
