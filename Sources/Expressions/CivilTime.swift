// Nanoseconds since 1970 as a date and a time of day, and back, in the proleptic Gregorian calendar.
//
// A year is counted from March, so that the leap day is its last and the days before a month follow one formula;
// 400 years have 146,097 days.

/// A day of the calendar.
struct CivilDate: Equatable {
    var year: Int
    /// 1 to 12.
    var month: Int
    /// 1 to 31.
    var day: Int

    static let daysOfEra = 146_097
    /// From 1 March of year 0 to 1 January 1970.
    static let daysToEpoch = 719_468

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date that is `days` after 1 January 1970.
    init(daysSince1970 days: Int) {
        let shifted = days + Self.daysToEpoch
        let era = shifted.flooredDivision(by: Self.daysOfEra)
        let dayOfEra = shifted - era * Self.daysOfEra
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int {
        let yearFromMarch = month <= 2 ? year - 1 : year
        let era = yearFromMarch.flooredDivision(by: 400)
        let yearOfEra = yearFromMarch - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * Self.daysOfEra + dayOfEra - Self.daysToEpoch
    }

    /// True where the day exists.
    var isValid: Bool {
        guard (1...12).contains(month), day >= 1 else { return false }
        return CivilDate(daysSince1970: daysSince1970) == self
    }
}

/// What a timestamp or a duration may be asked.
enum TimeField: UInt32, Sendable, CaseIterable {
    case fullYear
    case month
    case date
    case dayOfMonth
    case dayOfWeek
    case dayOfYear
    case hours
    case minutes
    case seconds
    case milliseconds

    static let functions: [String: TimeField] = [
        "getFullYear": .fullYear, "getMonth": .month, "getDate": .date, "getDayOfMonth": .dayOfMonth,
        "getDayOfWeek": .dayOfWeek, "getDayOfYear": .dayOfYear, "getHours": .hours, "getMinutes": .minutes,
        "getSeconds": .seconds, "getMilliseconds": .milliseconds,
    ]

    /// True where a duration has the field too.
    var isOfDuration: Bool {
        switch self {
        case .hours, .minutes, .seconds, .milliseconds: true
        case .fullYear, .month, .date, .dayOfMonth, .dayOfWeek, .dayOfYear: false
        }
    }

    /// The field of a timestamp, in a zone that is `offsetSeconds` before UTC. Months, days of the month (but `date`),
    /// of the week (Sunday) and of the year count from 0, as in CEL.
    func of(timestamp nanoseconds: Int64, offsetSeconds: Int) -> Int64 {
        of(Instant(slot: nanoseconds), offsetSeconds: offsetSeconds)
    }

    /// The same of any year from 1 to 9999.
    func of(_ instant: Instant, offsetSeconds: Int) -> Int64 {
        let seconds = Int(instant.seconds) + offsetSeconds
        let days = seconds.flooredDivision(by: 86_400)
        let secondOfDay = seconds - days * 86_400
        switch self {
        case .hours: return Int64(secondOfDay / 3_600)
        case .minutes: return Int64(secondOfDay / 60 % 60)
        case .seconds: return Int64(secondOfDay % 60)
        case .milliseconds: return Int64(instant.nanoseconds) / 1_000_000
        case .dayOfWeek: return Int64((days + 4) - (days + 4).flooredDivision(by: 7) * 7)
        case .fullYear: return Int64(CivilDate(daysSince1970: days).year)
        case .month: return Int64(CivilDate(daysSince1970: days).month - 1)
        case .date: return Int64(CivilDate(daysSince1970: days).day)
        case .dayOfMonth: return Int64(CivilDate(daysSince1970: days).day - 1)
        case .dayOfYear:
            let year = CivilDate(daysSince1970: days).year
            return Int64(days - CivilDate(year: year, month: 1, day: 1).daysSince1970)
        }
    }

    /// The whole hours, minutes or seconds of a duration, and its milliseconds past the last whole second.
    func of(duration nanoseconds: Int64) -> Int64 {
        switch self {
        case .hours: nanoseconds / 3_600_000_000_000
        case .minutes: nanoseconds / 60_000_000_000
        case .milliseconds: nanoseconds / 1_000_000 % 1_000
        case .seconds, .fullYear, .month, .date, .dayOfMonth, .dayOfWeek, .dayOfYear: nanoseconds / 1_000_000_000
        }
    }
}

extension Int {
    func flooredDivision(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
