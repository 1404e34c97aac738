// What is judged: a row a payment, kept as columns of numbers, so that millions of rows are some tens of bytes each.
// Texts (entities, segments, decisions) are kept once each and named by their number.

/// Distinct texts, numbered in the order in which they came.
public struct NameTable: Sendable {
    public private(set) var names: [String] = []
    private var numbers: [String: Int32] = [:]

    public init() {}

    /// The number of a text, a new one where it is new.
    public mutating func number(of name: String) -> Int32 {
        if let known = numbers[name] { return known }
        let number = Int32(names.count)
        names.append(name)
        numbers[name] = number
        return number
    }

    /// The number of a text that may not be there.
    func known(_ name: String) -> Int32? { numbers[name] }

    /// The place of each number when the texts are sorted: shorter ones first, equal lengths by their bytes, so that
    /// identifiers that are numbers, also behind a common prefix, are in numeric order. The empty text has place -1.
    func sortedPlaces() -> [Int32] {
        let order = names.indices.sorted { a, b in
            let (left, right) = (names[a].utf8, names[b].utf8)
            return left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
        }
        var places = [Int32](repeating: 0, count: names.count)
        for (place, number) in order.enumerated() { places[number] = names[number].isEmpty ? -1 : Int32(place) }
        return places
    }
}

/// What became known of a payment.
public enum KnownLabel: UInt8, Sendable {
    case legitimate
    case fraud
    case unknown
}

/// One payment on its way into the table.
public struct EvaluationRow: Sendable {
    /// Nanoseconds since 1970.
    public var eventTime: Int64 = 0
    /// NaN where the payment has none.
    public var score = Double.nan
    public var label = KnownLabel.unknown
    /// Nanoseconds since 1970; nil where the table does not tell: the label then counts as known from the payment on.
    public var labelledAt: Int64?
    public var amount = Double.nan
    public var probability = Double.nan
    public var entity = ""
    public var segment = ""
    public var decision = ""

    public init() {}
}

/// The rows to judge, by column. All columns have `count` elements; those that were not asked for are empty.
public struct EvaluationTable: Sendable {
    /// Nanoseconds of a day; days are those of UTC.
    static let dayNanoseconds: Int64 = 86_400_000_000_000

    /// Which of the optional columns are kept.
    public struct Columns: Sendable, Equatable {
        public var amount = false
        public var probability = false
        public var entity = false
        public var segment = false
        public var decision = false

        public init() {}
    }

    public let columns: Columns
    public private(set) var eventTimes: [Int64] = []
    public private(set) var scores: [Double] = []
    public internal(set) var labels: [KnownLabel] = []
    /// `Int64.min` where no time is told.
    public private(set) var labelledAt: [Int64] = []
    public private(set) var amounts: [Double] = []
    public private(set) var probabilities: [Double] = []
    public private(set) var entities: [Int32] = []
    public private(set) var segments: [Int32] = []
    public private(set) var decisions: [Int32] = []
    public private(set) var entityNames = NameTable()
    public private(set) var segmentNames = NameTable()
    public private(set) var decisionNames = NameTable()

    public init(columns: Columns) { self.columns = columns }

    public var count: Int { scores.count }

    /// - Complexity: O(1), amortised.
    public mutating func append(_ row: EvaluationRow) {
        eventTimes.append(row.eventTime)
        scores.append(row.score)
        labels.append(row.label)
        labelledAt.append(row.labelledAt ?? .min)
        if columns.amount { amounts.append(row.amount) }
        if columns.probability { probabilities.append(row.probability) }
        if columns.entity { entities.append(entityNames.number(of: row.entity)) }
        if columns.segment { segments.append(segmentNames.number(of: row.segment)) }
        if columns.decision { decisions.append(decisionNames.number(of: row.decision)) }
    }

    /// Days since 1970 of a row.
    func day(_ row: Int) -> Int64 { Self.day(of: eventTimes[row]) }

    static func day(of nanoseconds: Int64) -> Int64 {
        nanoseconds >= 0 ? nanoseconds / dayNanoseconds : (nanoseconds + 1) / dayNanoseconds - 1
    }
}
