// Time zones: offsets, and the names of the system's time zone database, whose files are read once and kept.
//
// A file lists the instants at which the offset changes and ends with a rule for all later years, such as
// "GMT0BST,M3.5.0/1,M10.5.0". Source: RFC 8536; the rule's form is that of POSIX's TZ.

import Glibc
import Synchronization

/// What a zone's clocks say.
struct TimeZone: Sendable {
    /// Seconds since 1970, ascending.
    private var starts: [Int64] = []
    /// From the start of the same index on.
    private var offsets: [Int32] = []
    private var first: Int32
    private var rule: ZoneRule?

    init(offsetSeconds: Int) { first = Int32(offsetSeconds) }

    /// Seconds before UTC at an instant.
    func offsetSeconds(at seconds: Int64) -> Int {
        guard let last = starts.last else { return rule?.offsetSeconds(at: Int(seconds)) ?? Int(first) }
        if seconds >= last, let rule { return rule.offsetSeconds(at: Int(seconds)) }
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return Int(low == 0 ? first : offsets[low - 1])
    }

    /// Reads a file of the database; nil where it is none of version 2 or later, or damaged.
    init?(file bytes: [UInt8]) {
        func number(_ place: Int, _ count: Int) -> Int64 {
            var value: UInt64 = 0
            for byte in bytes[place..<place + count] { value = value << 8 | UInt64(byte) }
            return count == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
        }
        /// Counts of: UT marks, standard marks, leap seconds, transitions, types, letters of names.
        func counts(_ place: Int) -> [Int]? {
            guard bytes.count >= place + 44, bytes[place..<place + 4].elementsEqual("TZif".utf8) else { return nil }
            let counts = (0..<6).map { Int(number(place + 20 + 4 * $0, 4)) }
            return counts.allSatisfy { (0...1 << 20).contains($0) } ? counts : nil
        }
        func size(_ counts: [Int], timeBytes: Int) -> Int {
            counts[3] * (timeBytes + 1) + counts[4] * 6 + counts[5] + counts[2] * (timeBytes + 4) + counts[1]
                + counts[0]
        }
        guard let old = counts(0), bytes[4] >= UInt8(ascii: "2") else { return nil }
        let header = 44 + size(old, timeBytes: 4)
        guard let sizes = counts(header), bytes.count >= header + 44 + size(sizes, timeBytes: 8), sizes[4] > 0 else {
            return nil
        }
        let times = header + 44
        let indices = times + sizes[3] * 8
        let types = indices + sizes[3]
        func offset(_ type: Int) -> Int32 { Int32(number(types + type * 6, 4)) }
        first = offset(0)
        for index in 0..<sizes[3] {
            let type = Int(bytes[indices + index])
            guard type < sizes[4] else { return nil }
            starts.append(number(times + index * 8, 8))
            offsets.append(offset(type))
        }
        let footer = bytes[(times + size(sizes, timeBytes: 8))...].split(separator: UInt8(ascii: "\n"))
        rule = footer.first.flatMap { ZoneRule(String(decoding: $0, as: UTF8.self)) }
    }
}

/// Standard and daylight saving time by the weekdays of months.
struct ZoneRule: Sendable {
    private struct Change {
        var month = 0
        /// 1 to 5, where 5 is the last.
        var week = 0
        /// From Sunday.
        var weekday = 0
        /// After midnight of the local day.
        var seconds = 7_200
    }

    private let standard: Int
    private var daylight: Int?
    private var start = Change()
    private var end = Change()

    /// nil where the text is none, or gives days by number.
    init?(_ text: String) {
        var rest = Substring(text)
        guard Self.skipName(&rest), let west = Self.time(&rest) else { return nil }
        standard = -west
        guard !rest.isEmpty else { return }
        guard Self.skipName(&rest) else { return nil }
        daylight = standard + 3_600
        if rest.first != ",", let west = Self.time(&rest) { daylight = -west }
        guard let start = Self.change(&rest), let end = Self.change(&rest), rest.isEmpty else { return nil }
        self.start = start
        self.end = end
    }

    private static func skipName(_ text: inout Substring) -> Bool {
        if text.first == "<" {
            guard let end = text.firstIndex(of: ">") else { return false }
            text = text[text.index(after: end)...]
            return true
        }
        let letters = text.prefix { $0.isLetter }
        text = text.dropFirst(letters.count)
        return letters.count >= 3
    }

    /// `h`, `h:mm` or `h:mm:ss` with a sign, in seconds.
    private static func time(_ text: inout Substring) -> Int? {
        var sign = 1
        if text.first == "-" || text.first == "+" { sign = text.removeFirst() == "-" ? -1 : 1 }
        var total = 0
        for unit in [3_600, 60, 1] {
            if unit < 3_600 {
                guard text.first == ":" else { break }
                text.removeFirst()
            }
            guard let value = number(&text), value <= 167 else { return nil }
            total += value * unit
        }
        return sign * total
    }

    private static func number(_ text: inout Substring) -> Int? {
        let digits = text.prefix { $0.isNumber }
        text = text.dropFirst(digits.count)
        return Int(digits)
    }

    private static func change(_ text: inout Substring) -> Change? {
        guard text.hasPrefix(",M") else { return nil }
        text = text.dropFirst(2)
        var change = Change()
        guard let month = number(&text), (1...12).contains(month), text.popFirst() == ".", let week = number(&text),
            (1...5).contains(week), text.popFirst() == ".", let weekday = number(&text), (0...6).contains(weekday)
        else { return nil }
        (change.month, change.week, change.weekday) = (month, week, weekday)
        if text.first == "/" {
            text.removeFirst()
            guard let seconds = time(&text) else { return nil }
            change.seconds = seconds
        }
        return change
    }

    func offsetSeconds(at seconds: Int) -> Int {
        guard let daylight else { return standard }
        let year = CivilDate(daysSince1970: (seconds + standard).flooredDivision(by: 86_400)).year
        let start = Self.instant(start, year: year) - standard
        let end = Self.instant(end, year: year) - daylight
        let isDaylight = start < end ? (start..<end).contains(seconds) : !(end..<start).contains(seconds)
        return isDaylight ? daylight : standard
    }

    /// Local seconds since 1970 of a change in a year.
    private static func instant(_ change: Change, year: Int) -> Int {
        let first = CivilDate(year: year, month: change.month, day: 1).daysSince1970
        let weekday = (first + 4) - (first + 4).flooredDivision(by: 7) * 7
        var day = first + (change.weekday - weekday + 7) % 7 + (change.week - 1) * 7
        while CivilDate(daysSince1970: day).month != change.month { day -= 7 }
        return day * 86_400 + change.seconds
    }
}

/// The zones that texts name.
enum TimeZones {
    private static let folder = "/usr/share/zoneinfo/"
    private static let longestName = 64
    private static let longestFile = 1 << 20
    private static let maximumKept = 1_000
    private static let kept = Mutex<[String: TimeZone]>([:])

    /// "+02:00", "UTC", or a name such as "Europe/Dublin"; nil where there is none, or no database.
    static func zone(_ name: String) -> TimeZone? {
        if let offset = TimeText.zoneOffsetSeconds(name) { return TimeZone(offsetSeconds: offset) }
        guard isName(name) else { return nil }
        return kept.withLock { kept in
            if let zone = kept[name] { return zone }
            guard let bytes = read(folder + name), let zone = TimeZone(file: bytes) else { return nil }
            if kept.count < maximumKept { kept[name] = zone }
            return zone
        }
    }

    /// Letters, digits, `_ + -` in parts between slashes: no way out of the folder.
    private static func isName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return name.utf8.count <= longestName
            && parts.allSatisfy { part in
                part.first?.isNameStart == true && part.allSatisfy { $0.isNamePart || "+-".utf8.contains($0) }
            }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: longestFile)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { break }
            count += got
        }
        return Array(bytes.prefix(count))
    }
}
