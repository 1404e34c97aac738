// How one kind of entity lies in memory, worked out from its plan. All is 64-bit words; smaller fields share one, the
// lowest bits first.
//
//   record   key | first | last dropped | chunk | head, end, capacity: 16 bits each | low of each measure's tally |
//            packed of each measure's tally: 32 bits each | starts, counters: 16 bits each
//   event    time | low of each measure's tally before it | value of each column |
//            packed of each tally, links of each column: 32 bits each
//   tally    the sum of a measure's values, 80 bits, and how many there were, 16: low, packed = count, high
//   links    how many events back the same value stood last, how many ahead it stands next: 16 bits each, 0 is none
//
// The events of an entity stand in one chunk in the order of their times: slots head..<end. A window needs no sums:
// its start is a slot, its count a difference of slots, its sum a difference of tallies. Only distinct values are
// counted as the window moves: a value leaves with its last event in the window, and the links tell which one that is.

final class Layout: Sendable {
    /// What a planned read does, in eight bytes.
    struct Operation: Sendable {
        enum Code: UInt8, Sendable {
            case count, countAdded, sum, mean, distinct, distinctAdded, sinceFirst, sinceFirstAdded, sinceLast
        }
        var code: Code
        /// Its window; unused without one.
        var window: UInt8 = 0
        /// Of a distinct read, the kept column.
        var column: UInt8 = 0
        /// Of a distinct read, its counter; of a sum or mean twice the number of the sum, one more with the payment.
        var source: UInt16 = 0
    }

    struct WindowSum: Sendable, Hashable {
        let window: Int
        let measure: Int
    }

    /// Different windows, shortest first, in microseconds.
    let windows: [Int64]
    /// The measures and columns that reads name, by their number in the caller's spans.
    let measures: [Int]
    let columns: [Int]
    let measureCount: Int
    let columnCount: Int
    /// Distinct counters of window w are `counterStarts[w]..<counterStarts[w + 1]`; each counts one kept column.
    let counterStarts: [Int]
    let counterColumns: [Int]
    /// Sums that are read: over a window, of a kept measure.
    let sums: [WindowSum]
    let operations: [Operation]

    let longestWindow: Int64

    // Words of a record.
    static let key = 0
    static let first = 1
    static let lastDropped = 2
    static let chunk = 3
    static let bounds = 4
    static let recordTallies = 5
    let recordPacked: Int
    let recordStarts: Int
    let recordWords: Int

    // Words of an event.
    static let time = 0
    static let eventTallies = 1
    let eventValues: Int
    let eventPacked: Int
    let eventWords: Int

    init(plan: EntityPlan) {
        let reads = plan.reads.map(\.read)
        let windows = Set(reads.compactMap(\.windowMicroseconds)).sorted()
        let measures = Set(reads.compactMap(\.measure)).sorted()
        let columns = Set(reads.compactMap(\.column)).sorted()
        var starts: [Int] = [0]
        var counters: [Int] = []
        for window in windows {
            for (slot, column) in columns.enumerated()
            where reads.contains(.distinct(column: column, windowMicroseconds: window)) {
                counters.append(slot)
            }
            starts.append(counters.count)
        }
        var sums: [WindowSum] = []
        operations = plan.reads.map { planned in
            let added = planned.moment == .after
            let window = Self.place(planned.read.windowMicroseconds, windows)
            var operation = Operation(code: Self.code(planned), window: UInt8(window))
            if let measure = planned.read.measure {
                let sum = WindowSum(window: window, measure: Self.place(measure, measures))
                if !sums.contains(sum) { sums.append(sum) }
                operation.source = UInt16(2 * Self.place(sum, sums) + (added ? 1 : 0))
            } else if let column = planned.read.column {
                let slot = Self.place(column, columns)
                operation.column = UInt8(slot)
                let range = starts[window]..<starts[window + 1]
                operation.source = UInt16(counters[range].firstIndex(of: slot) ?? 0)
            }
            return operation
        }
        self.windows = windows
        longestWindow = windows.last ?? 0
        self.measures = measures
        self.columns = columns
        self.sums = sums
        measureCount = plan.measureCount
        columnCount = plan.distinctColumnCount
        counterStarts = starts
        counterColumns = counters
        recordPacked = Self.recordTallies + measures.count
        recordStarts = recordPacked + (measures.count + 1) / 2
        recordWords = recordStarts + (windows.count + counters.count + 3) / 4
        eventValues = Self.eventTallies + measures.count
        eventPacked = eventValues + columns.count
        eventWords = eventPacked + (measures.count + columns.count + 1) / 2
    }

    private static func code(_ planned: PlannedRead) -> Operation.Code {
        let added = planned.moment == .after
        return switch planned.read {
        case .count: added ? .countAdded : .count
        case .sum: .sum
        case .mean: .mean
        case .distinct: added ? .distinctAdded : .distinct
        case .sinceFirst: added ? .sinceFirstAdded : .sinceFirst
        case .sinceLast: .sinceLast
        }
    }

    private static func place<Element: Equatable>(_ element: Element?, _ list: [Element]) -> Int {
        element.flatMap { list.firstIndex(of: $0) } ?? 0
    }
}

/// A sum of 64-bit values in 80 bits, and how many they were in 16; both modulo their width, so that the difference of
/// two is exact while the events between them are fewer than 2^16.
struct Tally: Sendable {
    var low: UInt64
    /// The count below, the sum's high bits above.
    var packed: UInt32

    @inline(__always)
    init(low: UInt64 = 0, packed: UInt32 = 0) {
        self.low = low
        self.packed = packed
    }

    private var high: UInt16 {
        @inline(__always) get { UInt16(truncatingIfNeeded: packed >> 16) }
    }

    var count: Int {
        @inline(__always) get { Int(packed & 0xFFFF) }
    }

    @inline(__always)
    mutating func add(_ value: Int64) {
        let (sum, carry) = low.addingReportingOverflow(UInt64(bitPattern: value))
        low = sum
        let sign = UInt16(truncatingIfNeeded: value >> 63)
        set(high: high &+ sign &+ (carry ? 1 : 0), count: UInt16(truncatingIfNeeded: packed) &+ 1)
    }

    /// What was added since `earlier`.
    @inline(__always)
    func since(_ earlier: Tally) -> Tally {
        let (difference, borrow) = low.subtractingReportingOverflow(earlier.low)
        var result = Tally(low: difference, packed: 0)
        result.set(
            high: high &- earlier.high &- (borrow ? 1 : 0),
            count: UInt16(truncatingIfNeeded: packed) &- UInt16(truncatingIfNeeded: earlier.packed))
        return result
    }

    @inline(__always)
    private mutating func set(high: UInt16, count: UInt16) {
        packed = UInt32(high) << 16 | UInt32(count)
    }

    /// Whether the sum is an `Int64`.
    private var fits: Bool {
        @inline(__always) get { high == UInt16(truncatingIfNeeded: Int64(bitPattern: low) >> 63) }
    }

    /// The sum, at the nearer end of `Int64` if it lies beyond.
    var sum: Int64 {
        @inline(__always) get {
            if fits { return Int64(bitPattern: low) }
            return Int16(bitPattern: high) < 0 ? .min : .max
        }
    }

    /// The exact sum, rounded once, over the count.
    var mean: Double {
        @inline(__always) get {
            let sum = fits ? Double(Int64(bitPattern: low)) : Double(wide)
            return sum / Double(count)
        }
    }

    private var wide: Int128 { Int128(Int16(bitPattern: high)) << 64 | Int128(low) }
}

/// The halves of a word.
@inline(__always)
func lowHalf(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word & 0xFFFF_FFFF) }

@inline(__always)
func highHalf(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word >> 32) }

@inline(__always)
func joined(low: Int, high: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: high) << 32 | UInt64(truncatingIfNeeded: low) & 0xFFFF_FFFF
}

extension MutableSpan<UInt64> {
    /// A field of 16 bits, counted from the front of the word.
    @inline(__always)
    func quarter(_ word: Int, _ number: Int) -> Int {
        let shift = UInt64(truncatingIfNeeded: number & 3) &* 16
        return Int(truncatingIfNeeded: (self[word &+ number &>> 2] &>> shift) & 0xFFFF)
    }

    @inline(__always)
    mutating func setQuarter(_ word: Int, _ number: Int, _ value: Int) {
        let shift = UInt64(truncatingIfNeeded: number & 3) &* 16
        let index = word &+ number &>> 2
        self[index] = self[index] & ~(0xFFFF &<< shift) | UInt64(truncatingIfNeeded: value & 0xFFFF) &<< shift
    }

    /// A field of 32 bits, counted from the front of the word.
    @inline(__always)
    func half(_ word: Int, _ number: Int) -> UInt32 {
        let shift = UInt64(truncatingIfNeeded: number & 1) &* 32
        return UInt32(truncatingIfNeeded: self[word &+ number &>> 1] &>> shift)
    }

    @inline(__always)
    mutating func setHalf(_ word: Int, _ number: Int, _ value: UInt32) {
        let shift = UInt64(truncatingIfNeeded: number & 1) &* 32
        let index = word &+ number &>> 1
        self[index] = self[index] & ~(0xFFFF_FFFF &<< shift) | UInt64(value) &<< shift
    }
}
