// The types that slots cannot hold. An expression of one of them is evaluated in general (ValueEvaluator); what comes
// out of it as a bool, a number, a time or a text goes on in the machine.

/// The type of a value that no slot can hold.
public indirect enum GeneralType: Sendable, Hashable {
    /// Known at evaluation only; it fits everywhere, and is checked there.
    case dyn
    case null
    case bytes
    /// The type of types.
    case type
    case map(key: ValueType, value: ValueType)
}

extension GeneralType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .dyn: "dyn"
        case .null: "null_type"
        case .bytes: "bytes"
        case .type: "type"
        case .map(let key, let value): "map(\(key), \(value))"
        }
    }
}

extension ValueType {
    static let dyn = ValueType.general(.dyn)

    var isDyn: Bool { self == .dyn }

    /// True where a slot holds it.
    var isScalar: Bool {
        switch self {
        case .bool, .int, .uint, .double, .string, .identifier, .timestamp, .duration: true
        case .list, .emptyList, .general: false
        }
    }

    /// What a macro's variable is in a range of this type: an element, or a key; nil of what is no range.
    var element: ValueType? {
        switch self {
        case .list(let element): element
        case .emptyList, .general(.dyn): .dyn
        case .general(.map(let key, _)): key
        default: nil
        }
    }

    var hasSize: Bool { self == .string || self == .general(.bytes) || element != nil }

    var isMap: Bool {
        if case .general(.map) = self { true } else { false }
    }

    /// The type that values of both have: the same one, or `dyn`.
    func joined(with other: ValueType) -> ValueType {
        if self == other || other == .emptyList && isList { return self }
        return self == .emptyList && other.isList ? other : .dyn
    }

    /// Whether values of the two may be equal.
    func isComparable(with other: ValueType) -> Bool {
        if self == other || isDyn || other.isDyn || (isNumber && other.isNumber) { return true }
        if isList, other.isList { return true }
        return isMap && other.isMap
    }

    /// What `type()` answers and names that stand for it.
    static let typeNames: Set<String> = [
        "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type",
        "google.protobuf.Timestamp", "google.protobuf.Duration",
    ]
}
