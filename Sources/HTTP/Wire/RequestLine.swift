// The request line: method SP request-target SP HTTP-version (RFC 9112 section 3), and the four forms of target.

extension RequestParser {
    mutating func parseRequestLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Refusal) {
        if equals(bytes, line, "PRI * HTTP/2.0") { throw .http2Preface }
        var cursor = line.lowerBound
        while cursor < line.upperBound && isTokenByte(bytes[cursor]) { cursor += 1 }
        let method = line.lowerBound..<cursor
        guard cursor < line.upperBound, bytes[cursor] == UInt8(ascii: " "), !method.isEmpty else {
            throw .malformedRequestLine
        }
        let targetStart = cursor + 1
        cursor = targetStart
        while cursor < line.upperBound && bytes[cursor] != UInt8(ascii: " ") { cursor += 1 }
        guard cursor < line.upperBound else { throw .malformedRequestLine }
        head.minorVersion = try Self.parseVersion(bytes, (cursor + 1)..<line.upperBound)
        head.methodName = ByteRange(method)
        head.method = Self.method(bytes, method)
        if head.method == .connect { throw .connectNotSupported }
        try parseTarget(bytes, targetStart..<cursor)
    }

    private static func parseVersion(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Refusal) -> UInt8 {
        guard range.count == 8, matches(bytes.extracting(range), "HTTP/") else { throw .malformedVersion }
        let major = bytes[range.lowerBound + 5]
        let minor = bytes[range.lowerBound + 7]
        guard isDigit(major), bytes[range.lowerBound + 6] == UInt8(ascii: "."), isDigit(minor) else {
            throw .malformedVersion
        }
        guard major == UInt8(ascii: "1"), minor <= UInt8(ascii: "1") else { throw .unsupportedVersion }
        return minor - 48
    }

    private static func method(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Method {
        switch name.count {
        case 3:
            if equals(bytes, name, "GET") { return .get }
            if equals(bytes, name, "PUT") { return .put }
        case 4:
            if equals(bytes, name, "POST") { return .post }
            if equals(bytes, name, "HEAD") { return .head }
        case 5:
            if equals(bytes, name, "PATCH") { return .patch }
            if equals(bytes, name, "TRACE") { return .trace }
        case 6: if equals(bytes, name, "DELETE") { return .delete }
        case 7:
            if equals(bytes, name, "OPTIONS") { return .options }
            if equals(bytes, name, "CONNECT") { return .connect }
        default: break
        }
        return .unknown
    }

    private mutating func parseTarget(_ bytes: Span<UInt8>, _ target: Range<Int>) throws(Refusal) {
        if target.isEmpty { throw .malformedTarget }
        let first = target.lowerBound
        if bytes[first] == UInt8(ascii: "/") {
            // Origin form, section 3.2.1.
            try splitTarget(bytes, target)
        } else if target.count == 1, bytes[first] == UInt8(ascii: "*"), head.method == .options {
            // Asterisk form, section 3.2.4.
            head.path = ByteRange(target)
            head.isServerWide = true
        } else {
            try parseAbsoluteForm(bytes, target)
        }
    }

    /// Absolute form, section 3.2.2: a server MUST accept it, and its authority replaces Host.
    private mutating func parseAbsoluteForm(_ bytes: Span<UInt8>, _ target: Range<Int>) throws(Refusal) {
        let authorityStart: Int
        if target.count > 7, matchesIgnoringCase(bytes, from: target.lowerBound, "http://") {
            authorityStart = target.lowerBound + 7
        } else if target.count > 8, matchesIgnoringCase(bytes, from: target.lowerBound, "https://") {
            authorityStart = target.lowerBound + 8
        } else {
            throw .malformedTarget
        }
        var cursor = authorityStart
        while cursor < target.upperBound, bytes[cursor] != UInt8(ascii: "/"), bytes[cursor] != UInt8(ascii: "?") {
            cursor += 1
        }
        let authority = authorityStart..<cursor
        // An http URI without a host is invalid, and so is one with user information (9110 sections 4.2.1 and 4.2.4).
        guard !authority.isEmpty, isHost(bytes, authority) else { throw .malformedTarget }
        head.authority = ByteRange(authority)
        head.isAbsoluteForm = true
        try splitTarget(bytes, cursor..<target.upperBound)
        if head.path.count == 0 {
            // An empty path means "/", and the whole server where OPTIONS asks (9110 section 4.2.3, 9112 section 3.2.4);
            // the second slash of "//" lends its byte.
            head.isServerWide = head.method == .options && !head.hasQuery
            head.path = ByteRange((authorityStart - 1)..<authorityStart)
        }
    }
}

/// Whether `range` of `bytes` is `text`, byte for byte.
func equals(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
    range.count == text.utf8CodeUnitCount && matches(bytes.extracting(range), text)
}
