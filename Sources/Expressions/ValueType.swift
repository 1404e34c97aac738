// The static types of the language. Every expression has exactly one, known before the first payment arrives.
//
//   written in a slot as      bool 0/1 · int, timestamp, duration Int64 · uint UInt64 · double its bit pattern ·
//                             string, identifier a range of text
// Timestamps are nanoseconds since 1970 in an Int64 (the years 1678 to 2261), durations nanoseconds.

/// The type of an expression, a column, an argument or a result.
public enum ValueType: Sendable, Hashable {
    case bool
    case int
    case uint
    case double
    case string
    /// Pseudonymised text, such as a card's fingerprint: it may be asked for with `has()`, compared with `==` and `!=`
    /// to another identifier, and name the entity of a history. To compare it with a literal is refused at load,
    /// because the literal would never equal the keyed hash that stands in the column.
    case identifier
    case timestamp
    case duration
    /// A list, such as `["GB", "IE"]`.
    indirect case list(of: ValueType)
    /// `[]`, which fits every element.
    case emptyList
    /// What no slot can hold: a map, bytes, null, a type, or a value whose type is known at evaluation only.
    case general(GeneralType)

    var isNumber: Bool {
        switch self {
        case .int, .uint, .double: true
        case .bool, .string, .identifier, .timestamp, .duration, .list, .emptyList, .general: false
        }
    }

    var isText: Bool { self == .string || self == .identifier }

    var isList: Bool {
        switch self {
        case .list, .emptyList: true
        case .bool, .int, .uint, .double, .string, .identifier, .timestamp, .duration, .general: false
        }
    }
}

extension ValueType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .identifier: "identifier"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .list(let element): "list(\(element))"
        case .emptyList: "list()"
        case .general(let type): type.description
        }
    }
}
