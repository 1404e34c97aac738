// Reads one kind's entities back from words, and believes none of them before it was looked at.

struct TableReader {
    let layout: Layout
    let name: String
    private var words: [UInt64] = []
    private var events: [UInt64] = []
    private var told: [UInt64] = []
    private var entity = 0

    init(layout: Layout, name: String) {
        self.layout = layout
        self.name = name
    }

    private func check(_ isValid: Bool, _ what: String) throws(AggregateStateError) {
        if !isValid { throw .invalid(what, kind: name, entity: entity) }
    }

    private static func next(
        _ count: Int, _ words: inout [UInt64], _ fill: (inout MutableSpan<UInt64>) throws -> Void
    ) throws {
        if words.count > count {
            words.removeLast(words.count - count)
        } else {
            for _ in words.count..<count { words.append(0) }
        }
        if count == 0 { return }
        var span = words.mutableSpan
        try fill(&span)
    }

    mutating func read(into table: inout EntityTable, _ fill: (inout MutableSpan<UInt64>) throws -> Void) throws {
        try Self.next(6, &words, fill)
        try check(words.allSatisfy { $0 < 1 << 62 }, "a count")
        let entities = words[0]
        try check(entities <= table.limits.entities, "more entities than the limit")
        table.counts.evictedEntities = Int(words[1])
        table.counts.droppedEvents = Int(words[2])
        table.counts.lateEvents = Int(words[3])
        table.counts.lateEventsBeyondLateness = Int(words[4])
        table.counts.missedRevisions = Int(words[5])
        while entity < Int(entities) {
            try readEntity(into: &table, fill)
            entity += 1
        }
    }

    private mutating func readEntity(
        into table: inout EntityTable, _ fill: (inout MutableSpan<UInt64>) throws -> Void
    ) throws {
        try Self.next(6 + 4 * layout.decayed.count, &words, fill)
        let count = words[4]
        try check(count > 0 && count <= table.limits.eventsPerEntity, "a number of events")
        let revisions = words[5]
        try check(revisions <= count * 2 * UInt64(Aggregates.maximumRevisions), "a number of revisions")
        try Self.next(Int(count) * layout.eventPacked, &events, fill)
        try Self.next(2 * Int(revisions), &told, fill)
        try check(!table.hasEntity(words[0]), "a second entity of a key")
        try checkTimes(count: Int(count))
        try checkConditions(count: Int(count))
        try checkRevisions(count: Int(count))
        table.restore(words.span, events: events.span, told: told.span)
    }

    private func isTime(_ time: Int64) -> Bool { Aggregates.clamped(time) == time }

    private func checkTimes(count: Int) throws(AggregateStateError) {
        let first = Int64(bitPattern: words[1])
        let lastDropped = Int64(bitPattern: words[2])
        let present = Int64(bitPattern: words[3])
        var newest = -Aggregates.maximumTimeMicroseconds
        let oldest = Int64(bitPattern: events[0])
        for event in 0..<count {
            let time = Int64(bitPattern: events[event * layout.eventPacked])
            try check(time >= newest && isTime(time), "a time of an event")
            newest = time
        }
        try check(isTime(first) && first <= oldest, "a first time")
        try check(isTime(present) && present >= newest, "a present")
        try check(lastDropped == .min || isTime(lastDropped) && lastDropped <= present, "a time of what was dropped")
        for number in 0..<2 * layout.decayed.count {
            let value = Double(bitPattern: words[6 + 2 * number])
            let time = Int64(bitPattern: words[7 + 2 * number])
            let latest = number % 2 == 0 ? max(newest, lastDropped) : lastDropped
            try check(!value.isNaN && (time == .min || isTime(time) && time <= latest), "a decayed value")
        }
    }

    private func checkConditions(count: Int) throws(AggregateStateError) {
        for event in 0..<count {
            for number in layout.conditions.indices {
                let word = events[event * layout.eventPacked + layout.eventConditions + number]
                try check(
                    ConditionMask(word: word).word == word && word & (word >> 18 ^ 0x3FFFF) & 0x3FFFF == 0,
                    "a condition")
            }
        }
    }

    private func checkRevisions(count: Int) throws(AggregateStateError) {
        guard layout.isLabelled else { return try check(told.isEmpty, "a revision") }
        var next = 0
        for event in 0..<count {
            let revisions = events[event * layout.eventPacked + Layout.knowledge]
            try check(revisions <= UInt64(told.count / 2 - next), "a number of revisions")
            var outcomes = 0
            var latest = Int64.min
            for revision in next..<next + Int(revisions) {
                let knownAt = Int64(bitPattern: told[2 * revision])
                try check(isTime(knownAt) && knownAt >= latest, "a time of a revision")
                latest = knownAt
                let value = told[2 * revision + 1]
                try check(value < 3 || (8..<14).contains(value), "a revision")
                outcomes += value < 8 ? 0 : 1
            }
            let most = max(outcomes, Int(revisions) - outcomes)
            try check(most <= Aggregates.maximumRevisions, "a number of revisions")
            next += Int(revisions)
        }
        try check(next == told.count / 2, "a number of revisions")
    }
}

extension EntityTable {
    /// Makes an entity of words that were looked at: its head, its events, and what was told of them.
    fileprivate mutating func restore(_ head: Span<UInt64>, events: Span<UInt64>, told: Span<UInt64>) {
        let count = Int(head[4])
        let entity = make(head[0], capacity: arena.capacity(for: count))
        let reference = EventArena.Reference(packed: records[entity, Layout.chunk])
        let page = records.page(of: entity)
        let base = records.offset(of: entity)
        var view = EntityView(
            record: records.pages[page].mutableSpan, recordBase: base,
            page: arena.pages[reference.page].mutableSpan, layout: layout)
        view.rebuildIndexes()
        view.first = Int64(bitPattern: head[1])
        view.lastDropped = Int64(bitPattern: head[2])
        view.present = Int64(bitPattern: head[3])
        for word in 0..<4 * layout.decayed.count { view.record[base + layout.recordDecayed + word] = head[6 + word] }
        var next = 0
        for event in 0..<count {
            view.restore(events.extracting(event * layout.eventPacked..<(event + 1) * layout.eventPacked))
            guard layout.isLabelled else { continue }
            var first: UInt32 = 0
            for _ in 0..<Int(events[event * layout.eventPacked + Layout.knowledge]) {
                let value = UInt8(told[2 * next + 1])
                let knowledge: Aggregates.Knowledge =
                    value < 8
                    ? .label(LabelState(rawValue: value) ?? .unknown)
                    : .outcome(OutcomeState(rawValue: value - 8) ?? .none)
                first = revisions.insert(first, knowledge, knownAt: Int64(bitPattern: told[2 * next]))
                next += 1
            }
            view.restoreKnowledge(view.end - 1, first: first)
        }
        if layout.isLabelled { view.recountKnowledge(revisions) }
        view.recountWindows(revisions)
        view.storeBounds()
        counts.events += count
    }
}
