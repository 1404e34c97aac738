// What the reader tells its caller: kinds of value, strings as ranges of the document, integers that may be none,
// and errors with a byte offset and a reason that a person can read.

/// The six kinds of JSON value, told by a value's first byte.
public enum JSONKind: Sendable, Hashable, CustomStringConvertible {
    case object, array, string, number, bool, null

    /// The kind as a sentence names it, such as "a string".
    public var description: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .bool: "true or false"
        case .null: "null"
        }
    }
}

/// A string of the document, as the range of its bytes between the quotation marks.
///
/// The reader has validated it; what it says is asked of the reader that returned it (`equals`, `append`, `string`).
public struct JSONText: Sendable, Hashable {
    /// Where the first byte after the opening quotation mark stands.
    public let offset: Int
    /// Bytes as written, escapes unresolved; never fewer than the decoded text has.
    public let rawCount: Int
    /// Whether a backslash stands in it; without one the raw bytes are the text.
    public let hasEscapes: Bool

    init(offset: Int, rawCount: Int, hasEscapes: Bool) {
        self.offset = offset
        self.rawCount = rawCount
        self.hasEscapes = hasEscapes
    }

    /// The bytes of the document that it covers.
    public var range: Range<Int> { offset..<offset &+ rawCount }
}

/// A number read where an integer is wanted. All three are well-formed JSON; a schema decides what it refuses.
public enum JSONInteger: Sendable, Hashable {
    case value(Int64)
    /// Written with a point or an exponent, also where the value is integral ("1.0", "1e2").
    case fraction
    /// Digits only, beyond `Int64`.
    case outOfRange
}

/// Why and where a document was refused.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the reader found.
    public enum Reason: Equatable, Sendable {
        case unexpectedEnd
        case byteOrderMark
        case expectedValue
        case expectedKey
        case expectedColon
        case expectedCommaOrBrace
        case expectedCommaOrBracket
        case trailingComma
        case textAfterDocument
        case invalidLiteral
        case expectedDigit
        case leadingZero
        case controlCharacter
        case invalidEscape
        case invalidUnicodeEscape
        case loneSurrogate
        case invalidUTF8
        case tooDeep(limit: Int)
        case duplicateKey
        /// A well-formed document with another kind of value than the caller asked for.
        case wrongKind(expected: JSONKind, found: JSONKind)
        /// A well-formed number beyond the largest `Double`.
        case numberOutOfRange
    }

    /// Bytes from the start of the document to the place of the error.
    public var offset: Int
    public var reason: Reason

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    /// Whether the bytes may still be good JSON, so that the reader stands before the value and may go on, for
    /// instance with `skipValue()`. After any other error it must not be used again.
    public var isRecoverable: Bool {
        switch reason {
        case .wrongKind, .numberOutOfRange: true
        default: false
        }
    }

    public var description: String { "byte \(offset): \(reason)" }
}

extension JSONError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unexpectedEnd: "the document ends before its value does"
        case .byteOrderMark: "a byte order mark is not allowed; start with the value"
        case .expectedValue: "expected a value"
        case .expectedKey: "expected a key in quotation marks"
        case .expectedColon: "expected ':' after the key"
        case .expectedCommaOrBrace: "expected ',' or '}' after the value"
        case .expectedCommaOrBracket: "expected ',' or ']' after the value"
        case .trailingComma: "nothing follows the comma; remove it"
        case .textAfterDocument: "expected nothing but white space after the document"
        case .invalidLiteral: "expected true, false or null"
        case .expectedDigit: "expected a digit"
        case .leadingZero: "a number may not start with 0 and another digit"
        case .controlCharacter: "a control character in a string must be escaped"
        case .invalidEscape: "after '\\' expected one of \" \\ / b f n r t u"
        case .invalidUnicodeEscape: "expected four hexadecimal digits after '\\u'"
        case .loneSurrogate: "half of a surrogate pair without the other"
        case .invalidUTF8: "not valid UTF-8"
        case .tooDeep(let limit): "more than \(limit) objects and arrays inside each other"
        case .duplicateKey: "the object has this key already"
        case .wrongKind(let expected, let found): "expected \(expected), found \(found)"
        case .numberOutOfRange: "the number is too large for a double"
        }
    }
}
