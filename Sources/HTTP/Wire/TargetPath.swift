// Path and query of a target, as RFC 3986 has them. Nothing is decoded or rewritten here: what a proxy might rewrite and
// we would not (dot segments, also those that escapes hide) is refused, so that both see the same path.

extension RequestParser {
    /// Path and query, with whole percent escapes and no character that a URI may not hold.
    mutating func splitTarget(_ bytes: Span<UInt8>, _ target: Range<Int>) throws(Refusal) {
        var pathEnd = target.upperBound
        var cursor = target.lowerBound
        // A segment that begins with a dot, or anything escaped: only then can there be a dot segment.
        var mayHoldDots = false
        var hidesControl = false
        while cursor < target.upperBound {
            let byte = bytes[cursor]
            if !CharacterSet128.target.contains(byte) { throw .malformedTarget }
            if byte == UInt8(ascii: "%") {
                guard let escaped = escapedByte(bytes, cursor..<target.upperBound) else { throw .malformedTarget }
                if isControl(escaped) { hidesControl = true }
                mayHoldDots = true
                cursor += 2
            } else if byte == UInt8(ascii: "."), bytes[cursor - 1] == UInt8(ascii: "/") {
                mayHoldDots = true
            } else if byte == UInt8(ascii: "?"), pathEnd == target.upperBound, !head.hasQuery {
                pathEnd = cursor
                head.hasQuery = true
            }
            cursor += 1
        }
        if hidesControl { throw .encodedControlCharacter }
        if mayHoldDots, hasDotSegment(bytes, target.lowerBound..<pathEnd) { throw .dotSegment }
        head.path = ByteRange(target.lowerBound..<pathEnd)
        if head.hasQuery { head.query = ByteRange((pathEnd + 1)..<target.upperBound) }
    }

    /// Whether a segment of the path is "." or ".." (RFC 3986 section 5.2.4), once its escapes are read (6.2.2.2). An
    /// escaped slash is data, but it parts segments for whoever decodes first, so here it does as well.
    private func hasDotSegment(_ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
        var dots = 0
        var others = 0
        var cursor = path.lowerBound
        while cursor < path.upperBound {
            var byte = bytes[cursor]
            if let escaped = escapedByte(bytes, cursor..<path.upperBound) {
                byte = escaped
                cursor += 2
            }
            cursor += 1
            if byte == UInt8(ascii: "/") {
                if others == 0, dots == 1 || dots == 2 { return true }
                dots = 0
                others = 0
            } else if byte == UInt8(ascii: ".") {
                dots += 1
            } else {
                others += 1
            }
        }
        return others == 0 && (dots == 1 || dots == 2)
    }
}

/// The byte that the escape at the start of `range` stands for; nil where there is no whole one (RFC 3986 section 2.1).
@inline(__always)
func escapedByte(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt8? {
    guard range.count > 2, bytes[range.lowerBound] == UInt8(ascii: "%"),
        let high = hexadecimalValue(bytes[range.lowerBound + 1]),
        let low = hexadecimalValue(bytes[range.lowerBound + 2])
    else { return nil }
    return high << 4 | low
}
