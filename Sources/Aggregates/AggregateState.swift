// The histories as words, to be written to a snapshot and read back. What is written is what is known, not how it
// lies in memory: an entity's events and what was told of them. All that is derived of them is worked out again.
//
//   format | digest of the plan | for each kind:
//     entities | evicted | dropped | late | too late | missed revisions | each entity, least recently added to first:
//       key | first | last dropped | present | events | revisions | decayed values | the events | the revisions
//       event      time | if labelled: ticket, revisions | measures | conditions | columns
//       revision   time | value, and 8 if it is an outcome; in the order of the events
//     then the ladders (LadderState.swift)

/// Why words are no state of the histories that they were to be.
public enum AggregateStateError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownFormat(UInt64)
    /// Written for histories of another plan.
    case anotherPlan
    /// A value that cannot be, by what it stands for, of an entity by its place among the kind's.
    case invalid(String, kind: String, entity: Int)

    public var description: String {
        switch self {
        case .unknownFormat(let format): "a state of format \(format), not \(Aggregates.stateFormat)"
        case .anotherPlan: "a state of histories that were planned otherwise"
        case .invalid(let what, let kind, let entity): "\(kind) \(entity): \(what) that cannot be"
        }
    }
}

extension Aggregates {
    /// The first word of a written state.
    public static var stateFormat: UInt64 { 2 }

    /// At most so many words are written at once.
    public static var statePieceWords: Int { 8_192 }

    private static func digest(of plan: HistoryPlan) -> UInt64 { stableHash("\(plan)") }

    /// Writes the state in pieces of at most `statePieceWords`.
    ///
    /// - Complexity: O(entities + events). Holds one entity's words beside the state.
    public func write<Failure: Error>(_ body: (Span<UInt64>) throws(Failure) -> Void) throws(Failure) {
        var words = [Self.stateFormat, Self.digest(of: plan)]
        for table in tables {
            table.writeCounts(to: &words)
            var entity = table.recency.oldest
            while entity >= 0 {
                table.write(entity, to: &words)
                try Self.writePieces(of: &words, isLast: false, body)
                entity = table.recency.newer(than: entity)
            }
            table.writeLadderCount(to: &words)
            entity = table.ladders.count == 0 ? -1 : table.recency.oldest
            while entity >= 0 {
                table.writeLadder(entity, to: &words)
                try Self.writePieces(of: &words, isLast: false, body)
                entity = table.recency.newer(than: entity)
            }
        }
        try Self.writePieces(of: &words, isLast: true, body)
    }

    private static func writePieces<Failure: Error>(
        of words: inout [UInt64], isLast: Bool, _ body: (Span<UInt64>) throws(Failure) -> Void
    ) throws(Failure) {
        var written = 0
        while words.count - written >= (isLast ? 1 : statePieceWords) {
            let end = min(words.count, written + statePieceWords)
            let span = words.span
            try body(span.extracting(written..<end))
            written = end
        }
        words.removeFirst(written)
    }

    /// Reads a state back.
    ///
    /// - Parameters:
    ///   - plan: Equal to that of the histories which were written.
    ///   - limits: May be others; a state that is beyond them is refused.
    ///   - fill: Fills the whole span with the next words.
    /// - Throws: `AggregateStateError`, or what `fill` throws.
    /// - Complexity: O(entities + events). What can be told of words that are no state is told; a count is believed
    ///   only within the limits.
    public init(
        plan: HistoryPlan, limits: AggregateLimits = AggregateLimits(),
        reading fill: (inout MutableSpan<UInt64>) throws -> Void
    ) throws {
        self.init(plan: plan, limits: limits)
        var head: [UInt64] = [0, 0]
        var span = head.mutableSpan
        try fill(&span)
        guard head[0] == Self.stateFormat else { throw AggregateStateError.unknownFormat(head[0]) }
        guard head[1] == Self.digest(of: plan) else { throw AggregateStateError.anotherPlan }
        for kind in tables.indices {
            var reader = TableReader(layout: tables[kind].layout, name: plan.entities[kind].name)
            try reader.read(into: &tables[kind], fill)
            var ladders = LadderReader(layout: reader.layout, limits: limits, name: reader.name)
            try ladders.read(into: &tables[kind], fill)
        }
    }
}

extension EntityTable {
    fileprivate func writeCounts(to words: inout [UInt64]) {
        let numbers = [
            records.count, counts.evictedEntities, counts.droppedEvents, counts.lateEvents,
            counts.lateEventsBeyondLateness, counts.missedRevisions,
        ]
        for number in numbers { words.append(UInt64(number)) }
    }

    fileprivate func write(_ entity: Int, to words: inout [UInt64]) {
        let bounds = Bounds(packed: records[entity, Layout.bounds])
        let chunk = EventArena.Reference(packed: records[entity, Layout.chunk])
        for word in [Layout.key, Layout.first, Layout.lastDropped, Layout.present] {
            words.append(records[entity, word])
        }
        words.append(UInt64(bounds.count))
        let revisionCount = words.count
        words.append(0)
        for word in 0..<4 * layout.decayed.count { words.append(records[entity, layout.recordDecayed + word]) }
        var told: [UInt64] = []
        for slot in bounds.head..<bounds.end {
            let base = chunk.offset + 1 + slot * layout.eventWords
            for word in base..<base + layout.eventPacked { words.append(arena.pages[chunk.page][word]) }
            guard layout.isLabelled else { continue }
            let before = told.count
            revisions.forEach(UInt32(truncatingIfNeeded: arena.pages[chunk.page][base + Layout.knowledge] >> 32)) {
                knowledge, knownAt in
                told.append(UInt64(bitPattern: knownAt))
                switch knowledge {
                case .label(let label): told.append(UInt64(label.rawValue))
                case .outcome(let outcome): told.append(8 | UInt64(outcome.rawValue))
                }
            }
            words[words.count - layout.eventPacked + Layout.knowledge] = UInt64((told.count - before) / 2)
        }
        words[revisionCount] = UInt64(told.count / 2)
        words += told
    }
}
