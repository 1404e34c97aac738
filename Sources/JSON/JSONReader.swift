// A strict pull reader of RFC 8259: the caller asks for what its schema expects next, and the reader walks the bytes
// once, validating all of them. Strings stay ranges of the document, so nothing is allocated.
//
//     var reader = JSONReader(bytes)
//     try reader.beginObject()
//     while let key = try reader.nextKey() {
//         if reader.equals(key, "amount") { amount = try reader.readInteger() } else { try reader.skipValue() }
//     }
//     try reader.finish()
//
// The caller's own control flow knows which container it is in, so the reader keeps a depth and one flag, no stack.
// strings: JSONReader+Strings.swift; numbers: JSONReader+Numbers.swift; what a text says: JSONReader+Text.swift.

/// Reads one JSON document from a span of bytes.
///
/// Strict: no comments, no trailing commas, no byte order mark, no leading zeros, UTF-8 in its shortest forms only, no
/// lone surrogates. Keys may repeat: what that means is the schema's choice. A copy is a bookmark.
public struct JSONReader: ~Escapable {
    /// How deep objects and arrays may nest unless the caller says otherwise.
    public static let standardMaximumDepth = 32
    /// The deepest nesting a caller may ask for; `skipValue()` and `JSONValue` recurse that far.
    public static let greatestMaximumDepth = 512

    let bytes: Span<UInt8>
    /// Bytes consumed so far.
    public internal(set) var offset = 0
    /// Objects and arrays that are open.
    public private(set) var depth = 0
    public let maximumDepth: Int
    /// The container was opened and nothing of it was read yet, so no comma is due.
    private var isAtStart = false

    /// - Precondition: `maximumDepth` is 0 to `greatestMaximumDepth`.
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, maximumDepth: Int = JSONReader.standardMaximumDepth) {
        precondition((0...Self.greatestMaximumDepth).contains(maximumDepth), "maximum depth \(maximumDepth)")
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// The kind of the next value, told by its first byte; the rest is validated when it is read.
    public mutating func peek() throws(JSONError) -> JSONKind {
        let byte = try nextByte()
        guard let kind = JSONKind(firstByte: byte) else { throw unexpectedByte() }
        return kind
    }

    /// Steps into an object; follow with `nextKey()` until it returns nil.
    public mutating func beginObject() throws(JSONError) {
        try begin(UInt8(ascii: "{"), .object)
    }

    /// Steps into an array; follow with `nextElement()` until it returns false.
    public mutating func beginArray() throws(JSONError) {
        try begin(UInt8(ascii: "["), .array)
    }

    /// The next key, after which exactly one value must be read or skipped; nil when the object has ended.
    public mutating func nextKey() throws(JSONError) -> JSONText? {
        var byte = try nextByte()
        if byte == UInt8(ascii: ","), !isAtStart {
            offset &+= 1
            byte = try nextByte()
            if byte == UInt8(ascii: "}") { throw error(.trailingComma) }
        } else if byte == UInt8(ascii: "}") {
            end()
            return nil
        } else if !isAtStart {
            throw error(.expectedCommaOrBrace)
        }
        isAtStart = false
        guard byte == UInt8(ascii: "\"") else { throw error(.expectedKey) }
        let key = try scanString()
        guard try nextByte() == UInt8(ascii: ":") else { throw error(.expectedColon) }
        offset &+= 1
        return key
    }

    /// Whether another element follows, which must then be read or skipped; false when the array has ended.
    public mutating func nextElement() throws(JSONError) -> Bool {
        let byte = try nextByte()
        if byte == UInt8(ascii: "]") {
            end()
            return false
        }
        if !isAtStart {
            guard byte == UInt8(ascii: ",") else { throw error(.expectedCommaOrBracket) }
            offset &+= 1
            if try nextByte() == UInt8(ascii: "]") { throw error(.trailingComma) }
        }
        isAtStart = false
        return true
    }

    /// The string that stands here.
    public mutating func readString() throws(JSONError) -> JSONText {
        let byte = try nextByte()
        guard byte == UInt8(ascii: "\"") else { throw mismatch(.string, found: byte) }
        return try scanString()
    }

    public mutating func readBool() throws(JSONError) -> Bool {
        let byte = try nextByte()
        if byte == UInt8(ascii: "t") {
            try readLiteral("true")
            return true
        }
        guard byte == UInt8(ascii: "f") else { throw mismatch(.bool, found: byte) }
        try readLiteral("false")
        return false
    }

    public mutating func readNull() throws(JSONError) {
        let byte = try nextByte()
        guard byte == UInt8(ascii: "n") else { throw mismatch(.null, found: byte) }
        try readLiteral("null")
    }

    /// Steps over one value of any kind, validating all of it.
    public mutating func skipValue() throws(JSONError) {
        switch try peek() {
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        case .string: _ = try scanString()
        case .number: _ = try scanNumber()
        case .bool: _ = try readBool()
        case .null: try readNull()
        }
    }

    /// Makes sure that nothing but white space follows the document's one value.
    ///
    /// - Precondition: Every object and array that was begun has ended; else the caller has a bug.
    public mutating func finish() throws(JSONError) {
        precondition(depth == 0, "\(depth) objects or arrays are still open")
        skipWhiteSpace()
        if offset < bytes.count { throw error(.textAfterDocument) }
    }

    // MARK: - Steps

    private mutating func begin(_ bracket: UInt8, _ kind: JSONKind) throws(JSONError) {
        let byte = try nextByte()
        guard byte == bracket else { throw mismatch(kind, found: byte) }
        guard depth < maximumDepth else { throw error(.tooDeep(limit: maximumDepth)) }
        depth &+= 1
        offset &+= 1
        isAtStart = true
    }

    private mutating func end() {
        precondition(depth > 0, "an end that nothing began")
        depth &-= 1
        offset &+= 1
        isAtStart = false
    }

    private mutating func readLiteral(_ literal: StaticString) throws(JSONError) {
        for i in 0..<literal.utf8CodeUnitCount {
            guard offset &+ i < bytes.count else { throw JSONError(offset: bytes.count, reason: .unexpectedEnd) }
            guard bytes[offset &+ i] == literal.utf8Start[i] else { throw error(.invalidLiteral) }
        }
        offset &+= literal.utf8CodeUnitCount
    }

    @inline(__always)
    mutating func skipWhiteSpace() {
        let bytes = bytes
        var i = offset
        while i < bytes.count {
            let byte = bytes[i]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
            i &+= 1
        }
        offset = i
    }

    /// Skips white space and returns the byte that stands there, not consumed.
    @inline(__always)
    mutating func nextByte() throws(JSONError) -> UInt8 {
        skipWhiteSpace()
        guard offset < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[offset]
    }

    // MARK: - Errors

    @inline(never)
    func error(_ reason: JSONError.Reason) -> JSONError {
        JSONError(offset: offset, reason: reason)
    }

    @inline(never)
    func mismatch(_ expected: JSONKind, found byte: UInt8) -> JSONError {
        guard let found = JSONKind(firstByte: byte) else { return unexpectedByte() }
        return error(.wrongKind(expected: expected, found: found))
    }

    @inline(never)
    private func unexpectedByte() -> JSONError {
        if offset == 0, bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            return error(.byteOrderMark)
        }
        let byte = bytes[offset]
        let startsWord = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") || byte >= UInt8(ascii: "a")
        return error(startsWord && byte <= UInt8(ascii: "z") ? .invalidLiteral : .expectedValue)
    }
}

extension JSONKind {
    /// The kind of value that begins with this byte; nil when none does.
    @inline(__always)
    init?(firstByte byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"): self = .object
        case UInt8(ascii: "["): self = .array
        case UInt8(ascii: "\""): self = .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .bool
        case UInt8(ascii: "n"): self = .null
        default: return nil
        }
    }
}
