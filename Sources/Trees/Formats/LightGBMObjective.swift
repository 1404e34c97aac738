// LightGBM's objectives that are scored, by the `objective=` line: a name, and for some a parameter such as `sigmoid:1`.

enum LightGBMObjective {
    static let supported = """
        binary, cross_entropy, lambdarank, rank_xendcg, regression, regression_l1, huber, fair, quantile, mape, custom
        """

    /// The prediction is the margin.
    private static let identities: Set = [
        "lambdarank", "rank_xendcg", "regression", "regression_l1", "huber", "fair", "quantile", "mape", "custom",
        "none",
    ]

    /// - Parameter line: What follows `objective=`; nil where a model has no such line, since it was trained with a
    ///   loss of the caller's own.
    /// - Returns: nil for what is not scored.
    static func parse(_ line: String?) -> Objective? {
        guard let line else { return Objective(name: "custom", link: .identity) }
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        let name = String(words[0])
        switch (name, words.count) {
        case ("binary", 2):
            guard words[1].hasPrefix("sigmoid:"), let slope = slope(words[1].dropFirst(8)) else { return nil }
            return Objective(name: name, link: .logistic(slope: slope))
        case ("cross_entropy", 1), ("xentropy", 1): return Objective(name: name, link: .logistic(slope: 1))
        case (_, 1): return identities.contains(name) ? Objective(name: name, link: .identity) : nil
        default: return nil
        }
    }

    /// A positive decimal as the library reads this one: digit by digit in Double, the whole and the fraction apart, so
    /// that the last bit is not always that of the nearest Double.
    private static func slope(_ text: Substring) -> Double? {
        var rest = text.utf8[...]
        var value = 0.0
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        func takeDigits(_ body: (Double) -> Void) -> Int {
            var count = 0
            while let byte = rest.first, digits.contains(byte), count < 400 {
                body(Double(byte - digits.lowerBound))
                rest = rest.dropFirst()
                count += 1
            }
            return count
        }
        guard takeDigits({ value = value * 10 + $0 }) > 0 else { return nil }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            var fraction = 0.0
            let count = takeDigits { fraction = fraction * 10 + $0 }
            guard count > 0 else { return nil }
            value += fraction / power(count)
        }
        if rest.first == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            let isNegative = rest.first == UInt8(ascii: "-")
            guard isNegative || rest.first == UInt8(ascii: "+") else { return nil }
            rest = rest.dropFirst()
            var exponent = 0
            guard takeDigits({ exponent = min(exponent * 10 + Int($0), 400) }) > 0 else { return nil }
            value = isNegative ? value / power(exponent) : value * power(exponent)
        }
        return rest.isEmpty && value > 0 && value.isFinite ? value : nil
    }

    private static func power(_ exponent: Int) -> Double { (0..<exponent).reduce(1) { power, _ in power * 10 } }
}
