// Cuts a text into tokens, one at a time, and keeps count of line and column. It never looks back.
// Line breaks are LF or CR LF; columns are code points.

struct Lexer {
    let bytes: [UInt8]
    private(set) var position = SourcePosition.start

    init(_ text: String, limits: ExpressionLimits) throws(ExpressionError) {
        bytes = Array(text.utf8)
        guard bytes.count <= limits.textBytes else {
            throw ExpressionError(
                "the text is \(bytes.count) bytes long, the limit is \(limits.textBytes)",
                at: SourceRange(start: .start, end: .start))
        }
    }

    func byte(_ ahead: Int = 0) -> UInt8? {
        let index = position.offset + ahead
        return index < bytes.count ? bytes[index] : nil
    }

    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count {
            let byte = bytes[position.offset]
            position.offset += 1
            if byte == UInt8(ascii: "\n") {
                position.line += 1
                position.column = 1
            } else if position.offset == bytes.count || bytes[position.offset] & 0xC0 != 0x80 {
                // The next byte starts another code point.
                position.column += 1
            }
        }
    }

    /// The bytes from a place to here.
    func text(from start: SourcePosition) -> String {
        String(decoding: bytes[start.offset..<position.offset], as: UTF8.self)
    }

    func range(from start: SourcePosition) -> SourceRange { SourceRange(start: start, end: position) }

    /// An error that underlines the text from a place to here.
    func error(_ message: String, from start: SourcePosition) -> ExpressionError {
        ExpressionError(message, at: range(from: start))
    }

    mutating func next() throws(ExpressionError) -> Token {
        skipSpace()
        let start = position
        guard let first = byte() else { return Token(kind: .end, range: range(from: start)) }
        let kind: Token.Kind
        if first.isDigit || (first == UInt8(ascii: ".") && byte(1)?.isDigit == true) {
            kind = try number()
        } else if let prefix = stringPrefix() {
            let content = try string(prefix)
            kind = prefix.isBytes ? .bytes(content) : .string(String(decoding: content, as: UTF8.self))
        } else if first == UInt8(ascii: "`") {
            kind = .quotedName(try quotedName())
        } else if first.isNameStart {
            while byte()?.isNamePart == true { advance() }
            kind = .identifier(text(from: start))
        } else {
            kind = .symbol(try symbol())
        }
        return Token(kind: kind, range: range(from: start))
    }

    private mutating func skipSpace() {
        while let next = byte() {
            switch next {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x0C:
                advance()
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
                while let inside = byte(), inside != UInt8(ascii: "\n") { advance() }
            default:
                return
            }
        }
    }

    private mutating func symbol() throws(ExpressionError) -> Symbol {
        let start = position
        for length in [2, 1] where start.offset + length <= bytes.count {
            let candidate = bytes[start.offset..<start.offset + length]
            if let found = Symbol.allCases.first(where: { $0.rawValue.utf8.elementsEqual(candidate) }) {
                advance(length)
                return found
            }
        }
        repeat { advance() } while byte().map { $0 & 0xC0 == 0x80 } == true
        let hint =
            switch text(from: start) {
            case "=": "; equality is '=='"
            case "&": "; the conjunction is '&&'"
            case "|": "; the disjunction is '||'"
            default: ""
            }
        throw error("unexpected character \(quotedCharacter(from: start))\(hint)", from: start)
    }

    private func quotedCharacter(from start: SourcePosition) -> String {
        let text = text(from: start)
        guard let scalar = text.unicodeScalars.first, scalar.value >= 0x20, scalar.value != 0x7F else {
            return "U+" + String(text.unicodeScalars.first?.value ?? 0, radix: 16, uppercase: true)
        }
        return "'\(text)'"
    }
}

// MARK: Numbers

extension Lexer {
    private mutating func digits() -> Bool {
        let start = position.offset
        while byte()?.isDigit == true { advance() }
        return position.offset > start
    }

    /// Digits, hexadecimal digits behind 0x, or a decimal fraction with or without an exponent; a `u` ends a uint.
    mutating func number() throws(ExpressionError) -> Token.Kind {
        let start = position
        if byte() == UInt8(ascii: "0"), byte(1).map({ $0 | 0x20 }) == UInt8(ascii: "x") {
            advance(2)
            let digitsStart = position
            while byte()?.hexadecimalValue != nil { advance() }
            return try integer(text(from: digitsStart), radix: 16, from: start)
        }
        var isDouble = false
        _ = digits()
        if byte() == UInt8(ascii: "."), byte(1)?.isDigit == true {
            isDouble = true
            advance()
            _ = digits()
        }
        if byte().map({ $0 | 0x20 }) == UInt8(ascii: "e") {
            isDouble = true
            advance()
            if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { advance() }
            guard digits() else { throw error("the exponent of the number has no digits", from: start) }
        }
        guard isDouble else { return try integer(text(from: start), radix: 10, from: start) }
        let value = Double(text(from: start)) ?? .nan
        try endNumber(from: start)
        guard value.isFinite else { throw error("the number is too large for a double", from: start) }
        return .double(value)
    }

    private mutating func integer(
        _ digits: String, radix: Int, from start: SourcePosition
    ) throws(ExpressionError) -> Token.Kind {
        let isUnsigned = byte().map { $0 | 0x20 } == UInt8(ascii: "u")
        if isUnsigned { advance() }
        try endNumber(from: start)
        guard !digits.isEmpty else { throw error("'0x' is not followed by hexadecimal digits", from: start) }
        guard let value = UInt64(digits, radix: radix), isUnsigned || value <= 1 << 63 else {
            throw error("the number is too large for \(isUnsigned ? "a uint" : "an int")", from: start)
        }
        return isUnsigned ? .uint(value) : .int(value)
    }

    private mutating func endNumber(from start: SourcePosition) throws(ExpressionError) {
        guard byte()?.isNamePart == true else { return }
        while byte()?.isNamePart == true { advance() }
        throw error("'\(text(from: start))' is not a number", from: start)
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    var isNameStart: Bool {
        let lower = self | 0x20
        return (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")) || self == UInt8(ascii: "_")
    }

    var isNamePart: Bool { isNameStart || isDigit }

    var hexadecimalValue: UInt32? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(self - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(self - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(self - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
