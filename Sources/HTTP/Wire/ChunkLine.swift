// chunk-size [ chunk-ext ] (RFC 9112 section 7.1). Extensions are checked and ignored, as a recipient that knows none
// of them must; their total is limited, because they cost the sender little and the reader time.

extension RequestParser {
    /// The size that a chunk line announces.
    mutating func parseChunkLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Refusal) -> Int {
        var cursor = line.lowerBound
        var size = 0
        while cursor < line.upperBound, let digit = hexadecimalValue(bytes[cursor]) {
            size = size << 4 | Int(digit)
            cursor += 1
            if size > Self.largestLength || cursor - line.lowerBound > Self.mostSizeDigits { throw .chunkSizeOverflow }
        }
        if cursor == line.lowerBound { throw .malformedChunkSize }
        if cursor == line.upperBound { return size }
        guard isBlank(bytes[cursor]) || bytes[cursor] == UInt8(ascii: ";") else { throw .malformedChunkSize }
        chunkExtensionBytes += line.upperBound - cursor
        if chunkExtensionBytes > limits.chunkExtensionBytes { throw .chunkExtensionsTooLong }
        while cursor < line.upperBound { cursor = try skipExtension(bytes, cursor..<line.upperBound) }
        return size
    }

    /// Digits of a chunk's size, leading zeros included: enough for 64 bits, so no sender needs more.
    static var mostSizeDigits: Int { 16 }

    /// BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ]; returns where it ends.
    private func skipExtension(_ bytes: Span<UInt8>, _ rest: Range<Int>) throws(Refusal) -> Int {
        var cursor = skipBlanks(bytes, rest)
        guard cursor < rest.upperBound, bytes[cursor] == UInt8(ascii: ";") else { throw .malformedChunkExtension }
        cursor = skipBlanks(bytes, (cursor + 1)..<rest.upperBound)
        let nameEnd = skipToken(bytes, cursor..<rest.upperBound)
        if nameEnd == cursor { throw .malformedChunkExtension }
        cursor = skipBlanks(bytes, nameEnd..<rest.upperBound)
        guard cursor < rest.upperBound, bytes[cursor] == UInt8(ascii: "=") else { return nameEnd }
        cursor = skipBlanks(bytes, (cursor + 1)..<rest.upperBound)
        if cursor < rest.upperBound, bytes[cursor] == UInt8(ascii: "\"") {
            return try skipQuotedString(bytes, cursor..<rest.upperBound)
        }
        let valueEnd = skipToken(bytes, cursor..<rest.upperBound)
        if valueEnd == cursor { throw .malformedChunkExtension }
        return valueEnd
    }

    /// quoted-string (RFC 9110 section 5.6.4).
    private func skipQuotedString(_ bytes: Span<UInt8>, _ rest: Range<Int>) throws(Refusal) -> Int {
        var cursor = rest.lowerBound + 1
        while cursor < rest.upperBound {
            let byte = bytes[cursor]
            if byte == UInt8(ascii: "\"") { return cursor + 1 }
            if byte == UInt8(ascii: "\\") { cursor += 1 }
            if cursor < rest.upperBound, !isFieldValueByte(bytes[cursor]) { throw .malformedChunkExtension }
            cursor += 1
        }
        throw .malformedChunkExtension
    }

    private func skipBlanks(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var cursor = range.lowerBound
        while cursor < range.upperBound && isBlank(bytes[cursor]) { cursor += 1 }
        return cursor
    }

    private func skipToken(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var cursor = range.lowerBound
        while cursor < range.upperBound && isTokenByte(bytes[cursor]) { cursor += 1 }
        return cursor
    }
}
