// Field lines (RFC 9112 section 5), and the handful of fields that decide where a message ends and what becomes of its
// connection. Those are judged as they pass; what only the whole head can tell is judged at its end.

extension RequestParser {
    mutating func parseFieldLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Refusal) {
        let field = try checkedFieldLine(bytes, line)
        fields.append(field)
        let name = field.name.range
        let value = field.value.range
        switch name.count {
        case 4 where matchesIgnoringCase(bytes, from: name.lowerBound, "host"):
            try takeHost(bytes, value)
        case 6 where matchesIgnoringCase(bytes, from: name.lowerBound, "expect"):
            try takeExpectation(bytes, value)
        case 10 where matchesIgnoringCase(bytes, from: name.lowerBound, "connection"):
            try takeConnectionOptions(bytes, value)
        case 14 where matchesIgnoringCase(bytes, from: name.lowerBound, "content-length"):
            try takeContentLength(bytes, value)
        case 17 where matchesIgnoringCase(bytes, from: name.lowerBound, "transfer-encoding"):
            try takeTransferEncoding(bytes, value)
        default: break
        }
    }

    /// field-name ":" OWS field-value OWS, with nothing between name and colon.
    func checkedFieldLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Refusal) -> FieldLine {
        var cursor = line.lowerBound
        while cursor < line.upperBound && isTokenByte(bytes[cursor]) { cursor += 1 }
        let name = line.lowerBound..<cursor
        guard cursor < line.upperBound else { throw .missingColon }
        if bytes[cursor] != UInt8(ascii: ":") || name.isEmpty {
            let byte = bytes[cursor]
            if name.isEmpty { throw isBlank(byte) ? .obsoleteFolding : .malformedFieldName }
            throw isBlank(byte) ? .whitespaceBeforeColon : .malformedFieldName
        }
        let value = trimmingBlanks(bytes, (cursor + 1)..<line.upperBound)
        if let index = firstForbiddenByte(bytes, value) {
            throw bytes[index] == UInt8(ascii: "\r") ? .bareCarriageReturn : .controlCharacter
        }
        return FieldLine(name: ByteRange(name), value: ByteRange(value))
    }

    private mutating func takeHost(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(Refusal) {
        if head.hasHost { throw .repeatedHost }
        head.hasHost = true
        if !isHost(bytes, value) { throw .malformedHost }
        if !head.isAbsoluteForm { head.authority = ByteRange(value) }
    }

    private mutating func takeExpectation(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(Refusal) {
        // An HTTP/1.0 client cannot be told to continue, so its expectation is ignored (9110 section 10.1.1).
        if head.minorVersion == 0 { return }
        // Once and exactly: readers differ in what they make of anything around it.
        guard !head.expectsContinue, equalsIgnoringCase(bytes, value, "100-continue") else {
            throw .unknownExpectation
        }
        head.expectsContinue = true
    }

    /// A list of options (RFC 9110 section 7.6.1), of which only two mean anything to a server without hop-by-hop fields
    /// of its own. Empty members are passed over (section 5.6.1.2); what is no token is refused.
    private mutating func takeConnectionOptions(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(Refusal) {
        var start = value.lowerBound
        while start < value.upperBound {
            var end = start
            while end < value.upperBound && bytes[end] != UInt8(ascii: ",") { end += 1 }
            let option = trimmingBlanks(bytes, start..<end)
            if equalsIgnoringCase(bytes, option, "close") {
                head.asksClose = true
            } else if equalsIgnoringCase(bytes, option, "keep-alive") {
                head.asksKeepAlive = true
            } else {
                for index in option where !isTokenByte(bytes[index]) { throw .malformedConnection }
            }
            start = end + 1
        }
    }

    private mutating func takeContentLength(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(Refusal) {
        if head.hasContentLength { throw .repeatedContentLength }
        head.hasContentLength = true
        if value.isEmpty { throw .malformedContentLength }
        for index in value where !isDigit(bytes[index]) { throw .malformedContentLength }
        var length = 0
        for index in value {
            length = length * 10 + Int(bytes[index] &- 48)
            if length > Self.largestLength { throw .contentLengthOverflow }
        }
        head.framing = .length(length)
    }

    private mutating func takeTransferEncoding(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(Refusal) {
        if head.hasTransferEncoding { throw .repeatedTransferEncoding }
        head.hasTransferEncoding = true
        if equalsIgnoringCase(bytes, value, "chunked") {
            head.framing = .chunked
            return
        }
        // Refused in any case. Without chunked as the final coding the end of the body cannot be known, which is 400
        // (9112 section 6.3, item 4); with it, the codings before it are what is not served, which is 501.
        var start = value.lowerBound
        var sawChunked = false
        repeat {
            var end = start
            while end < value.upperBound && bytes[end] != UInt8(ascii: ",") { end += 1 }
            let coding = trimmingBlanks(bytes, start..<end)
            if coding.isEmpty || !coding.allSatisfy({ isTokenByte(bytes[$0]) }) { throw .malformedTransferEncoding }
            if sawChunked { throw .chunkedNotFinal }
            sawChunked = equalsIgnoringCase(bytes, coding, "chunked")
            start = end + 1
        } while start <= value.upperBound
        throw sawChunked ? .unknownTransferCoding : .chunkedNotFinal
    }

    /// Trailers come after the decisions that these fields are for, so they have no place there (RFC 9110 section
    /// 6.5.1): what frames the message, routes it, belongs to the connection, names who asks, or describes the content.
    func checkTrailerName(_ bytes: Span<UInt8>, _ name: Range<Int>) throws(Refusal) {
        let isForbidden =
            switch name.count {
            case 2: equalsIgnoringCase(bytes, name, "te")
            case 4: equalsIgnoringCase(bytes, name, "host")
            case 6: equalsIgnoringCase(bytes, name, "expect") || equalsIgnoringCase(bytes, name, "cookie")
            case 7: equalsIgnoringCase(bytes, name, "trailer") || equalsIgnoringCase(bytes, name, "upgrade")
            case 10: equalsIgnoringCase(bytes, name, "connection") || equalsIgnoringCase(bytes, name, "keep-alive")
            case 12: equalsIgnoringCase(bytes, name, "content-type")
            case 13:
                equalsIgnoringCase(bytes, name, "authorization") || equalsIgnoringCase(bytes, name, "content-range")
            case 14: equalsIgnoringCase(bytes, name, "content-length")
            case 16: equalsIgnoringCase(bytes, name, "content-encoding")
            case 17: equalsIgnoringCase(bytes, name, "transfer-encoding")
            case 19: equalsIgnoringCase(bytes, name, "proxy-authorization")
            default: false
            }
        if isForbidden { throw .forbiddenTrailer }
    }

    /// What only the whole head can tell.
    func checkHead() throws(Refusal) {
        if head.hasTransferEncoding && head.minorVersion == 0 { throw .transferEncodingInHTTP10 }
        if head.hasTransferEncoding && head.hasContentLength { throw .contentLengthWithTransferEncoding }
        if !head.hasHost && head.minorVersion == 1 { throw .missingHost }
        if head.method == .trace && head.hasContent { throw .contentInTrace }
    }

    /// The largest length of a body or chunk that can be declared: a further digit, and a sum of many, cannot overflow.
    static var largestLength: Int { 1 << 56 }
}
