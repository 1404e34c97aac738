// The functions of the language that work on values: CEL's own, and of its extensions the useful ones for texts and
// numbers. What each is worth stands in ValueFunctions, TextFunctions, MathFunctions and TextFormat; of which types it
// is, in `resultType`.

enum Function: String, Sendable, CaseIterable {
    case size, bool, int, uint, double, string, bytes, timestamp, duration, dyn, type, matches
    case contains, startsWith, endsWith
    case charAt, indexOf, lastIndexOf, lowerAscii, upperAscii, replace, split, join, substring, trim, format, reverse
    case quote = "strings.quote"
    case greatest = "math.greatest"
    case least = "math.least"
    case abs = "math.abs"
    case ceil = "math.ceil"
    case floor = "math.floor"
    case round = "math.round"
    case trunc = "math.trunc"
    case sign = "math.sign"
    case sqrt = "math.sqrt"
    case isNaN = "math.isNaN"
    case isInf = "math.isInf"
    case isFinite = "math.isFinite"
    case bitAnd = "math.bitAnd"
    case bitOr = "math.bitOr"
    case bitXor = "math.bitXor"
    case bitNot = "math.bitNot"
    case bitShiftLeft = "math.bitShiftLeft"
    case bitShiftRight = "math.bitShiftRight"

    /// True where it may be called as `name(…)`.
    var isGlobal: Bool {
        switch self {
        case .contains, .startsWith, .endsWith, .charAt, .indexOf, .lastIndexOf, .lowerAscii, .upperAscii, .replace,
            .split, .join, .substring, .trim, .format, .reverse:
            false
        default: true
        }
    }

    /// True where it may be called as `value.name(…)`.
    var isMethod: Bool { !isGlobal || self == .size || self == .matches }

    /// The type of the result for arguments of these types, the receiver first; nil where there is none. Arguments
    /// that are `dyn` are checked at evaluation.
    func resultType(of arguments: [ValueType]) -> ValueType? {
        func takes(_ types: ValueType...) -> Bool {
            arguments.count == types.count && zip(arguments, types).allSatisfy { $0 == $1 || $0.isDyn }
        }
        func takesOne(of types: [ValueType]) -> Bool {
            arguments.count == 1 && (arguments[0].isDyn || types.contains(arguments[0]))
        }
        let isText = !arguments.isEmpty && (arguments[0] == .string || arguments[0].isDyn)
        switch self {
        case .size: return arguments.count == 1 && arguments[0].hasSize ? .int : nil
        case .bool: return takesOne(of: [.bool, .string]) ? .bool : nil
        case .int: return takesOne(of: [.int, .uint, .double, .string, .timestamp]) ? .int : nil
        case .uint: return takesOne(of: [.int, .uint, .double, .string]) ? .uint : nil
        case .double: return takesOne(of: [.int, .uint, .double, .string]) ? .double : nil
        case .string:
            let types: [ValueType] = [
                .bool, .int, .uint, .double, .string, .timestamp, .duration, .general(.bytes),
            ]
            return takesOne(of: types) ? .string : nil
        case .bytes: return takesOne(of: [.string, .general(.bytes)]) ? .general(.bytes) : nil
        case .timestamp: return takesOne(of: [.int, .string, .timestamp]) ? .timestamp : nil
        case .duration: return takesOne(of: [.string, .duration]) ? .duration : nil
        case .dyn: return arguments.count == 1 ? .general(.dyn) : nil
        case .type: return arguments.count == 1 ? .general(.type) : nil
        case .matches, .contains, .startsWith, .endsWith: return takes(.string, .string) ? .bool : nil
        case .charAt: return takes(.string, .int) ? .string : nil
        case .indexOf, .lastIndexOf: return takes(.string, .string) || takes(.string, .string, .int) ? .int : nil
        case .lowerAscii, .upperAscii, .trim, .reverse, .quote: return takes(.string) ? .string : nil
        case .replace:
            return takes(.string, .string, .string) || takes(.string, .string, .string, .int) ? .string : nil
        case .split: return takes(.string, .string) || takes(.string, .string, .int) ? .list(of: .string) : nil
        case .substring: return takes(.string, .int) || takes(.string, .int, .int) ? .string : nil
        case .join:
            let texts = arguments.first.map { $0.isDyn || $0.element == .string || $0.element?.isDyn == true } ?? false
            return texts && (arguments.count == 1 || (arguments.count == 2 && arguments[1] == .string)) ? .string : nil
        case .format:
            return isText && arguments.count == 2 && (arguments[1].isList || arguments[1].isDyn) ? .string : nil
        default: return mathType(of: arguments)
        }
    }

    private func mathType(of arguments: [ValueType]) -> ValueType? {
        let isNumeric = arguments.allSatisfy { $0.isNumber || $0.isDyn }
        let first = arguments.first ?? .general(.dyn)
        let isSame = arguments.allSatisfy { $0 == first }
        switch self {
        case .greatest, .least:
            guard !arguments.isEmpty else { return nil }
            if arguments.count == 1, first.isList { return first.element ?? .general(.dyn) }
            return isNumeric ? (isSame ? first : .general(.dyn)) : nil
        case .abs, .sign: return arguments.count == 1 && isNumeric ? first : nil
        case .ceil, .floor, .round, .trunc:
            return arguments == [.double] || arguments == [.general(.dyn)] ? .double : nil
        case .sqrt: return arguments.count == 1 && isNumeric ? .double : nil
        case .isNaN, .isInf, .isFinite: return arguments == [.double] || arguments == [.general(.dyn)] ? .bool : nil
        case .bitNot: return arguments.count == 1 && isNumeric && first != .double ? first : nil
        case .bitAnd, .bitOr, .bitXor:
            guard arguments.count == 2, isNumeric, !arguments.contains(.double) else { return nil }
            if isSame { return first }
            return arguments.contains { $0.isDyn } ? .general(.dyn) : nil
        case .bitShiftLeft, .bitShiftRight:
            guard arguments.count == 2, isNumeric, first != .double, arguments[1] == .int || arguments[1].isDyn else {
                return nil
            }
            return first
        default: return nil
        }
    }
}

/// `range.exists(x, condition)` and its kin.
enum Macro: String, Sendable, CaseIterable {
    case all, exists, existsOne, map, filter

    /// - Parameter arguments: How many stand in the brackets, the variable included.
    init?(name: String, arguments: Int) {
        switch (name, arguments) {
        case ("all", 2): self = .all
        case ("exists", 2): self = .exists
        case ("exists_one", 2), ("existsOne", 2): self = .existsOne
        case ("map", 2), ("map", 3): self = .map
        case ("filter", 2): self = .filter
        default: return nil
        }
    }

    static let names: Set<String> = ["all", "exists", "exists_one", "existsOne", "map", "filter"]
}
