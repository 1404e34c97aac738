// How a trainer's library reads a row: what it does to a value before it compares, how it compares, and which way a
// missing value or an unlisted category goes. Every loader translates its file into these few rules, so that one plain
// engine, one set of compiled forms and one explanation serve all formats.

/// The library whose arithmetic a forest keeps.
public enum Dialect: String, Sendable {
    case xgboost = "XGBoost"
    case lightgbm = "LightGBM"
    case catboost = "CatBoost"

    /// LightGBM takes values this near to 0 for 0: `kZeroThreshold` of its meta.h, a Float.
    static var zeroThreshold: Double { Double(1e-35 as Float) }

    /// Whether values and thresholds are Floats; otherwise they are Doubles.
    var isSingle: Bool { self != .lightgbm }

    /// The value that is compared: narrowed to the library's type, what it takes for zero made zero.
    @inline(__always)
    func normalize(_ value: Double) -> Double {
        switch self {
        case .xgboost, .catboost: Double(Float(value))
        case .lightgbm: abs(value) <= Self.zeroThreshold ? 0 : value
        }
    }

    /// XGBoost sends equals to the right, the others to the left. Neither value is NaN.
    @inline(__always)
    func goesRight(_ value: Double, threshold: Double) -> Bool {
        self == .xgboost ? value >= threshold : value > threshold
    }

    /// Whether the categories that a split lists go right; those that it doesn't then go left.
    var listedGoRight: Bool { self == .xgboost }

    /// The category that a normalised value stands for, or nil where it is none and counts as not listed.
    ///
    /// XGBoost knows 0 to 2^24, LightGBM whatever an Int32 holds; both cut off fractions, so to LightGBM -0.5 is 0.
    @inline(__always)
    func category(_ value: Double) -> Int? {
        let isCategory = self == .lightgbm ? value > -1 && value < 2_147_483_648 : value >= 0 && value < 16_777_216
        return isCategory ? Int(value) : nil
    }
}

/// What a split does with a value that is missing. Splits by category take `left` and `right` only.
enum MissingRule: UInt8, Sendable {
    case left
    case right
    /// NaN is compared as 0.
    case zero
    /// 0 counts as missing too, and both go left.
    case zeroLeft
    case zeroRight

    /// nil: the value is compared, `compared` in the case of `zero`.
    @inline(__always)
    func isRight(_ value: Double) -> Bool? {
        switch self {
        case .left: value.isNaN ? false : nil
        case .right: value.isNaN ? true : nil
        case .zero: nil
        case .zeroLeft: value.isNaN || value == 0 ? false : nil
        case .zeroRight: value.isNaN || value == 0 ? true : nil
        }
    }
}

/// From the leaves of a row to its margin, in the library's own order.
struct Summation: Sendable {
    /// Float or Double sums.
    var isSingle: Bool
    /// What the sum begins with.
    var start = 0.0
    /// Of CatBoost: margin = sum × scale + bias. Of XGBoost before 1.3, which added the base last: sum + bias, in Float.
    var scale = 1.0
    var bias = 0.0

    @inline(__always)
    func margin(ofSum sum: Double) -> Double {
        if scale == 1 && bias == 0 { return sum }
        return isSingle ? Double(Float(sum) + Float(bias)) : sum * scale + bias
    }
}
