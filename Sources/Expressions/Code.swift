// The operations of the machine. Control comes first, then what needs one present operand, then what needs two: the
// machine tells them apart by their order.

/// What an instruction does.
enum Code: UInt8, Sendable {
    // Control.
    /// A program begins: the arena of joined texts is empty, and the general evaluator may take extra steps.
    case begin
    /// target <- a
    case move
    /// A present false in a decides: target <- false, jump to extra.
    case andThen
    /// A present true in a decides: target <- true, jump to extra.
    case orElse
    /// target <- false where b is; otherwise the first of a and b that failed, or b.
    case conjunction
    case disjunction
    /// A false a jumps to extra; a failed a becomes the target and jumps to b.
    case branch
    /// Jump to extra.
    case jump
    /// target <- whether column a is present.
    case has
    /// target <- function extra of the b registers from target on.
    case callHost
    /// target <- general part extra, by the general evaluator.
    case evaluate

    // One operand.
    case not
    case negateInt
    case negateDouble
    case intToDouble
    case uintToDouble
    case textToDouble
    case uintToInt
    case doubleToInt
    case textToInt
    /// Whole seconds since 1970, downwards.
    case timestampToInt
    case intToUInt
    case doubleToUInt
    case textToUInt
    case textToBool
    /// Seconds since 1970.
    case intToTimestamp
    case intToText
    case uintToText
    case doubleToText
    case boolToText
    case timestampToText
    case durationToText
    /// Code points.
    case textSize
    /// Field `detail` in the zone that is extra seconds before UTC.
    case timestampField
    case durationField
    /// a is in list extra.
    case memberOfBits
    case memberOfDoubles
    case memberOfTexts
    /// a is in set extra of the provider.
    case memberOfSet

    // Two operands. `detail` of the comparisons is a three-way mask.
    case compareInt
    case compareUInt
    case compareDouble
    /// An int with a uint.
    case compareIntUInt
    /// A uint with an int.
    case compareUIntInt
    case compareText
    /// Texts, equal or not: lengths first.
    case equalText
    case addInt
    case subtractInt
    case multiplyInt
    case divideInt
    case remainderInt
    case addUInt
    case subtractUInt
    case multiplyUInt
    case divideUInt
    case remainderUInt
    case addDouble
    case subtractDouble
    case multiplyDouble
    case divideDouble
    case joinText
    case startsWith
    case endsWith
    case contains

    @inline(__always)
    var hasTwoOperands: Bool { rawValue >= Code.compareInt.rawValue }
}

/// The outcomes of a three-way comparison that make a relation true, one bit each.
struct Order: OptionSet, Sendable {
    let rawValue: UInt8

    static let less = Order(rawValue: 1)
    static let equal = Order(rawValue: 2)
    static let greater = Order(rawValue: 4)
    /// One side is not a number.
    static let unordered = Order(rawValue: 8)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The outcomes for which a relation holds; nil of operators that are no relation.
    init?(_ relation: BinaryOperator) {
        switch relation {
        case .less: self = .less
        case .lessOrEqual: self = [.less, .equal]
        case .greater: self = .greater
        case .greaterOrEqual: self = [.greater, .equal]
        case .equal: self = .equal
        case .notEqual: self = [.less, .greater, .unordered]
        case .multiply, .divide, .remainder, .add, .subtract, .in: return nil
        }
    }

    /// The outcomes when the sides change places.
    var swapped: Order {
        var result = subtracting([.less, .greater])
        if contains(.less) { result.insert(.greater) }
        if contains(.greater) { result.insert(.less) }
        return result
    }

    @inline(__always)
    static func of<Value: Comparable>(_ first: Value, _ second: Value) -> UInt8 {
        (first < second ? 1 : 0) | (first == second ? 2 : 0) | (first > second ? 4 : 0)
    }

    @inline(__always)
    static func of(_ first: Double, _ second: Double) -> UInt8 {
        let ordered: UInt8 = (first < second ? 1 : 0) | (first == second ? 2 : 0) | (first > second ? 4 : 0)
        return ordered == 0 ? 8 : ordered
    }
}

/// Comparison of an int with a uint by their exact value. Beside a double both are widened instead, as in CEL.
enum MixedIntegers {
    @inline(__always)
    static func order(int: Int64, uint: UInt64) -> UInt8 {
        int < 0 ? Order.less.rawValue : Order.of(UInt64(int), uint)
    }
}
