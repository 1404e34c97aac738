// The functions for numbers of CEL's math extension.

enum MathFunctions {
    static func apply(_ function: Function, _ arguments: [Value], offset: Int) -> Value {
        let none = Value.error(.noOverload, offset: offset)
        switch function {
        case .greatest, .least: return extreme(arguments, isGreatest: function == .greatest) ?? none
        case .abs, .sign, .sqrt, .bitNot:
            return arguments.count == 1 ? ofOne(function, arguments[0], offset) : none
        case .ceil, .floor, .round, .trunc, .isNaN, .isInf, .isFinite:
            guard arguments.count == 1, case .double(let value) = arguments[0] else { return none }
            return ofDouble(function, value)
        default:
            return arguments.count == 2 ? bits(function, arguments[0], arguments[1], offset) : none
        }
    }

    /// The first of the numbers, or of those in one list, that none exceeds.
    private static func extreme(_ arguments: [Value], isGreatest: Bool) -> Value? {
        var values = arguments
        if arguments.count == 1, case .list(let elements) = arguments[0] { values = elements }
        guard var best = values.first, ValueOperators.double(best) != nil else { return nil }
        for value in values.dropFirst() {
            switch ValueOperators.order(value, best) {
            case .ordered(let order): if isGreatest ? order > 0 : order < 0 { best = value }
            case .unordered: break
            case .undefined: return nil
            }
        }
        return ValueOperators.double(best) == nil ? nil : best
    }

    private static func ofOne(_ function: Function, _ value: Value, _ offset: Int) -> Value {
        switch (function, value) {
        case (.abs, .int(let int)): int == .min ? .error(.overflow, offset: offset) : .int(Swift.abs(int))
        case (.abs, .uint): value
        case (.abs, .double(let double)): .double(Swift.abs(double))
        case (.sign, .int(let int)): .int(int.signum())
        case (.sign, .uint(let uint)): .uint(uint == 0 ? 0 : 1)
        case (.sign, .double(let double)): .double(double > 0 ? 1 : double < 0 ? -1 : double.isNaN ? .nan : 0)
        case (.bitNot, .int(let int)): .int(~int)
        case (.bitNot, .uint(let uint)): .uint(~uint)
        case (.sqrt, _):
            ValueOperators.double(value).map { .double($0.squareRoot()) } ?? .error(.noOverload, offset: offset)
        default: .error(.noOverload, offset: offset)
        }
    }

    private static func ofDouble(_ function: Function, _ value: Double) -> Value {
        switch function {
        case .ceil: .double(value.rounded(.up))
        case .floor: .double(value.rounded(.down))
        case .round: .double(value.rounded(.toNearestOrAwayFromZero))
        case .trunc: .double(value.rounded(.towardZero))
        case .isNaN: .bool(value.isNaN)
        case .isInf: .bool(value.isInfinite)
        default: .bool(value.isFinite)
        }
    }

    private static func bits(_ function: Function, _ first: Value, _ second: Value, _ offset: Int) -> Value {
        switch (first, second) {
        case (_, .int(let places)) where function == .bitShiftLeft || function == .bitShiftRight:
            guard places >= 0 else { return .error(.outOfRange, offset: offset) }
            let isLeft = function == .bitShiftLeft
            // Int's own shifts answer 0 past the last bit; the bits of an int are shifted without their sign.
            switch first {
            case .int(let int):
                let bits = UInt64(bitPattern: int)
                return .int(Int64(bitPattern: isLeft ? bits << places : bits >> places))
            case .uint(let uint): return .uint(isLeft ? uint << places : uint >> places)
            default: return .error(.noOverload, offset: offset)
            }
        case (.int(let a), .int(let b)):
            return combined(function, UInt64(bitPattern: a), UInt64(bitPattern: b))
                .map { .int(Int64(bitPattern: $0)) } ?? .error(.noOverload, offset: offset)
        case (.uint(let a), .uint(let b)):
            return combined(function, a, b).map { .uint($0) } ?? .error(.noOverload, offset: offset)
        default: return .error(.noOverload, offset: offset)
        }
    }

    private static func combined(_ function: Function, _ a: UInt64, _ b: UInt64) -> UInt64? {
        switch function {
        case .bitAnd: a & b
        case .bitOr: a | b
        case .bitXor: a ^ b
        default: nil
        }
    }
}
