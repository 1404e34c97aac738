// A plan, compiled: where an entity keeps what, and what each read takes from it.
//
//   record   key | first | last dropped | chunk | bounds | present | next change, last change, if labelled |
//            decayed values | sums, squares, extremes | quarters: window starts, matured, counters, counts
//   event    time | ticket, knowledge, if labelled | measures | conditions | columns | halves: links of the columns
//   links    how many events back the same value stood last, how many ahead it stands next: 16 bits each, 0 is none
//
// The events of an entity stand in one chunk in the order of their times: slots head..<end. A window is the slot where
// it starts, as of the entity's present; all that is read of it is kept up to date by what enters and what leaves.

final class Layout: Sendable {
    /// What a planned read does.
    struct Operation: Sendable {
        enum Code: UInt8, Sendable {
            case count, countOfGroup, sum, mean, minimum, maximum, standardDeviation, distinct, distinctMeeting, isFirst
            case sinceFirst, sinceFirstMeeting, sinceLast, sinceLastMeeting, streak, streakAge, streakGap
            case decayedCount, decayedSum, decayedMean
        }
        var code: Code
        var isAfter: Bool
        /// Its window, group of a window, kept column, and kept conditions; -1 without one.
        var window: Int16 = -1
        var group: Int16 = -1
        var column: Int16 = -1
        var condition: Int16 = -1
        /// Its distinct counter, streak, or decayed value.
        var source: Int16 = -1
    }

    /// What is kept of the payments of a window that meet a condition and have a measure.
    struct Group: Sendable {
        var window: Int
        var condition: Int
        var measure: Int
        var kind: MeasureKind
        /// The quarter of its count, and the words of the rest in the record; -1 where it is not read.
        var count: Int
        var sum = -1
        var squares = -1
        var minimum = -1
        var maximum = -1
    }

    struct Streak: Sendable, Hashable {
        var condition: Int
        var among: Int
    }

    /// A decayed sum of a measure, or of the weights of the payments that have it; -1 is no measure.
    struct DecayedSum: Sendable, Hashable {
        var halfLife: Int64
        var condition: Int
        var measure: Int
        var isOfWeights: Bool
    }

    /// Different windows, shortest first, in microseconds; the last may be without end, `Int64.max`.
    let windows: [Int64]
    /// The measures, columns and conditions that reads name, by their number in the caller's spans.
    let measures: [Int]
    let kinds: [MeasureKind]
    let columns: [Int]
    let conditions: [Int]
    let measureCount: Int
    let columnCount: Int
    let conditionCount: Int
    /// Distinct counters of window w are `counterStarts[w]..<counterStarts[w + 1]`; each counts one kept column.
    let counterStarts: [Int]
    let counterColumns: [Int]
    /// Groups of window w are `groupStarts[w]..<groupStarts[w + 1]`.
    let groups: [Group]
    let groupStarts: [Int]
    let streaks: [Streak]
    let decayed: [DecayedSum]
    let operations: [Operation]
    let buckets: BucketLayout

    let longestWindow: Int64
    let keepsAllAges: Bool
    let isLabelled: Bool
    /// The age at which a payment without a label is legitimate; nil where no condition could tell.
    let maturity: Int64?

    // Words of a record.
    static var key: Int { 0 }
    static var first: Int { 1 }
    static var lastDropped: Int { 2 }
    static var chunk: Int { 3 }
    static var bounds: Int { 4 }
    static var present: Int { 5 }
    static var nextChange: Int { 6 }
    static var lastChange: Int { 7 }
    let recordDecayed: Int
    let recordPacked: Int
    /// Slots among the quarters: window starts, and the matured slot if there is a maturity.
    let pointerCount: Int
    let recordWords: Int

    // Words of an event.
    static var time: Int { 0 }
    static var ticket: Int { 1 }
    static var knowledge: Int { 2 }
    let eventMeasures: Int
    let eventConditions: Int
    let eventValues: Int
    let eventPacked: Int
    let eventWords: Int

    init(plan: EntityPlan, assumeLegitimateAfter: Int64? = nil) {
        var builder = LayoutBuilder(plan: plan)
        operations = plan.reads.map { builder.operation($0) }
        windows = builder.windows
        measures = builder.measures
        kinds = builder.measures.map { plan.measures[$0] }
        columns = builder.columns
        conditions = builder.conditions
        measureCount = plan.measures.count
        columnCount = plan.distinctColumnCount
        conditionCount = plan.conditionCount
        counterStarts = builder.counterStarts
        counterColumns = builder.counterColumns
        streaks = builder.streaks
        decayed = builder.decayed
        isLabelled = plan.isLabelled
        maturity = plan.isLabelled && !builder.conditions.isEmpty ? assumeLegitimateAfter : nil
        longestWindow = plan.longestWindowMicroseconds
        keepsAllAges = plan.keepsAllAges
        pointerCount = windows.count + (maturity == nil ? 0 : 1)

        recordDecayed = plan.isLabelled ? 8 : 6
        let firstGroupWord = recordDecayed + 4 * decayed.count
        let placed = builder.placedGroups(firstWord: firstGroupWord, firstQuarter: pointerCount + counterColumns.count)
        groups = placed.groups
        groupStarts = placed.starts
        buckets = BucketLayout(
            groups: groups, windows: windows, operations: operations, columns: columns.count, matures: maturity != nil)
        recordPacked = placed.endWord
        recordWords = recordPacked + (pointerCount + counterColumns.count + groups.count + 3) / 4

        eventMeasures = plan.isLabelled ? 3 : 1
        eventConditions = eventMeasures + measures.count
        eventValues = eventConditions + conditions.count
        eventPacked = eventValues + columns.count
        eventWords = eventPacked + (columns.count + 1) / 2
    }

    /// The record of an entity that has no events, with a chunk for one.
    var emptyRecord: [UInt64] {
        var record = [UInt64](repeating: 0, count: recordWords)
        record[Self.first] = UInt64(bitPattern: .max)
        record[Self.lastDropped] = UInt64(bitPattern: .min)
        record[Self.bounds] = Bounds(head: 0, end: 0, capacity: 1, ladder: 0).packed
        record[Self.present] = UInt64(bitPattern: .min)
        if isLabelled {
            record[Self.nextChange] = UInt64(bitPattern: .max)
            record[Self.lastChange] = UInt64(bitPattern: .min)
        }
        for number in 0..<2 * decayed.count {
            record[recordDecayed + 2 * number + 1] = UInt64(bitPattern: .min)
        }
        return record
    }
}
