// A document as a tree, for what is read once and is small (configuration, model metadata, tests). What comes a
// thousand times a second is read with JSONReader into typed fields.

/// One member of an object.
public struct JSONMember: Equatable, Sendable {
    public var key: String
    public var value: JSONValue

    public init(_ key: String, _ value: JSONValue) {
        self.key = key
        self.value = value
    }
}

/// Any JSON value. Members keep their order, and an object with the same key twice is refused.
///
/// JSON has one kind of number: what is written in digits only and fits is an `integer`, all else is a `double`. An
/// integral double is written in plain digits, and so reads back as an integer. Texts compare as Swift strings do.
public indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// Parses a document of one value.
    public init(
        parsing bytes: Span<UInt8>, maximumDepth: Int = JSONReader.standardMaximumDepth
    ) throws(JSONError) {
        var reader = JSONReader(bytes, maximumDepth: maximumDepth)
        self = try reader.readValue()
        try reader.finish()
    }

    /// Parses a document of one value.
    public init(parsing text: String) throws(JSONError) {
        self = try JSONValue(parsing: text.utf8Span.span)
    }

    /// The value of a key; nil where there is none and where this is no object.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}

extension JSONReader {
    /// Reads the next value, whatever it is, as a tree.
    public mutating func readValue() throws(JSONError) -> JSONValue {
        switch try peek() {
        case .null:
            try readNull()
            return .null
        case .bool: return .bool(try readBool())
        case .string: return .string(string(try readString()))
        case .number: return try readNumberValue()
        case .array:
            var elements: [JSONValue] = []
            try beginArray()
            while try nextElement() { elements.append(try readValue()) }
            return .array(elements)
        case .object: return .object(try readMembers())
        }
    }

    private mutating func readNumberValue() throws(JSONError) -> JSONValue {
        let start = offset
        if case .value(let value) = try readInteger(), value != 0 || bytes[start] != UInt8(ascii: "-") {
            return .integer(value)
        }
        offset = start  // a fraction, too many digits, or "-0", which only a double holds
        return .double(try readDouble())
    }

    private mutating func readMembers() throws(JSONError) -> [JSONMember] {
        var members: [JSONMember] = []
        var seen: Set<[UInt8]> = []  // bytes, because two texts that Swift calls equal are two keys
        try beginObject()
        while let key = try nextKey() {
            var bytes: [UInt8] = []
            append(key, to: &bytes)
            guard seen.insert(bytes).inserted else {
                throw JSONError(offset: key.offset, reason: .duplicateKey)
            }
            members.append(JSONMember(string(key), try readValue()))
        }
        return members
    }
}

extension JSONWriter {
    /// Writes a tree.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .double(let value): double(value)
        case .string(let value): string(value)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for member in members {
                key(member.key)
                self.value(member.value)
            }
            endObject()
        }
    }
}
