// A value that knows its type: what the general evaluator computes with, what `rules eval` reads and prints, and what
// the tests compare. The machine's slots carry no type; the two meet at columns and results.

/// Any value of the language, or why there is none.
public indirect enum Value: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    /// UTF-8.
    case string([UInt8])
    case bytes([UInt8])
    /// Pseudonymised text, which equals only its like.
    case identifier([UInt8])
    case list([Value])
    case map(ValueMap)
    case timestamp(Instant)
    /// Nanoseconds.
    case duration(Int64)
    /// The name of a type.
    case type(String)
    /// The column that was missing, where that is known.
    case missing(column: Int?)
    case error(FailureReason, offset: Int)

    public init(_ text: String) { self = .string(Array(text.utf8)) }

    /// True where there is no value.
    public var hasFailed: Bool {
        switch self {
        case .missing, .error: true
        default: false
        }
    }

    /// CEL's name of the type; nil where there is no value.
    public var typeName: String? {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .identifier: "identifier"
        case .list: "list"
        case .map: "map"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .type: "type"
        case .missing, .error: nil
        }
    }

    /// What the value weighs in steps: one, and one more for each sixteen bytes, element and what it contains.
    ///
    /// - Complexity: O(elements).
    var weight: Int {
        switch self {
        case .string(let bytes), .bytes(let bytes), .identifier(let bytes): Weight.ofText(bytes.count)
        case .list(let elements): elements.reduce(1) { $0 + $1.weight }
        case .map(let map): map.entries.reduce(1) { $0 + $1.key.weight + $1.value.weight }
        default: 1
        }
    }
}

extension Value {
    /// The place of a key's type among those of other types.
    fileprivate var keyRank: Int {
        switch self {
        case .bool: 0
        case .int, .uint: 1
        default: 2
        }
    }
}

enum Weight {
    static func ofText(_ bytes: Int) -> Int { 1 + bytes / 16 }
}

/// A time of the years 1 to 9999, which nanoseconds in 64 bits would not hold.
public struct Instant: Sendable, Hashable, Comparable {
    /// Since 1970, downwards.
    public let seconds: Int64
    /// 0 to 999,999,999.
    public let nanoseconds: Int32

    /// 0001-01-01T00:00:00Z to the end of 9999-12-31.
    public static let secondsRange: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// nil outside the years 1 to 9999.
    public init?(seconds: Int64, nanoseconds: Int32 = 0) {
        guard Self.secondsRange.contains(seconds) else { return nil }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Nanoseconds since 1970, as a slot has them: the years 1678 to 2261.
    init(slot nanoseconds: Int64) {
        seconds = Int64(Int(nanoseconds).flooredDivision(by: 1_000_000_000))
        self.nanoseconds = Int32(nanoseconds &- seconds &* 1_000_000_000)
    }

    init?(wideNanoseconds total: Int128) {
        let billion: Int128 = 1_000_000_000
        var (quotient, remainder) = total.quotientAndRemainder(dividingBy: billion)
        if remainder < 0 { (quotient, remainder) = (quotient - 1, remainder + billion) }
        guard let seconds = Int64(exactly: quotient) else { return nil }
        self.init(seconds: seconds, nanoseconds: Int32(remainder))
    }

    var wideNanoseconds: Int128 { Int128(seconds) * 1_000_000_000 + Int128(nanoseconds) }

    /// nil where a slot cannot hold it.
    var slotNanoseconds: Int64? { Int64(exactly: wideNanoseconds) }

    public static func < (first: Instant, second: Instant) -> Bool {
        (first.seconds, first.nanoseconds) < (second.seconds, second.nanoseconds)
    }
}

/// A map in the order in which it was written. Keys are bool, int, uint and string; an int and a uint of equal value are
/// one key, and a double finds the key that it equals.
public struct ValueMap: Sendable {
    public struct Entry: Sendable {
        public let key: Value
        public let value: Value
    }

    private enum Key: Hashable {
        case bool(Bool)
        case int(Int64)
        case uint(UInt64)
        case string([UInt8])

        init?(_ value: Value) {
            switch value {
            case .bool(let value): self = .bool(value)
            case .int(let value): self = .int(value)
            case .uint(let value): self = Int64(exactly: value).map { .int($0) } ?? .uint(value)
            case .double(let value):
                if let exact = Int64(exactly: value) {
                    self = .int(exact)
                } else if let exact = UInt64(exactly: value) {
                    self = .uint(exact)
                } else {
                    return nil
                }
            case .string(let value): self = .string(value)
            default: return nil
            }
        }
    }

    public private(set) var entries: [Entry] = []
    private var places: [Key: Int] = [:]

    public init() {}

    public enum Insertion: Sendable { case done, duplicate, notAKey }

    public mutating func insert(_ value: Value, for key: Value) -> Insertion {
        if case .double = key { return .notAKey }
        guard let place = Key(key) else { return .notAKey }
        guard places[place] == nil else { return .duplicate }
        places[place] = entries.count
        entries.append(Entry(key: key, value: value))
        return .done
    }

    /// In the order of the keys: false, true, numbers, texts.
    public var sortedEntries: [Entry] {
        entries.sorted { first, second in
            if case .ordered(let order) = ValueOperators.order(first.key, second.key) { return order < 0 }
            return first.key.keyRank < second.key.keyRank
        }
    }

    public subscript(key: Value) -> Value? { Key(key).flatMap { places[$0] }.map { entries[$0].value } }

    /// Whether a value is of a type that keys have; a double is, because it may equal one.
    static func mayBeKey(_ value: Value) -> Bool {
        switch value {
        case .bool, .int, .uint, .double, .string: true
        default: false
        }
    }
}
