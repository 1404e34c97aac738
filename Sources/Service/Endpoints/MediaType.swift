// What a body is said to be: JSON in UTF-8, not compressed. Looked at for every payment, so nothing is allocated.

import HTTP

enum MediaType {
    private static let json: StaticString = "application/json"

    /// Why the body of a request can't be taken, going by its fields; nil where it can. A body without a type is taken
    /// for JSON (RFC 9110, section 8.3).
    static func problem(of request: borrowing Request) -> Problem? {
        if let coding = request.header("content-encoding"), !isIdentity(coding) { return .unsupportedContentCoding }
        guard let type = request.header("content-type") else { return nil }
        return isJSON(type) ? nil : .unsupportedMediaType
    }

    /// `application/json`, alone or with parameters of which a charset must be UTF-8.
    static func isJSON(_ value: Span<UInt8>) -> Bool {
        var position = 0
        guard skip(json, in: value, &position) else { return false }
        skipBlanks(in: value, &position)
        while position < value.count {
            guard value[position] == UInt8(ascii: ";") else { return false }
            position += 1
            skipBlanks(in: value, &position)
            if skip("charset=", in: value, &position) {
                let isQuoted = position < value.count && value[position] == UInt8(ascii: "\"")
                if isQuoted { position += 1 }
                guard skip("utf-8", in: value, &position) else { return false }
                if isQuoted {
                    guard position < value.count, value[position] == UInt8(ascii: "\"") else { return false }
                    position += 1
                }
            } else {
                skipParameter(in: value, &position)
            }
            skipBlanks(in: value, &position)
        }
        return true
    }

    private static func isIdentity(_ coding: Span<UInt8>) -> Bool {
        var position = 0
        return coding.isEmpty || (skip("identity", in: coding, &position) && position == coding.count)
    }

    /// Goes behind `word`, whose letters are small, if it stands here in whatever case.
    private static func skip(_ word: StaticString, in value: Span<UInt8>, _ position: inout Int) -> Bool {
        guard value.count - position >= word.utf8CodeUnitCount else { return false }
        for i in 0..<word.utf8CodeUnitCount where lower(value[position + i]) != word.utf8Start[i] { return false }
        position += word.utf8CodeUnitCount
        return true
    }

    private static func skipBlanks(in value: Span<UInt8>, _ position: inout Int) {
        while position < value.count, value[position] == 0x20 || value[position] == 0x09 { position += 1 }
    }

    /// Goes to the semicolon behind a parameter, or to the end; one in a quoted string is part of it.
    private static func skipParameter(in value: Span<UInt8>, _ position: inout Int) {
        var isQuoted = false
        while position < value.count, isQuoted || value[position] != UInt8(ascii: ";") {
            if value[position] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if isQuoted, value[position] == UInt8(ascii: "\\") { position += 1 }
            position += 1
        }
        position = min(position, value.count)
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}
