// What a text of the document says, once the reader has validated it: compared, looked up, copied out. Without escapes
// the raw bytes are the text; with escapes each is resolved on the way.

import Glibc

extension JSONReader {
    /// Whether the decoded text equals `literal`, byte for byte in UTF-8.
    public func equals(_ text: JSONText, _ literal: StaticString) -> Bool {
        if text.hasEscapes { return equalsEscaped(text, literal) }
        guard text.rawCount == literal.utf8CodeUnitCount else { return false }
        return rawBytes(text).withUnsafeBufferPointer { raw in
            raw.count == 0 || memcmp(raw.baseAddress!, literal.utf8Start, raw.count) == 0
        }
    }

    /// The position of the decoded text in `keys`; nil when it is none of them.
    public func index(of text: JSONText, in keys: JSONKeys) -> Int? {
        if text.hasEscapes {
            for (index, name) in keys.names.enumerated() where equalsEscaped(text, name) { return index }
            return nil
        }
        return rawBytes(text).withUnsafeBytes { keys.index(of: $0) }
    }

    /// Appends the decoded text in UTF-8.
    public func append(_ text: JSONText, to buffer: inout [UInt8]) {
        guard text.hasEscapes else {
            rawBytes(text).withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
            return
        }
        var i = text.offset
        let end = text.range.upperBound
        while i < end {
            var unit = decodeUnit(at: &i)
            repeat {
                buffer.append(UInt8(truncatingIfNeeded: unit))
                unit >>= 8
            } while unit != 0
        }
    }

    /// The decoded text as a string.
    public func string(_ text: JSONText) -> String {
        guard text.hasEscapes else {
            return rawBytes(text).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.rawCount)
        append(text, to: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }

    /// The bytes between the quotation marks as written: the text itself when it has no escapes.
    @_lifetime(copy self)
    public func rawBytes(_ text: JSONText) -> Span<UInt8> {
        bytes.extracting(text.range)
    }

    /// The bytes of the document from one offset up to another, for instance a value that was just skipped.
    @_lifetime(copy self)
    public func rawBytes(_ range: Range<Int>) -> Span<UInt8> {
        bytes.extracting(range)
    }

    private func equalsEscaped(_ text: JSONText, _ literal: StaticString) -> Bool {
        var i = text.offset
        let end = text.range.upperBound
        var matched = 0
        while i < end {
            var unit = decodeUnit(at: &i)
            repeat {
                guard matched < literal.utf8CodeUnitCount,
                    literal.utf8Start[matched] == UInt8(truncatingIfNeeded: unit)
                else { return false }
                matched &+= 1
                unit >>= 8
            } while unit != 0
        }
        return matched == literal.utf8CodeUnitCount
    }

    /// Resolves one raw byte or one escape at `i` and steps behind it. The result holds the UTF-8 bytes, the first in
    /// the low eight bits and none of them 0, unless the text holds U+0000, which is 0.
    private func decodeUnit(at i: inout Int) -> UInt32 {
        let byte = bytes[i]
        guard byte == UInt8(ascii: "\\") else {
            i &+= 1
            return UInt32(byte)
        }
        let escape = bytes[i &+ 1]
        i &+= 2
        switch escape {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): return decodeUnicodeEscape(at: &i)
        default: return UInt32(escape)
        }
    }

    private func decodeUnicodeEscape(at i: inout Int) -> UInt32 {
        var scalar = fourDigits(at: i)
        i &+= 4
        if scalar & 0xFC00 == 0xD800 {
            scalar = 0x10000 &+ (scalar &- 0xD800) << 10 | (fourDigits(at: i &+ 2) &- 0xDC00)
            i &+= 6
        }
        switch scalar {
        case 0..<0x80: return scalar
        case 0x80..<0x800: return 0x80C0 | scalar >> 6 | (scalar & 0x3F) << 8
        case 0x800..<0x10000: return 0x8080E0 | scalar >> 12 | (scalar >> 6 & 0x3F) << 8 | (scalar & 0x3F) << 16
        default:
            return 0x8080_80F0 | scalar >> 18 | (scalar >> 12 & 0x3F) << 8 | (scalar >> 6 & 0x3F) << 16
                | (scalar & 0x3F) << 24
        }
    }

    private func fourDigits(at start: Int) -> UInt32 {
        var unit: UInt32 = 0
        for i in start..<start &+ 4 { unit = unit << 4 | (hexadecimalDigit(bytes[i]) ?? 0) }
        return unit
    }
}
