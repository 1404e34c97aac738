// Time in the simulation is nanoseconds since 1970, in whole milliseconds; written as RFC 3339 in UTC.

enum Nanoseconds {
    static let millisecond: Int64 = 1_000_000
    static let second: Int64 = 1_000_000_000
    static let minute: Int64 = 60 * second
    static let hour: Int64 = 60 * minute
    static let day: Int64 = 24 * hour

    /// To the millisecond below, so that text and number say the same instant.
    static func wholeMilliseconds(_ time: Int64) -> Int64 { time - time % millisecond }

    static func seconds(_ count: Double) -> Int64 { wholeMilliseconds(Int64(count * 1e9)) }
    static func hours(_ count: Double) -> Int64 { seconds(count * 3_600) }
    static func days(_ count: Double) -> Int64 { seconds(count * 86_400) }
}

/// The date of a day in the proleptic Gregorian calendar, counted in years that begin in March, so that the leap day
/// is the last of its year and 400 years are always 146 097 days.
struct CivilDate {
    let year: Int64
    let month: Int64
    let day: Int64

    init(daysSince1970: Int64) {
        let days = daysSince1970 + 719_468  // since 0000-03-01
        precondition(days >= 0, "the simulation knows no dates before the year 0")
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    init(nanoseconds: Int64) { self.init(daysSince1970: nanoseconds / Nanoseconds.day) }

    /// Months since the year 0.
    var monthIndex: Int64 { year * 12 + month - 1 }
}

extension TextBuffer {
    /// RFC 3339 in UTC with three, six or nine digits of the second's fraction: as few as hold the instant.
    mutating func append(instant nanoseconds: Int64) {
        precondition(nanoseconds >= 0, "an instant before 1970")
        let date = CivilDate(nanoseconds: nanoseconds)
        let seconds = nanoseconds % Nanoseconds.day / Nanoseconds.second
        let fraction = nanoseconds % Nanoseconds.second
        append(decimal: date.year, digits: 4)
        append(byte: 0x2D)
        append(decimal: date.month, digits: 2)
        append(byte: 0x2D)
        append(decimal: date.day, digits: 2)
        append(byte: 0x54)
        append(decimal: seconds / 3_600, digits: 2)
        append(byte: 0x3A)
        append(decimal: seconds / 60 % 60, digits: 2)
        append(byte: 0x3A)
        append(decimal: seconds % 60, digits: 2)
        append(byte: 0x2E)
        if fraction % 1_000_000 == 0 {
            append(decimal: fraction / 1_000_000, digits: 3)
        } else if fraction % 1_000 == 0 {
            append(decimal: fraction / 1_000, digits: 6)
        } else {
            append(decimal: fraction, digits: 9)
        }
        append(byte: 0x5A)
    }
}
