// The ladders of one kind's entities, by number: an entity that has one holds its number, plus one, in its record.

struct Ladders: Sendable {
    /// Past it an entity with too many events gets no buckets: reads that reach beyond them say that they are partial.
    static let maximumCount = 65_535

    let layout: BucketLayout
    private let limits: AggregateLimits
    private let longestWindow: Int64
    private(set) var ladders: [Ladder] = []
    private var free: [Int] = []
    private(set) var bytes = 0

    /// How many entities have one.
    var count: Int { ladders.count - free.count }

    /// The event that is to be folded, in the words of an event.
    var event: [UInt64]

    init(layout: Layout, limits: AggregateLimits) {
        self.layout = layout.buckets
        self.limits = limits
        longestWindow = layout.longestWindow
        event = Array(repeating: 0, count: layout.eventPacked)
    }

    subscript(number: Int) -> Ladder { ladders[number - 1] }

    /// The number of a new ladder; 0 if there are too many.
    mutating func make(lost: Int64) -> Int {
        if free.isEmpty {
            if ladders.count == Self.maximumCount { return 0 }
            ladders.append(Ladder(layout: layout))
            free.append(ladders.count)
        }
        let number = free.removeLast()
        ladders[number - 1].lost = lost
        return number
    }

    /// A new ladder, as it was written; its number, 0 if there are too many.
    mutating func restore(_ ladder: Ladder) -> Int {
        let number = make(lost: ladder.lost)
        if number > 0 {
            ladders[number - 1] = ladder
            bytes += ladder.bytes
        }
        return number
    }

    mutating func release(_ number: Int) {
        bytes -= ladders[number - 1].bytes
        ladders[number - 1] = Ladder(layout: layout)
        free.append(number)
    }

    /// The latest time that no read can reach any more, late ones apart.
    func horizon(present: Int64) -> Int64 { present - limits.allowedLatenessMicroseconds - longestWindow }

    /// Whether reads can reach an event of that time.
    func isReachable(_ time: Int64, present: Int64) -> Bool {
        longestWindow > 0 && time > horizon(present: present)
    }

    /// Folds the event whose words were put into `event`.
    ///
    /// - Parameters:
    ///   - state: Of what is known of it; `matured` is the one that it will be in when it has matured.
    ///   - lastValues: A bit for each sample: whether no other of the entity's events has its value of the column.
    mutating func fold(
        into number: Int, present: Int64, state: Int, matured: Int, lastValues: UInt64, _ events: Layout
    ) {
        let horizon = horizon(present: present)
        var event: [UInt64] = []
        swap(&event, &self.event)
        defer { swap(&event, &self.event) }
        let before = ladders[number - 1].bytes
        ladders[number - 1].fold(
            event.span, at: present, state: state, matured: matured, events,
            bucketEvents: Ladder.bucketEvents(eventsPerEntity: limits.eventsPerEntity))
        ladders[number - 1].merge(levels: limits.bucketLevels, layout: layout)
        ladders[number - 1].forget(upTo: horizon, rowWords: layout.rowWords)
        for sample in layout.sampledColumns.indices where lastValues >> UInt64(sample) & 1 == 1 {
            let value = event[events.eventValues + layout.sampledColumns[sample]]
            ladders[number - 1].samples[sample].insert(
                ValueSample.hash(value), at: Int64(bitPattern: event[Layout.time]), limit: limits.sampledValues,
                horizon: horizon)
        }
        bytes += ladders[number - 1].bytes - before
    }

    /// An event of that time is gone, and in no bucket.
    mutating func lose(_ time: Int64, _ number: Int) {
        ladders[number - 1].lost = max(ladders[number - 1].lost, time)
    }

    /// Forgets what no read can reach any more.
    ///
    /// - Returns: Whether something is left.
    mutating func forget(upTo horizon: Int64, _ number: Int) -> Bool {
        let before = ladders[number - 1].bytes
        ladders[number - 1].forget(upTo: horizon, rowWords: layout.rowWords)
        bytes += ladders[number - 1].bytes - before
        return !ladders[number - 1].rows.isEmpty
    }

    /// A value stands among the entity's events again.
    mutating func remove(_ value: UInt64, sample: Int, _ number: Int) {
        let before = ladders[number - 1].bytes
        ladders[number - 1].samples[sample].remove(ValueSample.hash(value))
        bytes += ladders[number - 1].bytes - before
    }
}

extension Ladder {
    /// Adds an event to the bucket of its time.
    fileprivate mutating func fold(
        _ event: Span<UInt64>, at present: Int64, state: Int, matured: Int, _ layout: Layout, bucketEvents: Int
    ) {
        let time = Int64(bitPattern: event[Layout.time])
        let row = makeRow(for: time, events: bucketEvents, rowWords: layout.buckets.rowWords)
        foldedAt = max(foldedAt, present)
        let groups = layout.buckets.groups
        for number in groups.indices {
            let group = groups[number]
            let value = group.measure < 0 ? 0 : Int64(bitPattern: event[layout.eventMeasures + group.measure])
            if group.measure >= 0, value == Aggregates.missingMeasure { continue }
            let mask = group.condition < 0 ? .max : event[layout.eventConditions + group.condition]
            if mask >> UInt64(state) & 1 == 1 { enter(value, at: time, row + group.word, group) }
            if group.matures, mask >> UInt64(matured) & 1 == 1 {
                enter(value, at: time, row + group.word + group.sideWords, group)
            }
        }
    }
}
