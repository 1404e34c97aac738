// Which rows are judged, and by which label: those of the period whose label had time to become known.
//
//   read ─▶ outside the period │ without a score │ too young │ without a label │ of a known entity ─▶ judged
//
// A row that leaves is counted at the first of these places.

public struct EvaluationPeriod: Sendable, Equatable {
    /// The first instant, and the first behind the last, in nanoseconds since 1970; nil takes all.
    public var from: Int64?
    public var to: Int64?
    /// What is known is what was known then; nil is the latest time in the table, of a payment or of a label.
    public var asOf: Int64?
    /// Payments younger than this, seen from `asOf`, are not judged. Nanoseconds.
    public var maturity: Int64 = 0
    /// A payment without a label counts as legitimate when it is this old; nil leaves it out. Nanoseconds.
    public var assumeLegitimateAfter: Int64?
    /// Leaves out payments of an entity of which a fraud was known when the payment's day began. Frauds count from so long
    /// before the payment's week on. nil keeps them. Nanoseconds.
    public var leaveOutKnown: Int64?

    public init() {}
}

/// Payments of one age, and how many of them still have no label.
public struct LabelAge: Sendable, Equatable {
    /// Days, from and up to; the last has no end.
    public let fromDays: Int
    public let toDays: Int?
    public internal(set) var payments = 0
    public internal(set) var frauds = 0
    public internal(set) var legitimate = 0

    public var withoutLabel: Int { payments - frauds - legitimate }
}

/// The rows to judge, and what became of the others.
public struct EvaluationSelection: Sendable {
    static let weekDays: Int64 = 7
    private static let ageEdgesDays = [0, 1, 3, 7, 14, 30, 45, 60, 90, 120]

    public struct Counts: Sendable, Equatable {
        public var read = 0
        public var outside = 0
        public var withoutScore = 0
        public var immature = 0
        public var withoutLabel = 0
        public var ofKnownEntities = 0
        public var judged = 0
        /// Of the judged ones, those that count as legitimate because nobody said otherwise.
        public var assumedLegitimate = 0
    }

    public private(set) var rows: [Int32] = []
    /// For each of `rows`.
    public private(set) var isFraud: [Bool] = []
    public private(set) var counts = Counts()
    /// By age at `asOf`, of all payments of the period that have a score.
    public private(set) var ages: [LabelAge]
    public let asOf: Int64
    /// The day that begins the first week, in days since 1970.
    public private(set) var firstDay: Int64 = 0

    /// - Complexity: O(rows), and O(rows log rows) where known entities are left out.
    public init(_ table: EvaluationTable, _ period: EvaluationPeriod) {
        asOf = period.asOf ?? Self.latestTime(table)
        let edges = Self.ageEdgesDays
        ages = edges.indices.map { edge in
            LabelAge(fromDays: edges[edge], toDays: edge + 1 < edges.count ? edges[edge + 1] : nil)
        }
        counts.read = table.count
        let first = period.from ?? table.eventTimes.min()
        firstDay = first.map(EvaluationTable.day(of:)) ?? 0
        let known = period.leaveOutKnown.map { KnownFrauds(table, asOf: asOf, firstDay: firstDay, lookback: $0) }
        for row in 0..<table.count { place(row, table, period, known) }
        counts.judged = rows.count
    }

    private mutating func place(
        _ row: Int, _ table: EvaluationTable, _ period: EvaluationPeriod, _ known: KnownFrauds?
    ) {
        let time = table.eventTimes[row]
        guard time >= period.from ?? .min, time < period.to ?? .max, time <= asOf else {
            counts.outside += 1
            return
        }
        guard !table.scores[row].isNaN else {
            counts.withoutScore += 1
            return
        }
        let label = table.label(row, asOf: asOf)
        let age = asOf.subtractingReportingOverflow(time)
        let nanoseconds = age.overflow ? .max : age.partialValue
        count(label, age: nanoseconds)
        guard nanoseconds >= period.maturity else {
            counts.immature += 1
            return
        }
        let isAssumed = label == .unknown && nanoseconds >= period.assumeLegitimateAfter ?? .max
        guard label != .unknown || isAssumed else {
            counts.withoutLabel += 1
            return
        }
        if let known, known.isKnown(table.entities[row], day: EvaluationTable.day(of: time)) {
            counts.ofKnownEntities += 1
            return
        }
        if isAssumed { counts.assumedLegitimate += 1 }
        rows.append(Int32(row))
        isFraud.append(label == .fraud)
    }

    private mutating func count(_ label: KnownLabel, age: Int64) {
        let days = age / EvaluationTable.dayNanoseconds
        let place = ages.lastIndex { days >= $0.fromDays } ?? 0
        ages[place].payments += 1
        switch label {
        case .fraud: ages[place].frauds += 1
        case .legitimate: ages[place].legitimate += 1
        case .unknown: break
        }
    }

    private static func latestTime(_ table: EvaluationTable) -> Int64 {
        max(table.eventTimes.max() ?? 0, table.labelledAt.max() ?? .min)
    }
}

extension EvaluationTable {
    /// The label as it was known at an instant.
    func label(_ row: Int, asOf: Int64) -> KnownLabel { labelledAt[row] <= asOf ? labels[row] : .unknown }
}

/// When frauds of an entity became known.
///
///   by the time when known: [ known 1, latest event of 1 | known 2, latest event of 1 and 2 | … ]
///
/// Among those known before a time, one happened since another time if the latest of them did.
private struct KnownFrauds {
    private var frauds: [Int32: [(knownAt: Int64, latestEvent: Int64)]] = [:]
    private let firstDay: Int64
    private let lookback: Int64

    init(_ table: EvaluationTable, asOf: Int64, firstDay: Int64, lookback: Int64) {
        self.firstDay = firstDay
        self.lookback = lookback
        let nobody = table.entityNames.known("")
        for row in 0..<table.count
        where table.label(row, asOf: asOf) == .fraud && table.entities[row] != nobody {
            let knownAt = max(table.eventTimes[row], table.labelledAt[row])
            frauds[table.entities[row], default: []].append((knownAt, table.eventTimes[row]))
        }
        frauds = frauds.mapValues { frauds in
            var latest = Int64.min
            return frauds.sorted { $0.knownAt < $1.knownAt }.map { fraud in
                latest = max(latest, fraud.latestEvent)
                return (fraud.knownAt, latest)
            }
        }
    }

    /// Whether a fraud of the entity was known when the day began.
    ///
    /// - Complexity: O(log frauds of the entity).
    func isKnown(_ entity: Int32, day: Int64) -> Bool {
        guard let frauds = frauds[entity] else { return false }
        let week = firstDay + (day - firstDay) / EvaluationSelection.weekDays * EvaluationSelection.weekDays
        let (start, isBeforeTime) = (week * EvaluationTable.dayNanoseconds).subtractingReportingOverflow(lookback)
        let from = isBeforeTime ? .min : start
        let dayStart = day * EvaluationTable.dayNanoseconds
        var (low, high) = (0, frauds.count)
        while low < high {
            let middle = (low + high) / 2
            if frauds[middle].knownAt < dayStart { low = middle + 1 } else { high = middle }
        }
        return low > 0 && frauds[low - 1].latestEvent >= from
    }
}
