// The character classes of HTTP and URIs, as bit sets in registers: a byte is in a class if its bit is set, and bytes
// above 127 are in none. Comparisons of names ignore ASCII case and nothing else.

/// A set of ASCII characters.
struct CharacterSet128: Sendable {
    /// Characters 0 to 63.
    let low: UInt64
    /// Characters 64 to 127.
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        // The masking shift takes the last six bits of `byte` alone, so there is no branch but the last.
        let word = byte & 64 == 0 ? low : high
        return byte < 128 && (word &>> UInt64(byte)) & 1 != 0
    }

    /// tchar (RFC 9110 section 5.6.2): letters, digits and !#$%&'*+-.^_`|~
    static var token: Self { Self(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE) }
    /// pchar, "/" and "?" (RFC 3986 sections 3.3 and 3.4): what a target may hold besides whole escapes.
    static var target: Self { Self(low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF) }
    /// reg-name (RFC 3986 section 3.2.2).
    static var registeredName: Self { Self(low: 0x2BFF_7FF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE) }
}

@inline(__always)
func isTokenByte(_ byte: UInt8) -> Bool { CharacterSet128.token.contains(byte) }

/// field-vchar, obs-text, space and tab (RFC 9110 section 5.5).
@inline(__always)
func isFieldValueByte(_ byte: UInt8) -> Bool { (byte >= 32 && byte != 127) || byte == 9 }

/// A control character of ASCII: it may not stand in a line, nor be hidden in an escape.
@inline(__always)
func isControl(_ byte: UInt8) -> Bool { byte < 32 || byte == 127 }

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

@inline(__always)
func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

/// The value of a hexadecimal digit, or nil.
@inline(__always)
func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    if isDigit(byte) { return byte &- 48 }
    let letter = (byte | 32) &- 97
    return letter < 6 ? letter &+ 10 : nil
}

@inline(__always)
func lowercased(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 32 : byte }

/// Whether `bytes` begin with `text`, byte for byte; they must be long enough.
func matches(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
    text.withUTF8Buffer { text in
        for index in text.indices where bytes[index] != text[index] { return false }
        return true
    }
}

/// Whether `bytes` hold `text`, which is in lower case, at `offset`, in any case; they must be long enough.
func matchesIgnoringCase(_ bytes: Span<UInt8>, from offset: Int, _ text: StaticString) -> Bool {
    text.withUTF8Buffer { text in
        for index in text.indices where lowercased(bytes[offset + index]) != text[index] { return false }
        return true
    }
}

/// Whether `range` of `bytes` is `text`, which is in lower case, in any case.
func equalsIgnoringCase(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
    range.count == text.utf8CodeUnitCount && matchesIgnoringCase(bytes, from: range.lowerBound, text)
}

/// The first byte of `range` that may not stand in a field's value. Eight bytes at a time: a word with a byte below 32,
/// or with a DEL, is looked at byte by byte; the others hold nothing wrong.
func firstForbiddenByte(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    let raw = bytes.bytes
    var cursor = range.lowerBound
    while cursor + 8 <= range.upperBound {
        let word = raw.unsafeLoadUnaligned(fromByteOffset: cursor, as: UInt64.self)
        let below32 = (word &- ones &* 32) & ~word & tops
        let masked = word ^ (ones &* 127)
        let deletes = (masked &- ones) & ~masked & tops
        if below32 | deletes != 0 {
            for index in cursor..<(cursor + 8) where !isFieldValueByte(bytes[index]) { return index }
        }
        cursor += 8
    }
    while cursor < range.upperBound {
        if !isFieldValueByte(bytes[cursor]) { return cursor }
        cursor += 1
    }
    return nil
}

/// `range` without the blanks at its ends.
func trimmingBlanks(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end && isBlank(bytes[start]) { start += 1 }
    while end > start && isBlank(bytes[end - 1]) { end -= 1 }
    return start..<end
}
