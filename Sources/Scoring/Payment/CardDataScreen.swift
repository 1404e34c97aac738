// Card numbers, tracks and verification codes have no business in a fraud service: what looks like one is refused
// before it is kept. The screen reads bytes and says what it found, never where to whom.
//
//   4111111111111111        a run of 13 to 19 digits whose Luhn sum is right
//   4111 1111-1111 1111     the same in groups; every stretch of groups is tried, for a date or a code may stand beside
//   ;4111111111111111=2512  a track
//   cvv: 123                a verification code by its name
//
// One number in ten has a right Luhn sum by chance, so what is known to be something else is let pass: see
// CardDataScreen+Exceptions.swift.

public enum CardDataScreen {
    public enum Finding: Sendable, Equatable {
        case cardNumber
        case track
        case verificationCode

        /// What a user reads; it never repeats the value.
        public var detail: String {
            switch self {
            case .cardNumber: "looks like a card number; send a fingerprint or token, never the PAN"
            case .track: "looks like magnetic-stripe track data, which must not be sent"
            case .verificationCode: "looks like a card verification code; send the result of its check, never the code"
            }
        }
    }

    static let cardNumberDigits = 13...19
    /// Digits in a group, but for the last one of a number, which may be shorter.
    private static let groupDigits = 3...7
    /// A narrow group: numbers that are written in single digits or in pairs.
    private static let narrowGroupDigits = 1...2

    /// What the text holds, or nil. O(bytes); allocates nothing.
    public static func finding(in text: Span<UInt8>) -> Finding? {
        isPlainlyClean(text) ? nil : search(text)
    }

    /// The search itself; its plain twin for tests of `isPlainlyClean`.
    static func search(_ text: Span<UInt8>) -> Finding? {
        let digits = countDigits(text)
        guard digits >= verificationCodeDigits.lowerBound else { return nil }
        let mayHoldNumber = digits >= cardNumberDigits.lowerBound
        var position = 0
        while position < text.count {
            guard isDigit(text[position]) else {
                position += 1
                continue
            }
            let end = endOfDigits(in: text, from: position)
            if mayHoldNumber, cardNumberDigits.contains(end - position) {
                if isTrack(text, position..<end) { return .track }
                if isCardNumber(text, position..<end), !isException(text, position..<end) { return .cardNumber }
            } else if mayHoldNumber, hasGroupedNumber(text, from: position, firstGroupEnd: end) {
                return .cardNumber
            }
            if verificationCodeDigits.contains(end - position), isNamedCode(text, position..<end) {
                return .verificationCode
            }
            position = end
        }
        return nil
    }

    /// What a JSON number holds: its whole part is looked at, with the exponent carried out.
    public static func finding(inNumber text: Span<UInt8>) -> Finding? {
        var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var count = 0  // digits of the mantissa
        var wholeCount = 0  // of them, before the point
        var exponent = 0
        var position = 0
        var isFraction = false
        while position < text.count, text[position] | 0x20 != UInt8(ascii: "e") {
            let byte = text[position]
            position += 1
            if byte == UInt8(ascii: ".") { isFraction = true }
            guard isDigit(byte) else { continue }
            if count < digits.count { digits[count] = byte }
            count += 1
            if !isFraction { wholeCount += 1 }
        }
        let isNegative = position + 1 < text.count && text[position + 1] == UInt8(ascii: "-")
        while position < text.count {
            if isDigit(text[position]) { exponent = min(exponent * 10 + Int(text[position] - 0x30), 1_000) }
            position += 1
        }
        let length = wholeCount + (isNegative ? -exponent : exponent)
        guard cardNumberDigits.contains(length) else { return nil }
        return isCardNumber(digits.span, 0..<length) ? .cardNumber : nil
    }

    // MARK: - Numbers

    /// Whether a stretch of groups that begins with this one is a card number.
    private static func hasGroupedNumber(_ text: Span<UInt8>, from start: Int, firstGroupEnd: Int) -> Bool {
        let first = firstGroupEnd - start
        let isNarrow = narrowGroupDigits.contains(first)
        guard isNarrow || groupDigits.contains(first) else { return false }
        var end = firstGroupEnd
        var digits = first
        while true {
            let separator = separatorBytes(in: text, at: end)
            guard separator > 0 else { return false }
            let groupEnd = endOfDigits(in: text, from: end + separator)
            let group = groupEnd - end - separator
            guard group > 0, group <= groupDigits.upperBound, digits + group <= cardNumberDigits.upperBound else {
                return false
            }
            digits += group
            end = groupEnd
            if cardNumberDigits.contains(digits), isCardNumber(text, start..<end),
                !isGroupedException(text, start..<end, digits: digits)
            {
                return true
            }
            // A group that goes on must be as wide as such groups are, or as narrow as the first.
            guard isNarrow ? group == first : groupDigits.contains(group) else { return false }
        }
    }

    /// Bytes of the separator here; 0 where there is none. Blanks and hyphens, those of Unicode too, and a point.
    private static func separatorBytes(in text: Span<UInt8>, at position: Int) -> Int {
        guard position < text.count else { return 0 }
        switch text[position] {
        case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), 0x09: return 1
        case 0xC2:  // U+00A0
            return position + 1 < text.count && text[position + 1] == 0xA0 ? 2 : 0
        case 0xE2:  // U+2007 and U+202F, blanks; U+2010 to U+2014, hyphens and dashes; U+2009, a thin blank
            guard position + 2 < text.count, text[position + 1] == 0x80 else { return 0 }
            switch text[position + 2] {
            case 0x87, 0x89, 0xAF, 0x90...0x94: return 3
            default: return 0
            }
        default: return 0
        }
    }

    /// Whether the digits in a range, whatever stands between them, are a number that a card may have.
    static func isCardNumber(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        luhnHolds(text, range) && !isKnownOtherwise(text, range)
    }

    /// The check of ISO/IEC 7812-1 annex B over the digits in a range.
    private static func luhnHolds(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var sum = 0
        var isDoubled = false
        var i = range.upperBound
        while i > range.lowerBound {
            i -= 1
            guard isDigit(text[i]) else { continue }
            var digit = Int(text[i] - 0x30)
            if isDoubled {
                digit *= 2
                if digit > 9 { digit -= 9 }
            }
            sum += digit
            isDoubled.toggle()
        }
        return sum % 10 == 0
    }

    // MARK: - Tracks

    /// ISO/IEC 7813: track 1 is `%B`number`^`, track 2 number`=`expiry; a chip writes the `=` as the hexadecimal digit D.
    private static func isTrack(_ text: Span<UInt8>, _ run: Range<Int>) -> Bool {
        guard run.upperBound < text.count else { return false }
        switch text[run.upperBound] {
        case UInt8(ascii: "^"): return run.lowerBound > 0 && text[run.lowerBound - 1] | 0x20 == UInt8(ascii: "b")
        case UInt8(ascii: "="): return isExpiry(text, at: run.upperBound + 1)
        case UInt8(ascii: "D"), UInt8(ascii: "d"):
            // In one of a million digests such a row of digits stands by chance, with expiry, service code and a right
            // sum; but then other digits from A to E stand behind it, and not the padding of a track.
            guard run.lowerBound == 0 || !isHexadecimal(text[run.lowerBound - 1]) else { return false }
            let end = endOfDigits(in: text, from: run.upperBound + 1)
            return isExpiry(text, at: run.upperBound + 1) && end - run.upperBound > 7 && luhnHolds(text, run)
                && isPadding(text, from: end)
        default: return false
        }
    }

    /// Whether the hexadecimal digits from here on are all F, if there are any.
    private static func isPadding(_ text: Span<UInt8>, from start: Int) -> Bool {
        var position = start
        while position < text.count, text[position] | 0x20 == UInt8(ascii: "f") { position += 1 }
        return position == text.count || !isHexadecimal(text[position])
    }

    /// Year and month, four digits.
    private static func isExpiry(_ text: Span<UInt8>, at position: Int) -> Bool {
        guard endOfDigits(in: text, from: position) >= position + 4 else { return false }
        return (1...12).contains(number(text, (position + 2)..<(position + 4)))
    }

    // MARK: - Bytes

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66)
    }

    static func endOfDigits(in text: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < text.count, isDigit(text[end]) { end += 1 }
        return end
    }

    /// The number that the digits of a range say; the range holds nothing else.
    static func number(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
        var number = 0
        for i in range { number = number * 10 + Int(text[i] - 0x30) }
        return number
    }

    /// Eight bytes at a time: most texts have too few digits to hold anything, and are done here.
    private static func countDigits(_ text: Span<UInt8>) -> Int {
        var count = 0
        var position = 0
        text.withUnsafeBytes { bytes in
            let ones: UInt64 = 0x0101_0101_0101_0101
            while position + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) ^ (ones &* 0x30)
                // A byte below ten has its high bit clear in both terms.
                let others = (((word & (ones &* 0x7F)) &+ (ones &* 0x76)) | word) & (ones &* 0x80)
                count += 8 - others.nonzeroBitCount
                position += 8
            }
        }
        while position < text.count {
            if isDigit(text[position]) { count += 1 }
            position += 1
        }
        return count
    }
}
