// Equality, order and arithmetic of values whose types are known only now. Values of two types are unequal, numbers
// are compared across their types, and what has no order or no sum is an error.

enum ValueOperators {
    /// Below zero, zero or above for two values that have an order; nil for not a number.
    enum Ordering {
        case ordered(Int)
        case unordered
        case undefined
    }

    static func order(_ first: Value, _ second: Value) -> Ordering {
        switch (first, second) {
        case (.bool(let a), .bool(let b)): .ordered((a ? 1 : 0) - (b ? 1 : 0))
        case (.timestamp(let a), .timestamp(let b)): .ordered(sign(a, b))
        case (.duration(let a), .duration(let b)): .ordered(sign(a, b))
        // The order of UTF-8 bytes is that of the code points.
        case (.string(let a), .string(let b)), (.bytes(let a), .bytes(let b)):
            .ordered(a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1)
        default: numberOrder(first, second)
        }
    }

    private static func sign<Element: Comparable>(_ a: Element, _ b: Element) -> Int { a < b ? -1 : a == b ? 0 : 1 }

    private static func numberOrder(_ first: Value, _ second: Value) -> Ordering {
        if let a = wide(first), let b = wide(second) { return .ordered(sign(a, b)) }
        guard let a = double(first), let b = double(second) else { return .undefined }
        return a.isNaN || b.isNaN ? .unordered : .ordered(sign(a, b))
    }

    private static func wide(_ value: Value) -> Int128? {
        switch value {
        case .int(let value): Int128(value)
        case .uint(let value): Int128(value)
        default: nil
        }
    }

    /// A number as a double; nil of anything else.
    static func double(_ value: Value) -> Double? {
        switch value {
        case .int(let value): Double(value)
        case .uint(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// CEL's equality. Never fails; nothing but null equals null.
    static func equal(_ first: Value, _ second: Value) -> Bool {
        switch (first, second) {
        case (.null, .null): true
        case (.identifier(let a), .identifier(let b)): a == b
        case (.type(let a), .type(let b)): a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)): a.count == b.count && zip(a, b).allSatisfy { equal($0, $1) }
        case (.map(let a), .map(let b)):
            a.entries.count == b.entries.count
                && a.entries.allSatisfy { entry in b[entry.key].map { equal(entry.value, $0) } ?? false }
        default:
            if case .ordered(0) = order(first, second) { true } else { false }
        }
    }

    /// A relation or an arithmetic operator, or `in`, of two values that are there.
    static func apply(_ binary: BinaryOperator, _ first: Value, _ second: Value, offset: Int) -> Value {
        switch binary {
        case .equal: return .bool(equal(first, second))
        case .notEqual: return .bool(!equal(first, second))
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return relation(binary, first, second, offset)
        case .in: return membership(first, second, offset)
        case .add, .subtract, .multiply, .divide, .remainder: return arithmetic(binary, first, second, offset)
        }
    }

    private static func relation(_ binary: BinaryOperator, _ first: Value, _ second: Value, _ offset: Int) -> Value {
        switch order(first, second) {
        case .undefined: return .error(.noOverload, offset: offset)
        case .unordered: return .bool(false)
        case .ordered(let order):
            switch binary {
            case .less: return .bool(order < 0)
            case .lessOrEqual: return .bool(order <= 0)
            case .greater: return .bool(order > 0)
            default: return .bool(order >= 0)
            }
        }
    }

    private static func membership(_ element: Value, _ container: Value, _ offset: Int) -> Value {
        switch container {
        case .list(let elements): .bool(elements.contains { equal(element, $0) })
        case .map(let map): .bool(map[element] != nil)
        default: .error(.noOverload, offset: offset)
        }
    }

    // MARK: Arithmetic

    private static func arithmetic(_ binary: BinaryOperator, _ first: Value, _ second: Value, _ offset: Int) -> Value {
        let overflow = Value.error(.overflow, offset: offset)
        switch (first, second) {
        case (.int, .int), (.uint, .uint): return integers(binary, first, second, offset)
        case (.double(let a), .double(let b)): return doubles(binary, a, b, offset)
        case (.int(let a), .double(let b)): return doubles(binary, Double(a), b, offset)
        case (.double(let a), .int(let b)): return doubles(binary, a, Double(b), offset)
        default: break
        }
        switch (binary, first, second) {
        case (.add, .string(let a), .string(let b)): return .string(a + b)
        case (.add, .bytes(let a), .bytes(let b)): return .bytes(a + b)
        case (.add, .list(let a), .list(let b)): return .list(a + b)
        case (.add, .duration(let a), .duration(let b)): return checked(a.addingReportingOverflow(b), overflow)
        case (.subtract, .duration(let a), .duration(let b)):
            return checked(a.subtractingReportingOverflow(b), overflow)
        case (.add, .timestamp(let time), .duration(let span)), (.add, .duration(let span), .timestamp(let time)):
            return Instant(wideNanoseconds: time.wideNanoseconds + Int128(span)).map { .timestamp($0) } ?? overflow
        case (.subtract, .timestamp(let time), .duration(let span)):
            return Instant(wideNanoseconds: time.wideNanoseconds - Int128(span)).map { .timestamp($0) } ?? overflow
        case (.subtract, .timestamp(let a), .timestamp(let b)):
            return Int64(exactly: a.wideNanoseconds - b.wideNanoseconds).map { .duration($0) } ?? overflow
        default: return .error(.noOverload, offset: offset)
        }
    }

    private static func checked(_ sum: (partialValue: Int64, overflow: Bool), _ overflow: Value) -> Value {
        sum.overflow ? overflow : .duration(sum.partialValue)
    }

    private static func integers(_ binary: BinaryOperator, _ first: Value, _ second: Value, _ offset: Int) -> Value {
        guard let a = wide(first), let b = wide(second) else { return .error(.noOverload, offset: offset) }
        if b == 0, binary == .divide || binary == .remainder { return .error(.divisionByZero, offset: offset) }
        let overflow = Value.error(.overflow, offset: offset)
        // The product of two uints may leave even 127 bits.
        if binary == .multiply, a.multipliedReportingOverflow(by: b).overflow { return overflow }
        let exact: Int128 =
            switch binary {
            case .add: a + b
            case .subtract: a - b
            case .multiply: a * b
            case .divide: a / b
            default: a % b
            }
        // The least int modulo -1 is 0, but CEL's remainder is the machine's, which overflows like the division.
        if binary == .remainder, a == Int128(Int64.min), b == -1 { return overflow }
        if case .uint = first { return UInt64(exactly: exact).map { .uint($0) } ?? overflow }
        return Int64(exactly: exact).map { .int($0) } ?? overflow
    }

    private static func doubles(_ binary: BinaryOperator, _ a: Double, _ b: Double, _ offset: Int) -> Value {
        switch binary {
        case .add: .double(a + b)
        case .subtract: .double(a - b)
        case .multiply: .double(a * b)
        case .divide: .double(a / b)
        default: .error(.noOverload, offset: offset)
        }
    }

    static func negated(_ value: Value, offset: Int) -> Value {
        switch value {
        case .int(let int): int == .min ? .error(.overflow, offset: offset) : .int(-int)
        case .double(let double): .double(-double)
        default: .error(.noOverload, offset: offset)
        }
    }
}
