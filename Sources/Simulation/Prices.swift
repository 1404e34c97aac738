// From euros to the minor units of a currency, with the endings that prices have.

enum Prices {
    /// - Parameter draw: In [0, 1), chooses the ending.
    static func minorUnits(euros: Double, of country: Country, isMetered: Bool, draw: Double) -> Int64 {
        let major = euros * country.unitsPerEuro
        switch country.minorDigits {
        case 0:
            let units = Int64(major.rounded())
            if isMetered { return max(units, 1) }
            return max(draw < 0.6 ? units / 10 * 10 : units / 100 * 100, 100)
        case 3:
            let units = Int64((major * 1_000).rounded())
            if isMetered { return max(units / 5 * 5, 5) }
            return max(draw < 0.6 ? units / 50 * 50 : units / 250 * 250, 50)
        default:
            let units = Int64((major * 100).rounded())
            if isMetered || draw >= 0.75 { return max(units, 1) }
            let whole = units / 100 * 100
            if draw < 0.40 { return whole + 99 }
            if draw < 0.55 { return whole + 50 }
            return max(whole, 100)
        }
    }
}
