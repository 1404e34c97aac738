// What has the digits of a card number and is none. Each exception is a form that no card number takes, so that it can't
// be used to hide one without changing the number itself.
//
//   1764230400123          a count of milli-, micro- or nanoseconds since 1970: only airlines' numbers begin with 1
//   20261123101500         a date and time without separators
//   000000000000018        a padded counter: no issuer's number begins with 0
//   +4915112345678         a telephone number of E.164, at most 15 digits behind the plus sign
//   0.8473625172635476     the fraction of a decimal number
//   9f86d081884c7d65…      hexadecimal tokens: digests from 32 digits on, 24 digits of an object id, UUIDs

extension CardDataScreen {
    /// Tokens of hexadecimal digits from this length on are digests (MD5 and longer).
    private static let digestDigits = 32
    private static let objectIDDigits = 24
    private static let uuidBytes = 36
    private static let telephoneDigits = 15
    /// Whole digits before the point of a decimal number: coordinates, percentages, ratios.
    private static let wholeDigits = 3

    /// Whether the digits of a range are a number of another kind, by themselves.
    static func isKnownOtherwise(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let first = text[range.lowerBound]
        if first == UInt8(ascii: "0") { return true }
        switch range.count {  // of bare digits; in groups nothing begins with 1 anyway, and a date has none
        case 13, 16, 19: return first == UInt8(ascii: "1")
        case 14, 17: return isDateTime(text, range)
        default: return false
        }
    }

    /// Whether a bare run of digits is part of something else.
    static func isException(_ text: Span<UInt8>, _ run: Range<Int>) -> Bool {
        isTelephone(text, run, digits: run.count) || isFraction(text, run) || isInsideHexadecimal(text, run)
            || isInsideUUID(text, run)
    }

    /// Whether digits in groups are part of something else. What is printed in groups on cards begins with 2 or above.
    static func isGroupedException(_ text: Span<UInt8>, _ range: Range<Int>, digits: Int) -> Bool {
        text[range.lowerBound] < UInt8(ascii: "2") || isTelephone(text, range, digits: digits)
            || isInsideUUID(text, range)
    }

    /// `YYYYMMDDhhmmss`, with or without milliseconds.
    private static func isDateTime(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for i in range where !isDigit(text[i]) { return false }
        let start = range.lowerBound
        func part(_ offset: Int) -> Int { number(text, (start + offset)..<(start + offset + 2)) }
        return (19...20).contains(part(0)) && (1...12).contains(part(4)) && (1...31).contains(part(6)) && part(8) < 24
            && part(10) < 60 && part(12) < 60
    }

    private static func isTelephone(_ text: Span<UInt8>, _ range: Range<Int>, digits: Int) -> Bool {
        range.lowerBound > 0 && text[range.lowerBound - 1] == UInt8(ascii: "+") && digits <= telephoneDigits
    }

    private static func isFraction(_ text: Span<UInt8>, _ run: Range<Int>) -> Bool {
        guard run.lowerBound >= 2, text[run.lowerBound - 1] == UInt8(ascii: ".") else { return false }
        let point = run.lowerBound - 1
        var start = point
        while start > 0, isDigit(text[start - 1]) { start -= 1 }
        guard (1...wholeDigits).contains(point - start) else { return false }
        guard start > 0 else { return true }
        let before = text[start - 1]
        return !(before == UInt8(ascii: ".") || isLetter(before))
    }

    private static func isInsideHexadecimal(_ text: Span<UInt8>, _ run: Range<Int>) -> Bool {
        var start = run.lowerBound
        while start > 0, isHexadecimal(text[start - 1]) { start -= 1 }
        var end = run.upperBound
        while end < text.count, isHexadecimal(text[end]) { end += 1 }
        return end - start >= digestDigits || end - start == objectIDDigits
    }

    /// Whether the range lies in a UUID, 8-4-4-4-12 hexadecimal digits.
    private static func isInsideUUID(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count <= uuidBytes, text.count >= uuidBytes else { return false }
        let earliest = max(0, range.upperBound - uuidBytes)
        let latest = min(range.lowerBound, text.count - uuidBytes)
        guard earliest <= latest else { return false }
        for start in earliest...latest where isUUID(text, at: start) { return true }
        return false
    }

    private static func isUUID(_ text: Span<UInt8>, at start: Int) -> Bool {
        for i in 0..<uuidBytes {
            switch i {
            case 8, 13, 18, 23: if text[start + i] != UInt8(ascii: "-") { return false }
            default: if !isHexadecimal(text[start + i]) { return false }
            }
        }
        return true
    }

    static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }
}
