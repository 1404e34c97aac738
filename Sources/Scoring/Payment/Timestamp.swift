// RFC 3339 in and out, as nanoseconds since 1970 in UTC, without Foundation: the request path parses one a payment.

public enum Timestamp {
    public static let nanosecondsPerSecond: Int64 = 1_000_000_000
    fileprivate static let secondsPerDay: Int64 = 86_400
    private static let minutesPerDay: Int64 = 1_440
    private static let maximumBytes = 64

    /// Years that nanoseconds in an `Int64` can hold, with room at both ends.
    public static let years: ClosedRange<Int64> = 1_680...2_260

    /// Nanoseconds since 1970 of an RFC 3339 date-time, or nil where it is none.
    ///
    /// A fraction has up to nine digits that count; further ones are cut. A leap second (`:60`, in the last minute of a
    /// UTC day) is the first instant of the next day, as POSIX time has it.
    public static func nanoseconds(parsing text: Span<UInt8>) -> Int64? {
        guard text.count >= 20, text.count <= maximumBytes, text[4] == 0x2D, text[7] == 0x2D,
            text[10] | 0x20 == 0x74, text[13] == 0x3A, text[16] == 0x3A  // - - T : :
        else { return nil }
        guard let century = pair(text, 0), let yearOfCentury = pair(text, 2), let month = pair(text, 5),
            let day = pair(text, 8), let hour = pair(text, 11), let minute = pair(text, 14), let second = pair(text, 17)
        else { return nil }
        let year = century * 100 + yearOfCentury
        guard years.contains(year), (1...12).contains(month), day >= 1, day <= daysInMonth(year: year, month: month),
            hour <= 23, minute <= 59, second <= 60
        else { return nil }
        var position = 19
        guard let fraction = fraction(text, &position), let offsetMinutes = offsetMinutes(text, position) else {
            return nil
        }
        let minutes = hour * 60 + minute - offsetMinutes
        if second == 60, (minutes + minutesPerDay) % minutesPerDay != minutesPerDay - 1 { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        return (days * secondsPerDay + minutes * 60 + second) * nanosecondsPerSecond + fraction
    }

    /// Two digits as a number.
    @inline(__always)
    private static func pair(_ text: Span<UInt8>, _ position: Int) -> Int64? {
        let tens = text[position] &- 0x30
        let ones = text[position + 1] &- 0x30
        return tens <= 9 && ones <= 9 ? Int64(tens) * 10 + Int64(ones) : nil
    }

    /// Nanoseconds of the fraction that may stand here, and steps behind it; nil where it is malformed.
    private static func fraction(_ text: Span<UInt8>, _ position: inout Int) -> Int64? {
        guard text[position] == 0x2E else { return 0 }
        position += 1
        let start = position
        var scale = nanosecondsPerSecond
        var fraction: Int64 = 0
        while position < text.count, text[position] >= 0x30, text[position] <= 0x39 {
            scale /= 10
            fraction += Int64(text[position] - 0x30) * scale
            position += 1
        }
        return position > start ? fraction : nil
    }

    /// Minutes east of UTC, with which the text must end; nil otherwise.
    private static func offsetMinutes(_ text: Span<UInt8>, _ position: Int) -> Int64? {
        guard position < text.count else { return nil }
        if text[position] | 0x20 == 0x7A { return position + 1 == text.count ? 0 : nil }  // Z or z
        guard text[position] == 0x2B || text[position] == 0x2D, position + 6 == text.count, text[position + 3] == 0x3A,
            let hours = pair(text, position + 1), let minutes = pair(text, position + 4), hours <= 23, minutes <= 59
        else { return nil }
        return (hours * 60 + minutes) * (text[position] == 0x2B ? 1 : -1)
    }

    /// The instant in UTC, with as many digits of the fraction as it needs: none, three, six or nine.
    public static func text(nanoseconds: Int64) -> String {
        let text = TimestampText(nanoseconds: nanoseconds)
        return String(decoding: (0..<text.count).map { text.bytes[$0] }, as: UTF8.self)
    }

    private static func daysInMonth(year: Int64, month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    // Both ways by the proleptic Gregorian rule of eras of 400 years (146 097 days) that begin in March, so that the
    // leap day is the last of its year. See H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    fileprivate static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

/// An RFC 3339 text on the stack.
struct TimestampText {
    /// `2026-11-23T10:15:00.123456789Z` has 30 bytes.
    private(set) var bytes = InlineArray<30, UInt8>(repeating: 0)
    private(set) var count = 0

    init(nanoseconds: Int64) {
        var seconds = nanoseconds / Timestamp.nanosecondsPerSecond
        var fraction = nanoseconds % Timestamp.nanosecondsPerSecond
        if fraction < 0 {
            fraction += Timestamp.nanosecondsPerSecond
            seconds -= 1
        }
        var days = seconds / Timestamp.secondsPerDay
        var rest = seconds % Timestamp.secondsPerDay
        if rest < 0 {
            rest += Timestamp.secondsPerDay
            days -= 1
        }
        let (year, month, day) = Timestamp.civil(daysSince1970: days)
        append(year, digits: 4)
        append(0x2D)
        append(month, digits: 2)
        append(0x2D)
        append(day, digits: 2)
        append(0x54)
        append(rest / 3_600, digits: 2)
        append(0x3A)
        append(rest / 60 % 60, digits: 2)
        append(0x3A)
        append(rest % 60, digits: 2)
        if fraction != 0 {
            append(0x2E)
            if fraction % 1_000_000 == 0 {
                append(fraction / 1_000_000, digits: 3)
            } else if fraction % 1_000 == 0 {
                append(fraction / 1_000, digits: 6)
            } else {
                append(fraction, digits: 9)
            }
        }
        append(0x5A)
    }

    private mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    private mutating func append(_ value: Int64, digits: Int) {
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            append(0x30 + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
