// Timestamps, durations and time zones as text: RFC 3339, "1h30m", "+02:00".

/// Reads and writes the texts of times.
public enum TimeText {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// The nanoseconds of a duration such as "1h30m", "-1.5s" or "0"; nil where the text is none or too long.
    ///
    /// - Parameter allowingDays: Whether "30d" is read too: windows of histories know days, CEL's durations do not.
    public static func durationNanoseconds(_ text: some StringProtocol, allowingDays: Bool = false) -> Int64? {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest = rest.dropFirst() }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let whole = rest.prefix { $0.isASCIIDigit }
            rest = rest.dropFirst(whole.count)
            var fraction = Substring()
            if rest.first == "." {
                fraction = rest.dropFirst().prefix { $0.isASCIIDigit }
                rest = rest.dropFirst(fraction.count + 1)
            }
            guard !whole.isEmpty || !fraction.isEmpty else { return nil }
            let unitName = rest.prefix { !$0.isASCIIDigit && $0 != "." }
            rest = rest.dropFirst(unitName.count)
            guard let unit = units.first(where: { $0.name == unitName }), unit.name != "d" || allowingDays,
                let part = nanoseconds(whole: whole, fraction: fraction, unit: unit.nanoseconds)
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        return isNegative ? -total : total
    }

    private static func nanoseconds(whole: Substring, fraction: Substring, unit: Int64) -> Int64? {
        guard let count = whole.isEmpty ? 0 : Int64(whole) else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        // At most 18 digits, so that the fraction is an Int64; what is below a nanosecond is cut.
        let digits = fraction.prefix(18)
        let numerator = Int64(digits) ?? 0
        let denominator = digits.utf8.reduce(Int64(1)) { power, _ in power * 10 }
        let rest = denominator.dividingFullWidth(unit.multipliedFullWidth(by: numerator)).quotient
        let (sum, carried) = product.addingReportingOverflow(rest)
        return carried ? nil : sum
    }

    // MARK: Zones

    /// The seconds before UTC of "UTC", "Z", "+02:00", "-09:30" or "02:00"; nil of anything else.
    public static func zoneOffsetSeconds(_ text: some StringProtocol) -> Int? {
        if text == "UTC" || text == "Z" { return 0 }
        var cursor = TextCursor(text)
        let isNegative = cursor.skip("-")
        if !isNegative { _ = cursor.skip("+") }
        guard let hours = cursor.number(digits: 2), hours < 24, cursor.skip(":"),
            let minutes = cursor.number(digits: 2), minutes < 60, cursor.isAtEnd
        else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return isNegative ? -seconds : seconds
    }

    // MARK: Timestamps

    /// What `timestampNanoseconds` found.
    public enum TimestampReading: Sendable, Equatable {
        case nanoseconds(Int64)
        /// A timestamp before 1677-09-21 or after 2262-04-11, which 64 bits of nanoseconds do not hold.
        case outOfRange
        case malformed
    }

    /// The nanoseconds since 1970 of an RFC 3339 date and time, with `Z` or an offset. A leap second is refused.
    public static func timestampNanoseconds(_ text: some StringProtocol) -> TimestampReading {
        guard let (seconds, nanoseconds) = timestampParts(text) else { return .malformed }
        return compose(seconds: seconds, nanoseconds: Int64(nanoseconds)).map { .nanoseconds($0) } ?? .outOfRange
    }

    /// The same of the years 1 to 9999; nil where the text is none, or of another year.
    public static func instant(_ text: some StringProtocol) -> Instant? {
        timestampParts(text).flatMap { Instant(seconds: $0.seconds, nanoseconds: Int32($0.nanoseconds)) }
    }

    private static func timestampParts(_ text: some StringProtocol) -> (seconds: Int64, nanoseconds: Int)? {
        var cursor = TextCursor(text)
        guard let year = cursor.number(digits: 4), cursor.skip("-"), let month = cursor.number(digits: 2),
            cursor.skip("-"), let day = cursor.number(digits: 2), cursor.skip("T") || cursor.skip("t"),
            let hour = cursor.number(digits: 2), hour < 24, cursor.skip(":"),
            let minute = cursor.number(digits: 2), minute < 60, cursor.skip(":"),
            let second = cursor.number(digits: 2), second < 60
        else { return nil }
        var nanoseconds = 0
        if cursor.skip(".") {
            guard let fraction = cursor.fraction(digits: 9) else { return nil }
            nanoseconds = fraction
        }
        guard let offset = zone(&cursor), cursor.isAtEnd else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard date.isValid else { return nil }
        let seconds = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return (Int64(seconds), nanoseconds)
    }

    private static func zone(_ cursor: inout TextCursor) -> Int? {
        if cursor.skip("Z") || cursor.skip("z") { return 0 }
        let isNegative = cursor.skip("-")
        guard isNegative || cursor.skip("+"), let hours = cursor.number(digits: 2), hours < 24, cursor.skip(":"),
            let minutes = cursor.number(digits: 2), minutes < 60
        else { return nil }
        return (hours * 3_600 + minutes * 60) * (isNegative ? -1 : 1)
    }

    /// Whole seconds and the nanoseconds past them; the product may leave the range where the sum does not.
    private static func compose(seconds: Int64, nanoseconds: Int64) -> Int64? {
        let toEarlier: Int64 = seconds < 0 && nanoseconds > 0 ? 1 : 0
        let (product, overflow) = (seconds + toEarlier).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return nil }
        let (sum, carried) = product.addingReportingOverflow(nanoseconds - toEarlier * 1_000_000_000)
        return carried ? nil : sum
    }

    // MARK: Writing

    /// Appends "2009-02-13T23:31:30.5Z": UTC, and no more digits of the second than it has.
    public static func append(timestamp nanoseconds: Int64, to bytes: inout [UInt8]) {
        append(Instant(slot: nanoseconds), to: &bytes)
    }

    /// The same of any year from 1 to 9999.
    public static func append(_ instant: Instant, to bytes: inout [UInt8]) {
        let seconds = Int(instant.seconds)
        let days = seconds.flooredDivision(by: 86_400)
        let secondOfDay = seconds - days * 86_400
        let date = CivilDate(daysSince1970: days)
        append(date.year, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(date.month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(date.day, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        append(secondOfDay / 3_600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(secondOfDay / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(secondOfDay % 60, digits: 2, to: &bytes)
        append(fraction: Int(instant.nanoseconds), to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Appends "-1.5s": seconds, and no more digits than there are.
    public static func append(duration nanoseconds: Int64, to bytes: inout [UInt8]) {
        if nanoseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        let (seconds, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        append(Int(seconds), digits: 1, to: &bytes)
        append(fraction: Int(rest), to: &bytes)
        bytes.append(UInt8(ascii: "s"))
    }

    /// "2009-02-13T23:31:30.500Z": with no, three, six or nine digits of the second, as protocol buffers write JSON.
    public static func protobufText(of instant: Instant) -> String {
        var bytes: [UInt8] = []
        append(instant, to: &bytes)
        bytes.removeLast()
        pad(&bytes)
        return String(decoding: bytes, as: UTF8.self) + "Z"
    }

    /// "-1.500s", with as many digits.
    public static func protobufText(ofDuration nanoseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(duration: nanoseconds, to: &bytes)
        bytes.removeLast()
        pad(&bytes)
        return String(decoding: bytes, as: UTF8.self) + "s"
    }

    /// Zeros behind a fraction up to a multiple of three digits.
    private static func pad(_ bytes: inout [UInt8]) {
        guard let point = bytes.lastIndex(of: UInt8(ascii: ".")) else { return }
        while (bytes.count - point - 1) % 3 != 0 { bytes.append(UInt8(ascii: "0")) }
    }

    private static func append(fraction nanoseconds: Int, to bytes: inout [UInt8]) {
        guard nanoseconds != 0 else { return }
        bytes.append(UInt8(ascii: "."))
        append(nanoseconds, digits: 9, to: &bytes)
        while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
    }

    /// Appends a number that is not negative, with zeros in front up to a count of digits.
    static func append(_ value: Int, digits: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        var count = 1
        while count < digits || value / divisor >= 10 {
            divisor *= 10
            count += 1
        }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}

/// Reads a text of ASCII from left to right.
private struct TextCursor {
    private var rest: ArraySlice<UInt8>

    init(_ text: some StringProtocol) { rest = ArraySlice(Array(text.utf8)) }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    /// Exactly so many digits.
    mutating func number(digits: Int) -> Int? {
        guard rest.count >= digits else { return nil }
        var value = 0
        for _ in 0..<digits {
            guard let digit = rest.first, digit.isDigit else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
            rest.removeFirst()
        }
        return value
    }

    /// From one up to so many digits behind a point, as if all were there.
    mutating func fraction(digits: Int) -> Int? {
        var value = 0
        var count = 0
        while let digit = rest.first, digit.isDigit {
            guard count < digits else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
            count += 1
            rest.removeFirst()
        }
        guard count > 0 else { return nil }
        for _ in count..<digits { value *= 10 }
        return value
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { asciiValue?.isDigit ?? false }
}
