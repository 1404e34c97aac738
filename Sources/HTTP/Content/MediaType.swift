// Content-Type (RFC 9110 section 8.3) as far as a server of JSON needs it, read in place:
//
//   type "/" subtype *( OWS ";" OWS [ token "=" ( token / quoted-string ) ] )
//
// White space around "=" is not allowed (section 5.6.6), and a quoted pair stands for its second byte (section 5.6.4).
// Names, and the value of charset, are the same in any case.

/// What content is said to be.
public enum MediaType {
    /// Whether a request's body is said to be JSON in UTF-8. A body without a type is taken for it (RFC 9110 section
    /// 8.3 leaves that to the recipient). Two fields are refused, agreeing or not: the one that a recipient before us
    /// has gone by may be the other.
    public static func isJSON(_ request: borrowing Request) -> Bool {
        var next = 0
        guard let type = request.header("content-type", from: &next) else { return true }
        return isJSON(type) && request.header("content-type", from: &next) == nil
    }

    /// Whether a `Content-Type` is `application/json`, alone or with parameters, of which a charset, and each if there
    /// are several, must be UTF-8 (RFC 8259 section 8.1). Allocates nothing.
    ///
    /// - Parameter value: Without white space around it, as `Request.header` gives it.
    public static func isJSON(_ value: Span<UInt8>) -> Bool {
        let essence = essenceRange(value)
        guard equalsIgnoringCase(value, essence, "application/json") else { return false }
        var cursor = essence.upperBound
        while cursor < value.count {
            guard let end = parameterEnd(value, from: cursor) else { return false }
            cursor = end
        }
        return true
    }

    /// Whether content of that type shrinks: text, JSON, XML and what is built of these.
    static func isCompressible(_ value: Span<UInt8>) -> Bool {
        let essence = essenceRange(value)
        if essence.count > 5, matchesIgnoringCase(value, from: 0, "text/") { return true }
        return equalsIgnoringCase(value, essence, "application/json") || hasSuffix(value, essence, "+json")
            || equalsIgnoringCase(value, essence, "application/openmetrics-text")
            || equalsIgnoringCase(value, essence, "application/xml") || hasSuffix(value, essence, "+xml")
            || equalsIgnoringCase(value, essence, "application/yaml")
    }

    /// Type and subtype: what stands before white space or a semicolon.
    private static func essenceRange(_ value: Span<UInt8>) -> Range<Int> {
        var end = 0
        while end < value.count && !isBlank(value[end]) && value[end] != UInt8(ascii: ";") { end += 1 }
        return 0..<end
    }

    private static func hasSuffix(_ value: Span<UInt8>, _ range: Range<Int>, _ suffix: StaticString) -> Bool {
        let start = range.upperBound - suffix.utf8CodeUnitCount
        return start > range.lowerBound && matchesIgnoringCase(value, from: start, suffix)
    }

    // MARK: Parameters

    /// Where OWS ";" OWS [ parameter ] ends; nil where it is malformed, or a charset other than UTF-8.
    private static func parameterEnd(_ value: Span<UInt8>, from start: Int) -> Int? {
        var cursor = skipBlanks(value, from: start)
        guard cursor < value.count, value[cursor] == UInt8(ascii: ";") else { return nil }
        cursor = skipBlanks(value, from: cursor + 1)
        let nameEnd = skipToken(value, from: cursor)
        // An empty parameter.
        if nameEnd == cursor { return cursor == value.count || value[cursor] == UInt8(ascii: ";") ? cursor : nil }
        guard nameEnd < value.count, value[nameEnd] == UInt8(ascii: "=") else { return nil }
        let isCharset = equalsIgnoringCase(value, cursor..<nameEnd, "charset")
        let valueStart = nameEnd + 1
        if valueStart < value.count, value[valueStart] == UInt8(ascii: "\"") {
            guard let quoted = quotedString(value, from: valueStart) else { return nil }
            return isCharset && !quoted.isUTF8 ? nil : quoted.end
        }
        let valueEnd = skipToken(value, from: valueStart)
        if valueEnd == valueStart { return nil }
        if isCharset && !equalsIgnoringCase(value, valueStart..<valueEnd, "utf-8") { return nil }
        return valueEnd
    }

    /// Where the quoted string that begins at `start` ends, and whether what it stands for is "utf-8"; nil where it does
    /// not end.
    private static func quotedString(_ value: Span<UInt8>, from start: Int) -> (end: Int, isUTF8: Bool)? {
        let name: StaticString = "utf-8"
        var matched = 0
        var isSame = true
        var cursor = start + 1
        while cursor < value.count {
            var byte = value[cursor]
            if byte == UInt8(ascii: "\"") { return (cursor + 1, isSame && matched == name.utf8CodeUnitCount) }
            if byte == UInt8(ascii: "\\") {
                cursor += 1
                if cursor == value.count { return nil }
                byte = value[cursor]
            }
            guard isFieldValueByte(byte) else { return nil }
            isSame = isSame && matched < name.utf8CodeUnitCount && lowercased(byte) == name.utf8Start[matched]
            matched += 1
            cursor += 1
        }
        return nil
    }

    private static func skipBlanks(_ value: Span<UInt8>, from start: Int) -> Int {
        var cursor = start
        while cursor < value.count && isBlank(value[cursor]) { cursor += 1 }
        return cursor
    }

    private static func skipToken(_ value: Span<UInt8>, from start: Int) -> Int {
        var cursor = start
        while cursor < value.count && isTokenByte(value[cursor]) { cursor += 1 }
        return cursor
    }
}
