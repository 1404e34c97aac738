// String literals: '…', "…", '''…''', """…""", each also raw behind an r, with CEL's escapes.
// Behind a b they are bytes: \x and octal escapes are bytes then, and \u is refused.

extension Lexer {
    struct StringPrefix {
        var length: Int
        var isRaw: Bool
        var isBytes: Bool
    }

    /// What stands before the quote of the string that starts here; nil where none starts.
    func stringPrefix() -> StringPrefix? {
        var prefix = StringPrefix(length: 0, isRaw: false, isBytes: false)
        while let next = byte(prefix.length) {
            switch next {
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                return prefix
            case UInt8(ascii: "r"), UInt8(ascii: "R"):
                guard !prefix.isRaw else { return nil }
                prefix.isRaw = true
            case UInt8(ascii: "b"), UInt8(ascii: "B"):
                guard !prefix.isBytes else { return nil }
                prefix.isBytes = true
            default:
                return nil
            }
            prefix.length += 1
        }
        return nil
    }

    mutating func string(_ prefix: StringPrefix) throws(ExpressionError) -> [UInt8] {
        let start = position
        advance(prefix.length)
        let quote = byte() ?? 0
        let isTriple = byte(1) == quote && byte(2) == quote
        advance(isTriple ? 3 : 1)
        var content: [UInt8] = []
        while let next = byte() {
            if next == quote, !isTriple || (byte(1) == quote && byte(2) == quote) {
                advance(isTriple ? 3 : 1)
                return content
            }
            if !isTriple, next == UInt8(ascii: "\n") || next == UInt8(ascii: "\r") {
                throw error("the string is not closed on its line", from: start)
            }
            if next == UInt8(ascii: "\\"), !prefix.isRaw {
                try escape(into: &content, isBytes: prefix.isBytes)
            } else {
                content.append(next)
                advance()
            }
        }
        throw error("the string is not closed", from: start)
    }

    private mutating func escape(into content: inout [UInt8], isBytes: Bool) throws(ExpressionError) {
        let start = position
        advance()
        guard let letter = byte() else { throw error("the string is not closed", from: start) }
        repeat { advance() } while byte().map { $0 & 0xC0 == 0x80 } == true
        switch letter {
        case UInt8(ascii: "a"): content.append(0x07)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "v"): content.append(0x0B)
        case UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            content.append(letter)
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            try codePoint(digits: 2, radix: 16, from: start, isBytes: isBytes, into: &content)
        case UInt8(ascii: "u") where isBytes, UInt8(ascii: "U") where isBytes:
            throw error("'\(text(from: start))' is an escape of strings; in bytes write '\\x'", from: start)
        case UInt8(ascii: "u"):
            try codePoint(digits: 4, radix: 16, from: start, isBytes: isBytes, into: &content)
        case UInt8(ascii: "U"):
            try codePoint(digits: 8, radix: 16, from: start, isBytes: isBytes, into: &content)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            let first = UInt32(letter - UInt8(ascii: "0"))
            try codePoint(digits: 2, radix: 8, first: first, from: start, isBytes: isBytes, into: &content)
        default:
            throw error("'\(text(from: start))' is not an escape; a backslash itself is '\\\\'", from: start)
        }
    }

    private mutating func codePoint(
        digits: Int, radix: UInt32, first: UInt32 = 0, from start: SourcePosition, isBytes: Bool,
        into content: inout [UInt8]
    ) throws(ExpressionError) {
        var value = first
        for _ in 0..<digits {
            guard let digit = byte()?.hexadecimalValue, digit < radix else {
                let kind = radix == 8 ? "octal" : "hexadecimal"
                throw error("the escape needs \(digits) more \(kind) digits", from: start)
            }
            value = value * radix + digit
            advance()
        }
        if isBytes {
            content.append(UInt8(value))
            return
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw error("'\(text(from: start))' is not a code point", from: start)
        }
        content.append(contentsOf: String(scalar).utf8)
    }

    /// A field's name between backticks: letters, digits, and `_ . - / ` and spaces.
    mutating func quotedName() throws(ExpressionError) -> String {
        let start = position
        advance()
        let nameStart = position
        while let next = byte(), next.isNamePart || "_.-/ ".utf8.contains(next) { advance() }
        let name = text(from: nameStart)
        guard byte() == UInt8(ascii: "`"), !name.isEmpty else {
            throw error(
                "a quoted name is letters, digits, '_', '.', '-', '/' and spaces between backticks", from: start)
        }
        advance()
        return name
    }
}
