// Strings: eight bytes at a time to the next byte that needs a look (quotation mark, backslash, control character,
// byte beyond ASCII), then that byte by the grammar. UTF-8 by the table of well-formed sequences of the Unicode
// Standard, section 3.9 (RFC 3629), so overlong forms, surrogates and what lies past U+10FFFF are refused.

/// Marks the high bit of each byte of `word` that is a quotation mark, a backslash or below 0x20, and leaves
/// bytes past 0x7F to `word` itself. Bits above the lowest one that is set may be wrong; the lowest never is.
@inline(__always)
func markSpecialBytes(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = (word ^ (ones &* 0x22)) &- ones
    let backslashes = (word ^ (ones &* 0x5C)) &- ones
    let controls = word &- (ones &* 0x20)
    return quotes | backslashes | controls
}

let highBits: UInt64 = 0x8080_8080_8080_8080

extension JSONReader {
    /// Validates the string whose opening quotation mark stands at `offset`, and steps behind its closing one.
    ///
    /// Here only what most strings need, to be inlined: no byte but the closing mark needs a look.
    @inline(__always)
    mutating func scanString() throws(JSONError) -> JSONText {
        let raw = bytes.bytes
        let start = offset &+ 1
        var i = start
        while i &+ 8 <= raw.byteCount {  // so eight bytes at i are inside
            let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: UInt64.self))
            let special = (markSpecialBytes(word) | word) & highBits
            if special == 0 {
                i &+= 8
                continue
            }
            let place = special.trailingZeroBitCount & ~7
            guard UInt8(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: place)) == UInt8(ascii: "\"") else {
                break
            }
            i &+= place &>> 3
            offset = i &+ 1
            return JSONText(offset: start, rawCount: i &- start, hasEscapes: false)
        }
        return try scanString(from: start, checkedUpTo: i)
    }

    /// The same for any string, of which the bytes before `checked` are plain ASCII.
    @inline(never)
    private mutating func scanString(from start: Int, checkedUpTo checked: Int) throws(JSONError) -> JSONText {
        let bytes = bytes
        let raw = bytes.bytes
        var i = checked
        var hasEscapes = false
        while true {
            while i &+ 8 <= raw.byteCount {  // so eight bytes at i are inside
                let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: UInt64.self))
                let special = (markSpecialBytes(word) | word) & highBits
                i &+= special.trailingZeroBitCount >> 3  // 8 when nothing is special
                if special != 0 { break }
            }
            guard i < bytes.count else { throw JSONError(offset: bytes.count, reason: .unexpectedEnd) }
            let byte = bytes[i]
            if byte == UInt8(ascii: "\"") {
                offset = i &+ 1
                return JSONText(offset: start, rawCount: i &- start, hasEscapes: hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                i = try endOfEscape(at: i)
            } else if byte >= 0x80 {
                i = try endOfSequence(at: i)
            } else if byte < 0x20 {
                throw JSONError(offset: i, reason: .controlCharacter)
            } else {
                i &+= 1
            }
        }
    }

    /// Validates the escape whose backslash stands at `start`; a surrogate pair counts as one.
    private func endOfEscape(at start: Int) throws(JSONError) -> Int {
        switch try byte(at: start &+ 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start &+ 2
        case UInt8(ascii: "u"): break
        default: throw JSONError(offset: start, reason: .invalidEscape)
        }
        let unit = try codeUnit(at: start)
        guard unit & 0xF800 == 0xD800 else { return start &+ 6 }
        let isHigh = unit < 0xDC00
        guard isHigh, try byte(at: start &+ 6) == UInt8(ascii: "\\"), try byte(at: start &+ 7) == UInt8(ascii: "u"),
            try codeUnit(at: start &+ 6) & 0xFC00 == 0xDC00
        else { throw JSONError(offset: start, reason: .loneSurrogate) }
        return start &+ 12
    }

    /// The UTF-16 code unit of the `\u` escape whose backslash stands at `start`.
    private func codeUnit(at start: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for i in start &+ 2..<start &+ 6 {
            guard let digit = hexadecimalDigit(try byte(at: i)) else {
                throw JSONError(offset: start, reason: .invalidUnicodeEscape)
            }
            unit = unit << 4 | digit
        }
        return unit
    }

    /// Validates the UTF-8 sequence of two to four bytes that begins at `start`.
    private func endOfSequence(at start: Int) throws(JSONError) -> Int {
        let lead = bytes[start]
        let second: ClosedRange<UInt8>
        let count: Int
        switch lead {
        case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: throw JSONError(offset: start, reason: .invalidUTF8)
        }
        guard second.contains(try byte(at: start &+ 1)) else { throw JSONError(offset: start, reason: .invalidUTF8) }
        for i in start &+ 2..<start &+ max(2, count) {
            guard try byte(at: i) & 0xC0 == 0x80 else { throw JSONError(offset: start, reason: .invalidUTF8) }
        }
        return start &+ count
    }

    private func byte(at index: Int) throws(JSONError) -> UInt8 {
        guard index < bytes.count else { throw JSONError(offset: bytes.count, reason: .unexpectedEnd) }
        return bytes[index]
    }
}

/// The value of a hexadecimal digit in either case; nil for any other byte.
@inline(__always)
func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte &- UInt8(ascii: "a") &+ 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte &- UInt8(ascii: "A") &+ 10)
    default: nil
    }
}
